"""OPTICS where the radius graph does not fit: the same answer, by another way."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_optics import clumps, slow_optics

from vsig_core.clustering import crowded, optics, order_points, radius_graph
from vsig_core.clustering._walk import Items


@pytest.fixture
def little_room(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Room for five pairs, beside one nearest row of each."""
    monkeypatch.setattr(radius_graph, "MAX_PAIRS", 5)
    monkeypatch.setattr(crowded, "NEAREST", 1)
    return monkeypatch


@given(
    n=st.integers(5, 40),
    kinds=st.integers(1, 12),
    seed=st.integers(0, 999),
    min_samples=st.sampled_from([2, 3, 5]),
    max_eps=st.sampled_from([0.05, 0.4, 2.0]),
    room=st.sampled_from([1, 5, 60]),
    nearest=st.sampled_from([1, 4, 32]),
    few=st.sampled_from([0, 256]),
)
@settings(max_examples=80)
def test_the_walk_is_that_of_the_definition_copies_and_ties_included(
    n, kinds, seed, min_samples, max_eps, room, nearest, few
):
    rng = np.random.default_rng(seed)
    rows = rng.integers(1, 5, size=(kinds, 3))[rng.integers(kinds, size=n)].astype(float)
    wanted = slow_optics(rows, min_samples, max_eps)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(radius_graph, "MAX_PAIRS", room)
        patch.setattr(crowded, "NEAREST", nearest)
        patch.setattr(crowded, "FEW", few)
        patch.setattr(crowded, "BLOCK", 3)
        got = order_points(rows, min_samples, max_eps)
    for ours, twin in zip(
        (got.ordering, got.reachability, got.core_distances, got.predecessor), wanted, strict=True
    ):
        np.testing.assert_array_equal(ours, twin)


@given(
    kinds=st.integers(1, 6),
    seed=st.integers(0, 99),
    min_samples=st.sampled_from([2, 3, 5]),
    max_eps=st.sampled_from([0.05, 2.0]),
)
@settings(max_examples=30)
def test_rows_at_distance_0_that_are_not_equal_tie_by_row(kinds, seed, min_samples, max_eps):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(kinds, 3))[rng.integers(kinds, size=24)]
    rows *= rng.choice([0.5, 1.0, 2.0, 4.0], size=(24, 1))  # parallel, not equal
    wanted = slow_optics(rows, min_samples, max_eps)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(radius_graph, "MAX_PAIRS", 3)
        patch.setattr(crowded, "NEAREST", 2)
        got = order_points(rows, min_samples, max_eps)
    np.testing.assert_array_equal(got.ordering, wanted[0])
    np.testing.assert_array_equal(got.reachability, wanted[1])
    np.testing.assert_array_equal(got.predecessor, wanted[3])


def test_items_that_no_kept_pair_joins_are_compared(little_room, monkeypatch):
    rows = clumps(60, 6, 3)
    compared = []
    compare = crowded._compare_pending
    monkeypatch.setattr(crowded, "_compare_pending", lambda *a: compared.append(1) or compare(*a))
    crowded_walk = order_points(rows, 3, 2.0)
    assert compared
    monkeypatch.undo()
    plain = order_points(rows, 3, 2.0)
    for name in ("ordering", "reachability", "core_distances", "predecessor"):
        np.testing.assert_array_equal(getattr(crowded_walk, name), getattr(plain, name))


def test_many_copies_are_one_cluster_in_the_order_of_their_rows(little_room):
    rows = np.ones((300, 8), np.float32)
    result = optics(rows, max_eps=0.13, extraction="dbscan")
    assert set(result.labels) == {0}
    assert result.ordering.tolist() == list(range(300))
    assert not result.reachability[1:].any()
    assert set(result.predecessor[1:]) == {0}


@pytest.mark.parametrize("rows", [np.ones((0, 3)), np.ones((1, 3)), np.eye(3)])
def test_nothing_to_join_is_no_special_case(little_room, rows):
    walk, core = crowded.walk_crowded(rows, 2, 0.1)
    assert walk.ordering.tolist() == list(range(len(rows)))
    assert np.isinf(core).all()


def test_rows_of_one_item_follow_one_another():
    items = Items.of(np.array([0, 1, 0, 2, 0]))
    assert items.first.tolist() == [0, 1, 3]
    assert items.following.tolist() == [2, 5, 4, 5, 5]
    assert items.counts.tolist() == [3, 1, 1]
