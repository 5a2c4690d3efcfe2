"""OPTICS on vectors so close together that their radius graph would not fit in memory.

Copies are folded to one item first. Of the rest, the pairs within a smaller radius and
the nearest of each item are kept; the walk goes by these as long as no other pair can be
the cheapest. Where one might, the items that the walk has passed meanwhile are compared
with all that it has not, by one product. So the answer is exact, and memory is that of
the smaller graph.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vsig_core.clustering import radius_graph
from vsig_core.clustering._blocks import unit_rows
from vsig_core.clustering._standins import slack
from vsig_core.clustering._walk import Items, Walk, start_walk
from vsig_core.clustering.graph import NeighbourGraph
from vsig_core.clustering.radius_graph import GraphTooLargeError, RadiusGraph

SAMPLE = 1000  # rows whose distances say how many pairs a radius would hold
FILLS = (0.5, 0.05, 0.005)  # shares of the pairs that fit which smaller radii are to hold
NEAREST = 32  # of each item, kept beside the smaller graph
BLOCK = 4096  # items compared at a time
FEW = 256  # up to so many at a time, to leave out rows costs more than to multiply them


@dataclass(frozen=True)
class Partial:
    """Items, and those pairs of them that fit.

    Parameters
    ----------
    vectors, unit, squares
        Of the items: as given, at length 1 in float32, and their squared lengths.
    indptr, indices, distances
        Adjacency as CSR.
    core
        Core distances; inf beyond the radius.
    known
        Of each item: all its pairs below this distance are in its adjacency.
    radius
        Largest distance that counts, inclusive.
    """

    vectors: NDArray[np.floating]
    unit: NDArray[np.float32]
    squares: NDArray[np.float64]
    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    distances: NDArray[np.float64]
    core: NDArray[np.float64]
    known: NDArray[np.float64]
    radius: float


def likely_too_large(vectors: NDArray[np.floating], radius: float) -> bool:
    """Whether far more pairs lie within a radius than fit, by a sample of them."""
    pairs = _pairs_of(vectors.shape[0])
    if pairs <= radius_graph.MAX_PAIRS:
        return False
    near = np.mean(_sampled_distances(vectors) <= radius)
    return bool(near * pairs > 1.5 * radius_graph.MAX_PAIRS)


def walk_crowded(
    vectors: NDArray[np.floating], min_samples: int, radius: float
) -> tuple[Walk, NDArray[np.float64]]:
    """Walk over rows whose radius graph does not fit; returns the walk and core distances.

    Parameters
    ----------
    vectors
        Shape (n, d), checked.
    min_samples, radius
        As in `optics`.
    """
    from vsig_core.clustering._kernels import walk_on

    items = fold_copies(vectors)
    partial = _partial(vectors[items.first], items.counts, min_samples, radius)
    walk = start_walk(items)
    graph = partial.indptr, partial.indices, partial.distances, partial.core, partial.known
    while not walk_on(walk, *graph, radius):
        _compare_pending(walk, partial)
    return walk, partial.core[items.item_of]


def fold_copies(vectors: NDArray[np.floating]) -> Items:
    """Find rows that are equal to the bit."""
    seen: dict[bytes, int] = {}
    contents = (hashlib.blake2b(row.tobytes()).digest() for row in vectors)
    item_of = [seen.setdefault(content, len(seen)) for content in contents]
    return Items.of(np.array(item_of, np.int64))


def _partial(
    vectors: NDArray[np.floating], counts: NDArray[np.int64], min_samples: int, radius: float
) -> Partial:
    """The pairs of items that fit: within a radius as large as possible, and the nearest."""
    from vsig_core.clustering._kernels import rows_with_lists, squared_norms

    graph, near = _fitting(vectors, max(min_samples - 1, NEAREST), radius)
    lists, distances = graph.knn
    complete = lists.shape[1] >= graph.size - 1
    known = np.full(graph.size, np.inf) if complete else distances[:, -1]
    core = _core_distances(lists, distances, counts, min_samples)
    core[core > radius] = np.inf
    squares = squared_norms(vectors)
    return Partial(
        vectors,
        unit_rows(vectors, squares),
        squares,
        *rows_with_lists(
            near.indptr, near.indices, near.distances, lists.astype(np.int32), distances
        ),
        core,
        np.maximum(known, np.nextafter(near.radius, np.inf)),
        radius,
    )


def _fitting(
    vectors: NDArray[np.floating], k: int, radius: float
) -> tuple[NeighbourGraph, RadiusGraph]:
    """The graph with the largest of some radii at which the pairs fit."""
    pairs = _pairs_of(vectors.shape[0])
    for fill in FILLS:
        share = min(1.0, fill * radius_graph.MAX_PAIRS / max(pairs, 1))
        near = float(np.quantile(_sampled_distances(vectors), share)) if pairs else radius
        near = min(max(near, np.finfo(float).tiny), radius)
        try:
            graph = NeighbourGraph.build(vectors, k, near)
        except GraphTooLargeError:
            continue
        return graph, graph.within(near)
    # Of no radius at all: not even pairs at distance 0 are known but by the lists.
    empty = np.empty(0, np.int32), np.empty(0), -1.0
    return (
        NeighbourGraph.build(vectors, k),
        RadiusGraph(np.zeros(vectors.shape[0] + 1, np.int64), *empty),
    )


def _core_distances(
    lists: NDArray[np.int64],
    distances: NDArray[np.float64],
    counts: NDArray[np.int64],
    min_samples: int,
) -> NDArray[np.float64]:
    """Distance to the (min_samples - 1)-th other row, copies counted; inf where fewer."""
    others = counts[:, None] - 1 + np.cumsum(counts[lists], axis=1)
    enough = np.column_stack([counts - 1, others]) >= min_samples - 1
    reached = np.column_stack([np.zeros(len(counts)), distances])
    first = enough.argmax(axis=1)
    return np.where(enough.any(axis=1), reached[np.arange(len(counts)), first], np.inf)


def _compare_pending(walk: Walk, partial: Partial) -> None:
    """Compare what the walk has passed and not compared yet with all that it has not."""
    from vsig_core.clustering._kernels import reach_from_far

    unit = partial.unit
    points = walk.pending[: walk.counts[2]].copy()
    rest: NDArray[np.int64] | None = None
    if points.size > FEW:
        rest = np.flatnonzero(walk.upcoming < walk.ordering.shape[0])
    of_items = partial.vectors, partial.squares, partial.core
    bounds = (partial.radius, slack(unit.shape[1]))
    for start in range(0, points.size, BLOCK):
        passed = points[start : start + BLOCK]
        of_passed = unit[walk.item_of[passed]].T
        for low in range(0, len(unit) if rest is None else len(rest), BLOCK):
            part = slice(low, low + BLOCK)
            others = np.arange(len(unit))[part] if rest is None else rest[part]
            products = (unit[part] if rest is None else unit[others]) @ of_passed
            reach_from_far(walk, passed, products, others, *of_items, bounds)
    walk.counts[2] = 0
    walk.limit[0] = np.inf


def _pairs_of(n: int) -> int:
    return n * (n - 1) // 2


def _sampled_distances(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """Distances of all pairs of a sample."""
    from vsig_core.clustering._kernels import squared_norms

    n = vectors.shape[0]
    rows = np.random.default_rng(0).choice(n, min(n, SAMPLE), replace=False)
    sample = vectors[np.sort(rows)]
    unit = unit_rows(sample, squared_norms(sample))
    distances = np.maximum(1 - unit @ unit.T, 0)
    return distances[~np.eye(len(unit), dtype=bool)]
