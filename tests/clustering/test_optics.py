import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import OPTICS
from sklearn.metrics import adjusted_rand_score

from vsig_core.clustering import NeighbourGraph, optics, order_points, radius_graph
from vsig_core.errors import VectorsError

REACHABILITY_TOLERANCE = 1e-5


def clumps(n: int, d: int, seed: int, spread: float = 0.3) -> np.ndarray:
    """Unit rows around n ÷ 4 centres, in no order, without ties."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(max(1, n // 4), d))
    rows = centres[rng.integers(len(centres), size=n)] + spread * rng.normal(size=(n, d))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def sklearn_optics(rows, min_samples, max_eps, method):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return OPTICS(
            min_samples=min_samples,
            max_eps=max_eps,
            metric="cosine",
            algorithm="brute",
            cluster_method=method,
        ).fit(rows)


def same_up_to_numbering(a: np.ndarray, b: np.ndarray) -> bool:
    return adjusted_rand_score(a, b) == 1.0 and ((a < 0) == (b < 0)).all()


def slow_optics(rows: np.ndarray, min_samples: int, max_eps: float):
    """The walk from its definition, on the graph's exact distances; ties to the smaller row."""
    n = len(rows)
    graph = NeighbourGraph.build(rows, 0, 2.0).within(2.0)
    distance = np.zeros((n, n))
    for i in range(n):
        part = slice(graph.indptr[i], graph.indptr[i + 1])
        distance[i, graph.indices[part]] = graph.distances[part]
    core = np.sort(distance, axis=1)[:, min_samples - 1]
    core[core > max_eps] = np.inf
    reach, before, order = np.full(n, np.inf), np.full(n, -1), []
    waiting = list(range(n))
    while waiting:
        point = min(waiting, key=lambda i: (reach[i], i))
        waiting.remove(point)
        order.append(point)
        for other in waiting:
            reached = max(core[point], distance[point, other])
            if distance[point, other] <= max_eps and reached < reach[other]:
                reach[other], before[other] = reached, point
    return np.array(order), reach, core, before


@given(
    n=st.integers(10, 60),
    d=st.sampled_from([2, 5, 40]),
    seed=st.integers(0, 99),
    min_samples=st.sampled_from([2, 5, 10]),
    max_eps=st.sampled_from([0.02, 0.13, 0.5, 2.0]),
    method=st.sampled_from(["xi", "dbscan"]),
)
@settings(deadline=None, max_examples=40)
def test_clusters_are_those_of_scikit_learn(n, d, seed, min_samples, max_eps, method):
    rows = clumps(n, d, seed)
    ours = optics(rows, min_samples=min_samples, max_eps=max_eps, extraction=method)
    theirs = sklearn_optics(rows, min_samples, max_eps, method)
    np.testing.assert_allclose(ours.core_distances, theirs.core_distances_, atol=1e-12)
    if min_samples == 2:  # a larger one makes equal reachabilities of its own
        np.testing.assert_array_equal(ours.ordering, theirs.ordering_)
        np.testing.assert_array_equal(ours.predecessor, theirs.predecessor_)
        np.testing.assert_allclose(
            ours.reachability, theirs.reachability_, atol=REACHABILITY_TOLERANCE
        )
        assert same_up_to_numbering(ours.labels, theirs.labels_)


@pytest.mark.parametrize("min_samples", [2, 5, 10])
@pytest.mark.parametrize("method", ["xi", "dbscan"])
def test_labels_are_those_of_scikit_learn_at_the_width_of_embeddings(min_samples, method):
    rows = clumps(250, 1280, 5, spread=0.25).astype(np.float32)
    ours = optics(rows, min_samples=min_samples, max_eps=0.13, extraction=method)
    theirs = sklearn_optics(rows.astype(float), min_samples, 0.13, method)
    assert same_up_to_numbering(ours.labels, theirs.labels_)
    # From min_samples 3 on all rows nearer than the core distance tie at it; scikit-learn
    # has the row that defines it off by a last bit now and then, and goes another way there.
    agrees = np.isclose(
        ours.reachability, theirs.reachability_, rtol=0, atol=REACHABILITY_TOLERANCE
    )
    assert agrees.mean() >= (1 if min_samples == 2 else 0.97)


