"""The table `neighbours` taken up again after pictures came, went or changed."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_graph import unit

from vsig_core.clustering import NeighbourGraph, Pictures, known_lists, lists_of, neighbours_table
from vsig_core.errors import VectorsError

K = 4


def pictures(uids: list[str], shown: dict[str, str] | None = None, model: str = "m-1") -> Pictures:
    return Pictures(uids, [(shown or {}).get(uid, f"sha of {uid}") for uid in uids], model)


def rows_of(uids: list[str], shown: dict[str, str] | None = None) -> np.ndarray:
    """Vectors that follow from what a picture shows; some are copies of one another."""
    shown = shown or {}
    seeds = [hash_of(shown.get(uid, uid)) for uid in uids]
    return np.stack([unit(1, 6, seed)[0] for seed in seeds])


def hash_of(text: str) -> int:
    return sum(map(ord, text)) % 23


def names(n: int) -> list[str]:
    return [f"p{number:03}" for number in range(n)]


@given(
    before=st.sets(st.integers(0, 59), min_size=8),
    after=st.sets(st.integers(0, 59), min_size=8),
    changed=st.sets(st.integers(0, 59), max_size=5),
)
def test_lists_taken_up_are_those_built_anew(before, after, changed):
    old = [f"p{number:03}" for number in sorted(before)]
    new = [f"p{number:03}" for number in sorted(after)]
    shown = {f"p{number:03}": f"other {number}" for number in changed}
    table = neighbours_table(NeighbourGraph.build(rows_of(old), K), pictures(old))
    lists = known_lists(table, pictures(new, shown), K)
    rows = rows_of(new, shown)
    again, anew = NeighbourGraph.from_neighbours(rows, lists), NeighbourGraph.build(rows, K)
    for ours, theirs in zip(again.knn, anew.knn, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_only_what_came_or_lost_a_neighbour_is_open():
    old = names(40)
    rows = unit(40, 6, 1)
    table = neighbours_table(NeighbourGraph.build(rows, K), pictures(old))
    assert (known_lists(table, pictures(old), K) >= 0).all()
    without = [uid for uid in old if uid != "p007"]
    open_rows = {
        uid
        for uid, lost in zip(
            without, (known_lists(table, pictures(without), K) < 0).any(axis=1), strict=True
        )
        if lost
    }
    losers = {row["uid"] for row in table.to_pylist() if "p007" in row["ids"]} - {"p007"}
    assert open_rows == losers


@pytest.mark.parametrize("other", [pictures(names(40), model="m-2"), pictures([])])
def test_lists_of_another_model_or_of_nothing_are_not_taken(other):
    table = neighbours_table(NeighbourGraph.build(unit(40, 6, 1), K), pictures(names(40)))
    assert (known_lists(table, other, K) < 0).all()


def test_an_empty_table_knows_nothing():
    table = neighbours_table(NeighbourGraph.build(np.ones((0, 3)), K), pictures([]))
    assert (known_lists(table, pictures(names(5)), K) == -1).all()
    assert lists_of(table, [])[0].shape == (0, 0)


def test_the_table_gives_back_the_arrays_it_was_made_of():
    graph = NeighbourGraph.build(unit(30, 5, 2), K)
    indices, distances = lists_of(neighbours_table(graph, pictures(names(30))), names(30))
    np.testing.assert_array_equal(indices, graph.knn[0])
    np.testing.assert_allclose(distances, graph.knn[1], atol=1e-6)


@pytest.mark.slow
def test_an_approximate_graph_says_how_much_it_found():
    rows = unit(1500, 12, 5)
    graph = NeighbourGraph.approximate(rows, K)
    exact = NeighbourGraph.build(rows, K)
    hits = [len(set(a) & set(b)) for a, b in zip(graph.knn[0], exact.knn[0], strict=True)]
    assert graph.recall == pytest.approx(np.mean(hits) / K, abs=0.05)
    assert graph.recall > 0.9
    table = neighbours_table(graph, pictures(names(1500)))
    assert set(table["recall"].to_pylist()) == {graph.recall}
    # Such lists are no ground to compute only what is new on.
    assert (known_lists(table, pictures(names(1500)), K) < 0).all()


def test_an_approximate_graph_knows_the_pairs_of_its_lists_alone():
    rows = unit(1200, 3, 5)
    lists = NeighbourGraph.approximate(rows, K)
    again = NeighbourGraph.from_neighbours(rows, lists.knn[0], recall=lists.recall)
    near = again.within(0.2)
    assert near.indices.size <= 2 * 1200 * K
    assert again.recall == lists.recall


def test_a_list_that_an_index_left_short_makes_no_row_its_own_neighbour():
    rows = unit(6, 3, 1)
    lists = np.array([[1, 2], [0, 2], [2, 2], [4, 5], [3, 5], [3, 4]])
    graph = NeighbourGraph.from_neighbours(rows, lists, recall=0.9)
    near = graph.within(2.0)
    own = np.repeat(np.arange(6), np.diff(near.indptr))
    assert not (own == near.indices).any()
    assert graph.knn[0][2].tolist() == [-1, -1]


def test_lists_of_other_pictures_are_refused():
    with pytest.raises(VectorsError, match="not of the same pictures"):
        NeighbourGraph.from_neighbours(unit(3, 3, 1), np.array([[1], [7], [0]]))


@pytest.mark.parametrize("n", [0, 1, 3])
def test_a_short_corpus_has_short_lists(n):
    graph = (
        NeighbourGraph.approximate(unit(n, 3, 1), K)
        if n
        else NeighbourGraph.build(np.ones((0, 3)), K)
    )
    assert graph.knn[0].shape == (n, max(0, min(K, n - 1)))
    assert isinstance(neighbours_table(graph, pictures(names(n))), pa.Table)
