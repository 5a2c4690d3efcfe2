"""Pruning and products: what is nominated must hold all that is near, whatever it costs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsig_core.clustering import NeighbourGraph, _blocks, _products, _standins


def flat_and_steep(n: int, d: int, seed: int) -> np.ndarray:
    """Unit rows whose spectrum falls off, as that of embeddings does."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n, d)) / np.arange(1, d + 1) + 0.3
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@given(seed=st.integers(0, 50), radius=st.floats(0.001, 0.5))
def test_a_stand_in_never_hides_a_near_row(seed, radius):
    rows = flat_and_steep(400, 96, seed)
    floors = np.full(400, 1 - radius, np.float32)
    short = _standins.cheapest(rows, floors)
    bound = short.vectors @ short.vectors.T
    similarity = rows.astype(float) @ rows.astype(float).T
    assert (bound >= similarity - short.slack).all()


def test_few_directions_are_taken_where_they_hold_the_rows():
    rows = flat_and_steep(3000, 256, 1)
    short = _standins.cheapest(rows, np.full(3000, 0.999, np.float32))
    assert short.vectors.shape[1] - 1 in _standins.WIDTHS


def test_isotropic_rows_stand_for_themselves():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(3000, 1280)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    assert _standins.cheapest(rows, np.full(3000, 0.87, np.float32)).vectors is rows


@pytest.mark.parametrize(("k", "radius"), [(0, 0.002), (7, None), (7, 0.002)])
def test_the_graph_is_the_same_with_and_without_stand_ins(monkeypatch, k, radius):
    rows = flat_and_steep(600, 96, 3)
    rows[300:320] = rows[:20]
    plain = NeighbourGraph.build(rows, k, radius)
    monkeypatch.setattr(_blocks, "MANY", 1)
    used = []
    cheapest = _standins.cheapest

    def forced(unit, floors):
        monkeypatch.setattr(_standins, "EXACT", 0.0)
        used.append(cheapest(unit, floors))
        return used[-1]

    monkeypatch.setattr(_blocks, "cheapest", forced)
    pruned = NeighbourGraph.build(rows, k, radius, block_size=64)
    assert used[0].vectors.shape[1] < 96
    for ours, anew in zip(pruned.knn, plain.knn, strict=True):
        np.testing.assert_array_equal(ours, anew)
    if radius is not None:
        for name in ("indptr", "indices", "distances"):
            np.testing.assert_array_equal(
                getattr(pruned.within(radius), name), getattr(plain.within(radius), name)
            )


def test_products_by_torch_are_those_by_numpy():
    rows = flat_and_steep(50, 40, 2)
    by_numpy, by_torch = _products.product_of(rows), _products.on_device(rows, "cpu")
    part = slice(3, 20), slice(0, 50)
    np.testing.assert_allclose(by_torch(*part), by_numpy(*part), atol=1e-6)
