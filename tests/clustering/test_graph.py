from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vsig_core.clustering import NeighbourGraph, radius_graph
from vsig_core.errors import InputError, VectorsError


def unit(n: int, d: int, seed: int, copies: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n, d))
    for _ in range(copies):
        rows[rng.integers(n)] = rows[rng.integers(n)]
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def slow_distance(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a.astype(float), b.astype(float)
    return max(0.0, round(1 - a @ b / np.sqrt((a @ a) * (b @ b)), 15))


def slow_distances(rows: np.ndarray) -> np.ndarray:
    """Every distance from the definition; twin of the blocked graph."""
    return np.array([[slow_distance(a, b) for b in rows] for a in rows]).reshape(2 * rows.shape[:1])


def dense(graph, radius: float) -> dict[tuple[int, int], float]:
    near = graph.within(radius)
    own = np.repeat(np.arange(near.size), np.diff(near.indptr))
    return dict(
        zip(zip(own.tolist(), near.indices.tolist(), strict=True), near.distances, strict=True)
    )


@given(
    n=st.integers(0, 40),
    d=st.integers(1, 20),
    k=st.integers(0, 8),
    radius=st.floats(0.01, 2),
    block=st.integers(1, 17),
    seed=st.integers(0, 9),
)
@settings(deadline=None, max_examples=60)
def test_the_blocked_graph_is_the_one_of_the_definition(n, d, k, radius, block, seed):
    rows = unit(n, d, seed)
    graph = NeighbourGraph.build(rows, k, radius, block_size=block)
    wanted = slow_distances(rows)
    pairs = dense(graph, radius)
    for i in range(n):
        for j in range(n):
            if i != j and wanted[i, j] < radius - 1e-12:
                assert pairs[i, j] == pytest.approx(wanted[i, j], abs=1e-12)
            if i == j or wanted[i, j] > radius + 1e-12:
                assert (i, j) not in pairs
    indices, distances = graph.knn
    assert indices.shape == distances.shape == (n, max(0, min(k, n - 1)))
    np.fill_diagonal(wanted, np.inf)
    expected = np.sort(wanted, axis=1)[:, : indices.shape[1]].reshape(indices.shape)
    np.testing.assert_allclose(distances, expected, atol=1e-12)


@given(
    cuts=st.lists(st.integers(0, 30), max_size=4),
    copies=st.integers(0, 10),
    block=st.integers(1, 12),
    seed=st.integers(0, 9),
)
@settings(deadline=None, max_examples=40)
def test_extending_in_any_split_gives_to_the_bit_what_building_gives(cuts, copies, block, seed):
    rows = unit(30, 7, seed, copies)
    whole = NeighbourGraph.build(rows, 4, 0.6)
    edges = [0, *sorted(cuts), 30]
    grown = NeighbourGraph.build(rows[:0], 4, 0.6, block_size=block)
    for low, high in pairwise(edges):
        assert grown.extend(rows[low:high]) is grown
    for ours, anew in zip(grown.knn, whole.knn, strict=True):
        np.testing.assert_array_equal(ours, anew)
    assert dense(grown, 0.6) == dense(whole, 0.6)


@given(seed=st.integers(0, 20))
@settings(deadline=None, max_examples=20)
def test_a_permuted_input_gives_the_same_graph_up_to_numbering(seed):
    rows = unit(25, 6, seed)
    order = np.random.default_rng(seed).permutation(25)
    straight = dense(NeighbourGraph.build(rows, 0, 0.7), 0.7)
    shuffled = dense(NeighbourGraph.build(rows[order], 0, 0.7, block_size=4), 0.7)
    assert {(order[i], order[j]): v for (i, j), v in shuffled.items()} == straight


@pytest.mark.parametrize("radius", [0.05, 0.3, 0.9, 2.0])
@pytest.mark.parametrize("k", [0, 3, 59])
def test_a_radius_asked_later_is_answered_as_if_it_had_been_built(radius, k):
    rows = unit(60, 5, 1, copies=12)
    later = NeighbourGraph.build(rows, k, block_size=16)
    assert dense(later, radius) == dense(NeighbourGraph.build(rows, 0, radius), radius)


def test_equal_distances_go_to_the_smaller_row():
    rows = np.repeat(np.eye(2, dtype=np.float32), 4, axis=0)
    indices, distances = NeighbourGraph.build(rows, 2, block_size=3).knn
    assert indices[:5].tolist() == [[1, 2], [0, 2], [0, 1], [0, 1], [5, 6]]
    assert not distances.any()


def test_a_copy_is_at_distance_zero_and_distances_are_symmetric_to_the_bit():
    rows = unit(50, 1280, 3, copies=20)
    pairs = dense(NeighbourGraph.build(rows, 0, 2.0), 2.0)
    assert all(pairs[j, i] == value for (i, j), value in pairs.items())
    copies = [(i, j) for i, j in pairs if (rows[i] == rows[j]).all()]
    assert copies
    assert not any(pairs[copy] for copy in copies)


def test_length_does_not_matter():
    rows = unit(40, 9, 4).astype(float)
    stretched = rows * np.linspace(0.01, 100, 40)[:, None]
    for wanted, got in zip(
        NeighbourGraph.build(rows, 5).knn, NeighbourGraph.build(stretched, 5).knn, strict=True
    ):
        np.testing.assert_allclose(got, wanted, atol=1e-12)


def test_lists_from_the_store_answer_like_the_graph_they_came_from():
    rows = unit(60, 5, 6)
    graph = NeighbourGraph.build(rows, 4)
    again = NeighbourGraph.from_neighbours(rows, graph.knn[0])
    np.testing.assert_array_equal(again.knn[1], graph.knn[1])
    assert dense(again, 0.4) == dense(graph, 0.4)


def test_progress_counts_blocks():
    seen = []
    NeighbourGraph.build(
        unit(25, 3, 0), 2, block_size=10, progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(i, 6) for i in range(1, 7)]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_rows_without_a_distance_are_refused_by_number(value):
    rows = unit(10, 3, 0)
    rows[[2, 7], 1] = value
    with pytest.raises(InputError, match="2 of 10 vectors are NaN or infinite: row 2, 7"):
        NeighbourGraph.build(rows, 2)


def test_a_zero_row_is_refused_by_number():
    rows = unit(10, 3, 0)
    rows[4] = 0
    with pytest.raises(ValueError, match="zero: row 4"):
        NeighbourGraph.build(rows, 2)


def test_vectors_of_another_width_cannot_extend():
    graph = NeighbourGraph.build(unit(5, 3, 0), 2)
    with pytest.raises(VectorsError, match="4 wide, those of the graph 3"):
        graph.extend(unit(2, 4, 0))
    assert graph.size == 5


@pytest.mark.parametrize("radius", [0, -0.1, 2.1, np.nan, np.inf])
def test_a_radius_that_is_no_cosine_distance_is_refused(radius):
    with pytest.raises(VectorsError, match="cosine distance lies in"):
        NeighbourGraph.build(unit(5, 3, 0), 2, radius)


def test_more_pairs_than_memory_is_meant_to_hold_are_refused(monkeypatch):
    monkeypatch.setattr(radius_graph, "MAX_PAIRS", 10)
    with pytest.raises(radius_graph.GraphTooLargeError, match="More than 10 pairs"):
        NeighbourGraph.build(np.ones((20, 3)), 0, 0.1)
