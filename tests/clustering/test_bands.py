import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from vsig_core.clustering import Bands, NeighbourGraph, _blocks, bands

K = 5


@pytest.fixture(params=["whole rows", "stand-ins"])
def rows(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> NDArray[np.float32]:
    """Vectors in bunches, with copies among them: ties have to come out as in one process."""
    monkeypatch.setattr(bands, "BLOCK_SIZE", 32)
    monkeypatch.setattr(_blocks, "MANY", 0 if request.param == "stand-ins" else 10**12)
    rng = np.random.default_rng(3)
    made = rng.standard_normal((40, 96))[rng.integers(40, size=300)]
    made += 0.1 * rng.standard_normal(made.shape)
    made[200:260] = made[:60]
    return made.astype(np.float32)


def completed(vectors: NDArray[np.float32], lists: NDArray[np.int64], order: int) -> NeighbourGraph:
    """Every band by another process, as it were, and taken up in another order."""
    graph = Bands(vectors, lists, 70)
    open_bands = graph.open
    found = [Bands(vectors, lists, 70).compare(*band) for band in open_bands]
    for place in list(itertools.permutations(range(len(found))))[order]:
        graph.take(found[place])
    return graph.graph


def assert_equal(one: NeighbourGraph, other: NeighbourGraph) -> None:
    for mine, theirs in zip(one.knn, other.knn, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("order", [0, 50, 119])
def test_bands_give_the_graph_of_one_process_to_the_bit(rows: NDArray[np.float32], order: int):
    none = np.full((len(rows), K), -1)
    assert_equal(completed(rows, none, order), NeighbourGraph.build(rows, K))


def test_known_lists_are_taken_over_and_mended_by_what_is_new(rows: NDArray[np.float32]):
    old = np.setdiff1d(np.arange(len(rows)), np.arange(0, len(rows), 3))
    lists = np.full((len(rows), K), -1)
    lists[old] = old[NeighbourGraph.build(rows[old], K).knn[0]]
    assert_equal(completed(rows, lists, 1), NeighbourGraph.build(rows, K))


def test_bands_of_one_graph_can_be_compared_at_the_same_time(rows: NDArray[np.float32]):
    none = np.full((len(rows), K), -1)
    taken, shared = Bands(rows, none, 70), Bands(rows, none, 70)
    with ThreadPoolExecutor(4) as threads:
        for found in threads.map(lambda band: shared.compare(*band), taken.open):
            taken.take(found)
    assert_equal(taken.graph, NeighbourGraph.build(rows, K))


@pytest.mark.parametrize("n", [1, 2, K, K + 1])
def test_fewer_rows_than_a_list_has_room_for(n: int):
    rows = np.random.default_rng(1).standard_normal((n, 8)).astype(np.float32)
    assert_equal(completed(rows, np.full((n, K), -1), 0), NeighbourGraph.build(rows, K))
