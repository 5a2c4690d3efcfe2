import numpy as np
import pyarrow as pa
import pytest
from sklearn.datasets import make_blobs

from vsig_core.clustering import NeighbourGraph
from vsig_core.errors import InputError
from vsig_core.layout import Points, lay_out, layout_quality
from vsig_core.layout.placing import place_new
from vsig_core.settings import LayoutSettings
from vsig_core.store.schema import schema

UMAP = LayoutSettings(n_neighbors=8)
PCA = LayoutSettings(method="pca")
TSNE = LayoutSettings(method="tsne")

TRUSTWORTHY = 0.85  # blobs in 20 dimensions, measured 0.93
LARGEST_DISPLACEMENT = 0.02


def points(rows: np.ndarray, names: list[str] | None = None) -> Points:
    unit = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    uids = names or [f"u{i:03}" for i in range(len(rows))]
    return Points(uids, unit, *NeighbourGraph.build(unit, 15).knn)


@pytest.fixture(scope="module")
def blobs() -> np.ndarray:
    return make_blobs(200, n_features=20, centers=10, random_state=0, return_centers=False)[0]  # type: ignore[index]


@pytest.fixture(scope="module")
def first_map(blobs) -> pa.Table:
    return lay_out(points(blobs[:190]), None, UMAP)


def test_a_fresh_map_can_be_trusted(blobs, first_map):
    quality = layout_quality(points(blobs[:190]), first_map)
    assert quality.trustworthiness > TRUSTWORTHY
    assert quality.neighbourhood_kept > 0.4
    assert np.isnan(quality.displacement)
    assert first_map.schema == schema("layout")


def test_the_same_seed_draws_the_same_map(blobs, first_map):
    assert lay_out(points(blobs[:190]), None, UMAP).equals(first_map)
    other = UMAP.model_copy(update={"seed": 8})
    assert not lay_out(points(blobs[:190]), None, other).equals(first_map)


def test_adding_5_percent_moves_the_old_pictures_by_less_than_2_percent(blobs, first_map):
    everything = points(blobs)
    second = lay_out(everything, first_map, UMAP)
    quality = layout_quality(everything, second, first_map)
    assert quality.n_common == 190
    assert quality.displacement < LARGEST_DISPLACEMENT
    fresh = layout_quality(everything, lay_out(everything, None, UMAP))
    assert quality.trustworthiness > fresh.trustworthiness - 0.01


def test_new_pictures_start_at_the_mean_of_their_placed_neighbours():
    old = np.array([[0.0, 0.0], [2.0, 4.0], [np.nan, np.nan], [np.nan, np.nan], [np.nan, np.nan]])
    indices = np.array([[1, 2], [0, 2], [0, 1], [2, 4], [4, 4]])
    start = place_new(old, indices, seed=0)
    np.testing.assert_allclose(start[2], [1, 2], atol=0.05)
    np.testing.assert_allclose(start[3], [1, 2], atol=0.05)  # through the one that was new too
    np.testing.assert_allclose(start[4], [1, 2], atol=0.05)  # nobody leads to it: the middle
    np.testing.assert_array_equal(start[:2], old[:2])
    assert not np.array_equal(start[2], start[3])


def test_a_map_that_lacks_most_pictures_is_drawn_fresh_and_turned_onto_the_old_one(blobs):
    few = lay_out(points(blobs[:50]), None, UMAP)
    after = lay_out(points(blobs), few, UMAP)
    turned = pa.table({"uid": few["uid"], "x": few["y"], "y": few["x"]})
    mirrored = lay_out(points(blobs), turned, UMAP)
    assert layout_quality(points(blobs), mirrored, turned).displacement < 0.5
    np.testing.assert_allclose(mirrored["x"].to_numpy(), after["y"].to_numpy(), atol=1e-6)


@pytest.mark.parametrize("settings", [UMAP, PCA, TSNE])
@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 6])
def test_tiny_corpora_have_a_map(n, settings):
    table = lay_out(points(np.eye(7)[:n] + 0.1), None, settings)
    assert table.num_rows == n
    assert np.isfinite(table["x"].to_numpy()).all()
    layout_quality(points(np.eye(7)[:n] + 0.1), table, table)


@pytest.mark.parametrize("settings", [UMAP, PCA, TSNE])
def test_copies_have_a_map(settings):
    table = lay_out(points(np.ones((12, 5))), None, settings)
    assert np.isfinite(table["x"].to_numpy()).all()


def test_principal_components_lie_on_the_old_map_after_an_addition(blobs):
    before = lay_out(points(blobs[:190]), None, PCA)
    after = lay_out(points(blobs), before, PCA)
    assert layout_quality(points(blobs), after, before).displacement < LARGEST_DISPLACEMENT


@pytest.mark.parametrize("settings", [UMAP, TSNE])
def test_a_map_that_lies_in_one_point_is_not_continued(blobs, settings):
    uids = points(blobs).uids
    collapsed = pa.table({"uid": uids, "x": np.ones(200), "y": np.ones(200)})
    after = lay_out(points(blobs), collapsed, settings)
    assert np.ptp(after["x"].to_numpy()) > 1 and np.ptp(after["y"].to_numpy()) > 1


@pytest.mark.slow
def test_t_sne_can_be_trusted_and_lies_on_the_map_before(blobs):
    before = lay_out(points(blobs[:190]), None, TSNE)
    assert layout_quality(points(blobs[:190]), before).trustworthiness > TRUSTWORTHY
    after = layout_quality(points(blobs), lay_out(points(blobs), before, TSNE), before)
    fresh = layout_quality(points(blobs), lay_out(points(blobs), None, TSNE), before)
    assert after.displacement < 0.3 and after.displacement < fresh.displacement


def test_a_row_without_its_neighbours_is_refused():
    good = points(np.eye(6))
    with pytest.raises(InputError, match="5 pictures came with 6 vectors"):
        Points(good.uids[:5], good.vectors, good.indices, good.distances)
