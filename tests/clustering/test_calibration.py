import numpy as np
import pytest

from vsig_core.clustering import (
    NeighbourGraph,
    Validation,
    calibrate,
    extract,
    optics,
    order_points,
)
from vsig_core.clustering.calibration import size_limit
from vsig_core.settings import ClusteringSettings


def corpus(motifs: int, loners: int, seed: int = 0, spread: float = 0.08, d: int = 32):
    """Tight triples, and pictures that belong to nothing."""
    rng = np.random.default_rng(seed)
    centres = np.repeat(rng.normal(size=(motifs, d)), 3, axis=0)
    rows = np.concatenate(
        [centres + spread * rng.normal(size=centres.shape), rng.normal(size=(loners, d))]
    )
    uids = [f"m{i // 3:03}-{i % 3}" for i in range(3 * motifs)] + [
        f"z{i:03}" for i in range(loners)
    ]
    return rows.astype(np.float32), uids, {uid: uid[:4] for uid in uids[: 3 * motifs]}


def sizes_at(graph, radius):
    labels = optics(graph, max_eps=radius, extraction="dbscan").labels
    return np.bincount(labels + 1)[1:]


@pytest.mark.parametrize("extraction", ["dbscan", "xi"])
@pytest.mark.parametrize("min_samples", [2, 3])
def test_the_radius_is_the_largest_that_reaches_the_target(extraction, min_samples):
    rows, uids, parts = corpus(60, 200)
    settings = ClusteringSettings(extraction=extraction, min_samples=min_samples)
    graph = NeighbourGraph.build(rows, 10)
    found = calibrate(graph, uids, Validation(parts), settings)
    assert found.calibrated
    curve = found.curve.to_pylist()
    good = [p["radius"] for p in curve if p["precision"] is not None and p["precision"] >= 0.9]
    assert found.max_eps in good
    limit = size_limit(graph.size, Validation(parts), settings)
    assert found.max_eps == max(
        p["radius"] for p in curve if p["radius"] in good and p["largest"] <= limit
    )
    at = next(p for p in curve if p["radius"] == found.max_eps)
    assert at["recall"] > 0.9


def test_the_next_radius_at_which_anything_changes_is_worse():
    rows, uids, parts = corpus(40, 120, seed=3, spread=0.3)
    graph = NeighbourGraph.build(rows, 10)
    found = calibrate(graph, uids, Validation(parts), ClusteringSettings())
    ordering = order_points(NeighbourGraph.build(rows, 0, 2.0), 2, 2.0)
    levels = np.unique(ordering.reachability[np.isfinite(ordering.reachability)])
    beyond = levels[levels > found.max_eps][:5]
    for radius in beyond:
        labels = extract(ordering, eps=radius)
        of = dict(zip(uids, labels.tolist(), strict=True))
        from vsig_core.clustering import cluster_metrics

        judged = cluster_metrics(of, parts)
        limit = size_limit(len(uids), Validation(parts), ClusteringSettings())
        assert judged.pair_precision < 0.9 or judged.sizes[0] > limit


def test_without_links_no_cluster_exceeds_50_and_the_next_radius_would():
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(600, 4))
    graph = NeighbourGraph.build(rows, 10)
    found = calibrate(graph, [str(i) for i in range(600)], Validation({}), ClusteringSettings())
    assert not found.calibrated
    assert "Uncalibrated" in found.note
    assert sizes_at(graph, found.max_eps).max() <= 50
    ordering = order_points(NeighbourGraph.build(rows, 0, 2.0), 2, 2.0)
    levels = np.unique(ordering.reachability[np.isfinite(ordering.reachability)])
    assert sizes_at(graph, levels[levels > found.max_eps][0]).max() > 50


def test_seven_components_are_too_few_and_eight_are_enough():
    rows, uids, parts = corpus(30, 60)
    graph = NeighbourGraph.build(rows, 10)
    chosen = sorted(set(parts.values()))
    for count, calibrated in ((7, False), (8, True)):
        few = {uid: part for uid, part in parts.items() if part in chosen[:count]}
        assert (
            calibrate(graph, uids, Validation(few), ClusteringSettings()).calibrated is calibrated
        )


def test_a_few_judged_images_cannot_make_a_giant_cluster_look_precise():
    # All judged pictures lie far apart, and 400 unjudged ones in between make one cluster.
    rng = np.random.default_rng(4)
    rows = np.concatenate(
        [
            np.repeat(np.eye(16)[:8], 2, axis=0),
            np.abs(rng.normal(size=(400, 16))) * 0.1 + np.eye(16)[15],
        ]
    )
    uids = [f"a{i:02}" for i in range(16)] + [f"z{i:03}" for i in range(400)]
    parts = {f"a{i:02}": f"c{i // 2}" for i in range(16)}
    found = calibrate(NeighbourGraph.build(rows, 10), uids, Validation(parts), ClusteringSettings())
    assert sizes_at(NeighbourGraph.build(rows, 10), found.max_eps).max() <= 50


def test_negative_pairs_pull_the_radius_down():
    rows, uids, parts = corpus(12, 100, spread=0.05)
    loners = [uid for uid in uids if uid.startswith("z")]
    rows[-50:] = rows[-100:-50] + 0.2 * np.random.default_rng(2).normal(size=(50, 32))
    graph = NeighbourGraph.build(rows, 10)
    rejected = list(zip(loners[:50], loners[50:], strict=True))
    free = calibrate(graph, uids, Validation(parts), ClusteringSettings())
    held = calibrate(graph, uids, Validation(parts, rejected), ClusteringSettings())
    assert held.max_eps < free.max_eps
    assert held.calibrated


def test_a_target_out_of_reach_is_said_and_not_called_calibrated():
    rows, uids, parts = corpus(20, 30, spread=0.05)
    crossed = {uid: f"c{i % 20}" for i, uid in enumerate(parts)}
    found = calibrate(
        NeighbourGraph.build(rows, 10), uids, Validation(crossed), ClusteringSettings()
    )
    assert not found.calibrated
    assert "no radius reaches pair precision 0.9" in found.note


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5])
def test_tiny_corpora_get_some_radius(n):
    rows = np.eye(6)[:n] + 0.1
    found = calibrate(
        NeighbourGraph.build(rows, 10),
        [str(i) for i in range(n)],
        Validation({}),
        ClusteringSettings(),
    )
    assert 0 < found.max_eps <= 2
    assert not found.calibrated


def test_copies_only_get_some_radius():
    rows = np.ones((100, 4))
    found = calibrate(
        NeighbourGraph.build(rows, 10),
        [str(i) for i in range(100)],
        Validation({}),
        ClusteringSettings(),
    )
    assert 0 < found.max_eps <= 2


def test_clusters_larger_than_the_lists_of_neighbours_are_calibrated_too():
    rng = np.random.default_rng(0)
    rows = np.repeat(np.eye(12), 10, axis=0) + 0.02 * rng.normal(size=(120, 12))
    uids = [f"u{i:03}" for i in range(120)]
    parts = {uid: f"c{i // 10}" for i, uid in enumerate(uids)}
    found = calibrate(NeighbourGraph.build(rows, 3), uids, Validation(parts), ClusteringSettings())
    assert found.calibrated
    assert sizes_at(NeighbourGraph.build(rows, 3), found.max_eps).tolist() == [10] * 12