@given(
    n=st.integers(2, 30),
    kinds=st.integers(1, 6),
    seed=st.integers(0, 99),
    min_samples=st.sampled_from([2, 3, 5]),
    max_eps=st.sampled_from([0.05, 0.4, 2.0]),
)
@settings(deadline=None, max_examples=60)
def test_equal_distances_go_to_the_smaller_row(n, kinds, seed, min_samples, max_eps):
    rng = np.random.default_rng(seed)
    rows = rng.integers(1, 4, size=(kinds, 3))[rng.integers(kinds, size=n)].astype(float)
    if n < min_samples:
        return
    order, reach, core, before = slow_optics(rows, min_samples, max_eps)
    ours = optics(rows, min_samples=min_samples, max_eps=max_eps)
    np.testing.assert_array_equal(ours.ordering, order)
    np.testing.assert_array_equal(ours.reachability, reach)
    np.testing.assert_array_equal(ours.core_distances, core)
    np.testing.assert_array_equal(ours.predecessor, before)


def test_duplicated_rows_have_the_sorted_reachabilities_of_scikit_learn():
    rows = np.concatenate([clumps(60, 8, 2)] * 2)
    ours = optics(rows, max_eps=0.3, extraction="dbscan")
    theirs = sklearn_optics(rows, 2, 0.3, "dbscan")
    np.testing.assert_allclose(
        np.sort(ours.reachability), np.sort(theirs.reachability_), atol=REACHABILITY_TOLERANCE
    )
    assert adjusted_rand_score(ours.labels, theirs.labels_) == 1.0


def test_the_walk_without_a_graph_is_the_same_walk(monkeypatch):
    rows = clumps(80, 6, 3)
    with_graph = order_points(NeighbourGraph.build(rows, 0, 0.4), 3, 0.4)
    monkeypatch.setattr(radius_graph, "MAX_PAIRS", 5)
    crowded = optics(rows, min_samples=3, max_eps=0.4)
    for name in ("ordering", "reachability", "core_distances", "predecessor"):
        np.testing.assert_array_equal(getattr(crowded, name), getattr(with_graph, name))


def test_two_near_rows_are_a_cluster_and_the_far_one_is_noise():
    result = optics(np.array([[1.0, 0.0], [1.0, 0.01], [0.0, 1.0]]), extraction="dbscan")
    assert result.labels.tolist() == [0, 0, -1]
    assert result.ordering.tolist() == [0, 1, 2]
    assert result.predecessor.tolist() == [-1, 0, -1]


@pytest.mark.parametrize("extraction", ["xi", "dbscan"])
@pytest.mark.parametrize("n", [0, 1, 2, 3, 4])
def test_fewer_rows_than_min_samples_are_noise(n, extraction):
    result = optics(np.ones((n, 3)), min_samples=5, extraction=extraction)
    assert result.labels.tolist() == [-1] * n
    assert result.ordering.tolist() == list(range(n))


@pytest.mark.parametrize("extraction", ["xi", "dbscan"])
def test_identical_rows_are_one_cluster(extraction):
    result = optics(np.ones((50, 4), np.float32), extraction=extraction)
    assert set(result.labels) == {0}


@pytest.mark.parametrize("extraction", ["xi", "dbscan"])
def test_rows_far_apart_are_noise(extraction):
    assert set(optics(np.eye(6), extraction=extraction).labels) == {-1}


@pytest.mark.parametrize(
    ("given_parameters", "message"),
    [
        ({"max_eps": 0}, "cosine distance lies in"),
        ({"max_eps": 2.5}, "cosine distance lies in"),
        ({"min_samples": 1}, "at least 2 rows"),
        ({"xi": 0}, "steepness"),
        ({"extraction": "dbscan", "eps": 0.2}, "Raise max_eps"),
    ],
)
def test_parameters_out_of_range_are_refused(given_parameters, message):
    with pytest.raises(VectorsError, match=message):
        optics(np.eye(3), **given_parameters)


def test_a_zero_vector_is_refused_and_not_clustered():  # defect 7 of the original
    rows = np.eye(4)
    rows[3] = 0
    with pytest.raises(VectorsError, match="row 3"):
        optics(rows)


def test_labels_on_real_pictures_are_those_of_scikit_learn():
    folder = os.environ.get("VSIG_CORPORA")
    if folder is None:
        pytest.skip("VSIG_CORPORA is not set")
    from PIL import Image

    files = sorted((Path(folder) / "art").rglob("*.jpg"))[:300]
    rows = np.stack(
        [
            np.asarray(Image.open(f).convert("L").resize((16, 16)), float).ravel() - 127.3
            for f in files
        ]
    )
    ours = optics(rows, max_eps=0.13)
    theirs = sklearn_optics(rows, 2, 0.13, "xi")
    assert same_up_to_numbering(ours.labels, theirs.labels_)
