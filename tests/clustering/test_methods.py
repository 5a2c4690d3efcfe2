"""Other methods, on the same graph."""

import numpy as np
import pytest
from sklearn.cluster import DBSCAN
from sklearn.metrics import adjusted_rand_score
from test_optics import clumps

from vsig_core.clustering import (
    Clustered,
    NeighbourGraph,
    Validation,
    cluster_pictures,
    clusters_table,
    find_clusters,
    order_points,
    radius_graph,
)
from vsig_core.errors import SettingsError
from vsig_core.settings import ClusteringSettings, load_settings

METHODS = ("optics", "dbscan", "hdbscan", "kmeans", "mix")


def labels(rows: np.ndarray, method: str, max_eps: float = 0.1, **more) -> np.ndarray:
    graph = NeighbourGraph.build(rows, 10)
    settings = ClusteringSettings(method=method, **more)  # type: ignore[arg-type]
    return find_clusters(Clustered(graph, order_points(graph, 2, max_eps)), settings)


def test_dbscan_is_that_of_scikit_learn():
    rows = clumps(200, 16, 1)
    theirs = DBSCAN(eps=0.1, min_samples=2, metric="cosine").fit_predict(rows)
    ours = labels(rows, "dbscan")
    assert adjusted_rand_score(ours, theirs) == 1
    np.testing.assert_array_equal(ours < 0, theirs < 0)


@pytest.mark.parametrize("method", METHODS)
def test_groups_far_apart_are_found_by_every_method(method):
    rng = np.random.default_rng(0)
    rows = np.repeat(np.eye(5, 12), 20, axis=0) + 0.01 * rng.normal(size=(100, 12))
    found = labels(rows, method, n_clusters=5)
    assert adjusted_rand_score(found, np.repeat(np.arange(5), 20)) == 1


def test_dbscan_answers_where_the_radius_graph_does_not_fit(monkeypatch):
    rows = clumps(200, 16, 1)
    wanted = labels(rows, "dbscan")
    monkeypatch.setattr(radius_graph, "MAX_PAIRS", 5)
    assert adjusted_rand_score(labels(rows, "dbscan"), wanted) == 1
    assert set(np.flatnonzero(labels(rows, "mix", n_clusters=7) < 0)) == set(
        np.flatnonzero(wanted < 0)
    )


def test_a_radius_set_by_hand_or_not_used_is_not_called_uncalibrated():
    graph, uids = NeighbourGraph.build(clumps(60, 8, 1), 10), [f"p{n:02}" for n in range(60)]
    for settings in (ClusteringSettings(max_eps=0.1), ClusteringSettings(method="kmeans")):
        found = cluster_pictures(graph, uids, Validation({}), settings)
        assert found.calibration.calibrated is None
        table = clusters_table(found, dict.fromkeys(uids), "m-1", None)
        assert table["calibrated"].null_count == 60


def test_k_means_leaves_nobody_out_and_mix_only_what_dbscan_does():
    rows = clumps(200, 16, 1)
    assert (labels(rows, "kmeans") >= 0).all()
    noise = labels(rows, "dbscan") < 0
    assert noise.any()
    np.testing.assert_array_equal(labels(rows, "mix", n_clusters=7) < 0, noise)
    assert len(set(labels(rows, "mix", n_clusters=7)) - {-1}) == 7


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_few_rows_are_no_failure(method, n):
    assert labels(np.eye(4)[:n], method).shape == (n,)


@pytest.mark.parametrize("method", METHODS)
def test_copies_of_one_row_are_no_failure(method):
    assert labels(np.ones((30, 4), np.float32), method, n_clusters=5).shape == (30,)


@pytest.mark.parametrize("method", METHODS)
def test_the_same_corpus_has_the_same_clusters_twice(method):
    rows = clumps(150, 16, 4)
    uids = [f"p{row:03}" for row in range(150)]
    settings = ClusteringSettings(method=method)  # type: ignore[arg-type]
    found = [
        cluster_pictures(NeighbourGraph.build(rows, 10), uids, Validation({}), settings)
        for _ in range(2)
    ]
    assert found[0].labels == found[1].labels
    assert found[0].method == method


def test_a_core_larger_than_the_lists_is_refused(tmp_path):
    (tmp_path / "vsig.toml").write_text("[clustering]\nmin_samples = 7\n[neighbours]\nk = 5\n")
    with pytest.raises(SettingsError, match=r"raise neighbours\.k"):
        load_settings(tmp_path, {})


@pytest.mark.parametrize(
    "line",
    ["max_eps = 0", "max_eps = 2.1", "min_samples = 1", "n_clusters = 0", 'method = "spectral"'],
)
def test_settings_out_of_range_are_refused(tmp_path, line):
    (tmp_path / "vsig.toml").write_text(f"[clustering]\n{line}\n")
    with pytest.raises(SettingsError, match=line.split()[0]):
        load_settings(tmp_path, {})
