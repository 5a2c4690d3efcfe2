"""A neighbour graph completed in bands of rows, by anybody and in any order.

Within one process every pair is looked at once, for both its rows, and lists that have
filled up already rule pairs out (`_blocks`). Here whoever takes a band looks at its rows
alone, against all others: twice the pairs, but no band waits for another, and what comes
out is the same to the bit.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vsig_core.clustering._blocks import Tiles, Wanted, nominated_pairs
from vsig_core.clustering.graph import BLOCK_SIZE, NeighbourGraph


@dataclass(frozen=True)
class BandFound:
    """Rows that belong in the lists of others, each with its distance.

    Parameters
    ----------
    owners, others
        Row numbers, int32: `others` is offered to the list of `owners`.
    distances
        Cosine distances, float64.
    """

    owners: NDArray[np.int32]
    others: NDArray[np.int32]
    distances: NDArray[np.float64]


class Bands:
    """A graph that is not complete yet.

    Parameters
    ----------
    vectors
        Shape (n, d).
    lists
        Shape (n, k): the nearest rows of each row that has them, among those that do;
        a negative number in the list of a row says that it is to be compared with all.
    size
        Rows in a band.

    Raises
    ------
    VectorsError
        As `NeighbourGraph.from_neighbours`.
    """

    def __init__(
        self, vectors: NDArray[np.floating], lists: NDArray[np.integer], size: int
    ) -> None:
        self.graph, self._known = NeighbourGraph.with_lists(vectors, lists)
        self._size = size
        self._order = np.argsort(~self._known, kind="stable")
        unit = self.graph.unit
        self._unit = unit[self._order] if self._known.any() else unit

    @property
    def open(self) -> list[tuple[int, int]]:
        """The bands, as places of their rows."""
        n = self.graph.size
        start = int(self._known.sum())
        return [(low, min(low + self._size, n)) for low in range(start, n, self._size)]

    def compare(self, low: int, high: int) -> BandFound:
        """Compare the rows of a band with all; this graph then knows the band, too."""
        from vsig_core.clustering._kernels import offer

        graph, known = self.graph, self._known
        lists, distances = graph.lists
        own = self._order[low:high]
        inside = np.zeros(graph.size, bool)
        inside[own] = True

        def kth(rows: NDArray[np.int64]) -> NDArray[np.float64]:
            # Rows that are neither known nor here have a band of their own.
            return np.where(inside[rows] | known[rows], distances[rows, -1], -np.inf)

        wanted, tiles = Wanted(graph.k, kth, None), Tiles.across(graph.size, low, high, BLOCK_SIZE)
        for_known = []
        for block in nominated_pairs(self._unit, self._order, tiles, wanted, graph.exact):
            offer(distances, lists, block.rows, block.columns, block.distances)
            both = inside[block.columns]
            pairs = block.columns[both], block.rows[both], block.distances[both]
            offer(distances, lists, *pairs)
            near = known[block.columns] & (block.distances <= distances[block.columns, -1])
            for_known.append(_found(block.columns[near], block.rows[near], block.distances[near]))
        filled = lists[own] >= 0
        mine = np.repeat(own, filled.sum(axis=1)), lists[own][filled], distances[own][filled]
        return _joined([_found(*mine), *for_known])

    def take(self, found: BandFound) -> None:
        """Take up what comparing a band has found."""
        from vsig_core.clustering._kernels import offer

        lists, distances = self.graph.lists
        owners, others = found.owners.astype(np.int64), found.others.astype(np.int64)
        offer(distances, lists, owners, others, found.distances)


def _found(
    owners: NDArray[np.int64], others: NDArray[np.int64], distances: NDArray[np.float64]
) -> BandFound:
    return BandFound(owners.astype(np.int32), others.astype(np.int32), distances)


def _joined(parts: list[BandFound]) -> BandFound:
    return BandFound(
        np.concatenate([part.owners for part in parts]),
        np.concatenate([part.others for part in parts]),
        np.concatenate([part.distances for part in parts]),
    )
