"""Neighbours of unit vectors: one graph for OPTICS, the map, mining and search.

float32 products of blocks only nominate pairs. Every distance that is kept is
recomputed from its two rows alone, in one float64 order (`_kernels.pair_distances`),
so that it is symmetric and does not depend on block size, on threads, or on what
else was in the block.
"""

from collections.abc import Iterator
from typing import Self

import numpy as np
from numpy.typing import NDArray

from vsig_core.clustering._blocks import (
    Nominated,
    Progress,
    Tiles,
    Wanted,
    nominated_pairs,
    unit_rows,
)
from vsig_core.clustering.radius_graph import NearPairs, RadiusGraph
from vsig_core.clustering.vectors import check_vectors
from vsig_core.errors import VectorsError

BLOCK_SIZE = 2048


class NeighbourGraph:
    """The k nearest rows of each row, and the rows within any radius.

    Exact when made by `build`; `extend` adds rows at the end and gives what building
    anew would give, `from_neighbours` takes up known lists. Ties go to the smaller row.
    Made by `approximate`, `recall` is the share of the nearest rows that it knows,
    measured on a sample; else it is None.

    Parameters
    ----------
    width
        Of the vectors.
    k
        Length of the lists of nearest rows; 0 keeps none.
    radius
        Pairs within it are kept; None keeps none.
    block_size
        Rows in a block of the product.
    """

    def __init__(
        self, width: int, k: int, radius: float | None, block_size: int = BLOCK_SIZE
    ) -> None:
        self.vectors: NDArray[np.floating] = np.empty((0, width), np.float32)
        self.k = k
        self.radius = radius
        self.recall: float | None = None
        self._block_size = block_size
        self._squares = np.empty(0)
        self._distances = np.empty((0, k))
        self._indices = np.empty((0, k), np.int64)
        self._pairs = None if radius is None else NearPairs(radius)

    @classmethod
    def build(
        cls,
        vectors: NDArray[np.floating],
        k: int = 30,
        radius: float | None = None,
        *,
        block_size: int = BLOCK_SIZE,
        progress: Progress | None = None,
    ) -> Self:
        """Find the neighbours of each row.

        Parameters
        ----------
        vectors
            Shape (n, d); any length but zero.
        k
            Nearest rows kept for each row; 0 for none.
        radius
            Pairs within this cosine distance are kept too; None for none.
        block_size
            Rows in a block; memory grows with its square.
        progress
            Called as (blocks done, blocks in all).

        Raises
        ------
        VectorsError
            NaN, infinite or zero rows; a negative k; a radius outside (0, 2].
        GraphTooLargeError
            More than 30 million pairs lie within the radius.
        """
        if k < 0:
            raise VectorsError(f"k is {k}; at least 0 nearest rows can be kept.")
        if radius is not None:
            check_radius(radius)
        rows = check_vectors(vectors)
        graph = cls(rows.shape[1], k, radius, block_size)
        graph._take(rows)
        graph._compare(np.arange(graph.size), 0, progress)
        return graph

    @classmethod
    def from_neighbours(
        cls,
        vectors: NDArray[np.floating],
        indices: NDArray[np.integer],
        *,
        recall: float | None = None,
        progress: Progress | None = None,
    ) -> Self:
        """Take up a graph of which most lists are known, as from the store.

        Gives what building anew would give, ties included.

        Parameters
        ----------
        vectors
            Shape (n, d).
        indices
            Shape (n, k): the nearest rows of each row, among those whose lists are known
            here. A row with a negative number in its list is compared with all.
        recall
            Of the lists of an approximate index; then nothing is compared.
        progress
            Called as (blocks done, blocks in all).

        Raises
        ------
        VectorsError
            As `build`, and where vectors and lists are not of the same rows.
        """
        if recall is not None:
            graph = cls._of_rows(vectors, indices)
            graph.recall = recall
            graph._offer(np.arange(graph.size), indices, both=False)
            return graph
        graph, known = cls.with_lists(vectors, indices)
        order = np.argsort(~known, kind="stable")
        graph._compare(order, int(known.sum()), progress)
        return graph

    @classmethod
    def with_lists(
        cls, vectors: NDArray[np.floating], indices: NDArray[np.integer]
    ) -> tuple[Self, NDArray[np.bool_]]:
        """Take up the known lists alone; for `Bands`, which completes such a graph.

        Returns
        -------
        The graph, and which of its rows have a list; see `from_neighbours`.
        """
        graph = cls._of_rows(vectors, indices)
        known = np.all(indices >= 0, axis=1)
        if not graph.k:
            known = np.zeros(graph.size, bool)
        graph._offer(np.flatnonzero(known), indices[known], both=False)
        return graph, known

    @classmethod
    def _of_rows(cls, vectors: NDArray[np.floating], indices: NDArray[np.integer]) -> Self:
        """A graph with empty lists."""
        rows = check_vectors(vectors)
        n, k = indices.shape
        if n != rows.shape[0] or indices.max(initial=-1) >= n:
            raise VectorsError(
                f"{rows.shape[0]} vectors came with the neighbours of {n}, of which the last is "
                f"row {indices.max(initial=-1)}: they are not of the same pictures."
            )
        graph = cls(rows.shape[1], k, None)
        graph._take(rows)
        return graph

    @classmethod
    def approximate(cls, vectors: NDArray[np.floating], k: int = 30, *, seed: int = 7) -> Self:
        """Find most of the nearest rows, in time that grows hardly faster than n.

        By the index of pynndescent (Dong, Moses and Li 2011). `within` then knows only
        pairs that some list holds.

        Parameters
        ----------
        vectors
            Shape (n, d).
        k
            Nearest rows kept for each row.
        seed
            The same seed finds the same.

        Raises
        ------
        VectorsError
            NaN, infinite or zero rows.
        """
        from vsig_core.clustering._approximate import approximate_neighbours

        rows = check_vectors(vectors)
        graph = cls(rows.shape[1], k, None)
        graph._take(rows)
        found = approximate_neighbours(graph.unit, k, seed)
        graph._offer(np.arange(graph.size), found.indices, both=True)
        graph.recall = found.recall
        return graph

    @property
    def size(self) -> int:
        """How many rows there are."""
        return self.vectors.shape[0]

    @property
    def unit(self) -> NDArray[np.float32]:
        """The vectors at length 1, shape (n, d)."""
        return unit_rows(self.vectors, self._squares)

    @property
    def knn(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The nearest rows of each row and their distances, ascending.

        Two arrays of shape (n, min(k, n - 1)); a row is not its own neighbour. Where an
        approximate index found fewer, -1 at inf.
        """
        k = max(0, min(self.k, self.size - 1))
        return self._indices[:, :k], self._distances[:, :k]

    @property
    def lists(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The arrays behind `knn`, shape (n, k); what is missing is -1 at inf."""
        return self._indices, self._distances

    def exact(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.float64]:
        """Cosine distances of pairs of rows, each computed from its two rows alone."""
        from vsig_core.clustering._kernels import pair_distances

        return pair_distances(self.vectors, self._squares, rows, columns)

    def extend(self, new_vectors: NDArray[np.floating], progress: Progress | None = None) -> Self:
        """Add rows at the end, comparing only them with all.

        Returns
        -------
        This graph itself, which now is what building it anew would give.

        Raises
        ------
        VectorsError
            As `build`, and for another width.
        """
        rows = check_vectors(np.asarray(new_vectors, self.vectors.dtype))
        if self.size and rows.shape[1] != self.vectors.shape[1]:
            raise VectorsError(
                f"New vectors are {rows.shape[1]} wide, those of the graph "
                f"{self.vectors.shape[1]}: they come from different models. "
                "Embed all pictures with one model."
            )
        start = self.size
        self._take(rows)
        self._compare(np.arange(self.size), start, progress)
        return self

    def within(self, radius: float) -> RadiusGraph:
        """All pairs within a radius, whatever radius the graph was built with.

        Beyond that radius the lists of nearest rows answer for every row whose
        list reaches past the radius; only the others are compared anew.

        Raises
        ------
        VectorsError
            A radius outside (0, 2].
        GraphTooLargeError
            More than 30 million pairs lie within it.
        """
        check_radius(radius)
        if self._pairs is not None and radius <= self._pairs.radius:
            return self._pairs.graph(self.size, radius)
        return self._pairs_from_lists(radius).graph(self.size, radius)

    def _take(self, rows: NDArray[np.floating]) -> None:
        """Rows at the end, with empty lists."""
        from vsig_core.clustering._kernels import squared_norms

        self.vectors = np.concatenate([self.vectors, rows]) if self.size else rows
        self._squares = np.concatenate([self._squares, squared_norms(rows)])
        empty = np.full((rows.shape[0], self.k), np.inf)
        self._distances = np.concatenate([self._distances, empty])
        self._indices = np.concatenate([self._indices, np.full(empty.shape, -1, np.int64)])

    def _offer(self, rows: NDArray[np.int64], lists: NDArray[np.integer], *, both: bool) -> None:
        """Take up lists of near rows, shape (len(rows), k); negative numbers are none."""
        from vsig_core.clustering._kernels import offer, offer_pairs

        own = np.repeat(rows, lists.shape[1])
        other = np.ascontiguousarray(lists, np.int64).ravel()
        given = (other >= 0) & (other != own)
        own, other = own[given], other[given]
        put = offer_pairs if both else offer
        put(self._distances, self._indices, own, other, self.exact(own, other))

    def _compare(self, order: NDArray[np.int64], start: int, progress: Progress | None) -> None:
        """Compare the rows from place `start` of an order on with all before them in it."""
        if start == self.size:
            return
        for block in self._nominated(order, start, Wanted(self.k, self._kth, self.radius)):
            if self.k:
                from vsig_core.clustering._kernels import offer_pairs

                found = block.rows, block.columns, block.distances
                offer_pairs(self._distances, self._indices, *found)
            if self._pairs is not None:
                self._pairs.add(block.rows, block.columns, block.distances)
            if progress is not None:
                progress(block.done, block.total)

    def _nominated(
        self, order: NDArray[np.int64], start: int, wanted: Wanted
    ) -> Iterator[Nominated]:
        unit = self.unit
        if not np.array_equal(order, np.arange(self.size)):
            unit = unit[order]
        tiles = Tiles.below(len(order), start, self._block_size)
        return nominated_pairs(unit, order, tiles, wanted, self.exact)

    def _kth(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        return self._distances[rows, -1]

    def _pairs_from_lists(self, radius: float) -> NearPairs:
        """Pairs within a radius that the graph was not built for."""
        indices, distances = self.knn
        crowded = self._crowded(radius)
        near = distances <= radius
        own = np.repeat(np.arange(self.size), near.sum(axis=1))
        other, reached = indices[near], distances[near]
        # A pair of two crowded rows comes from their own comparison below.
        is_crowded = np.zeros(self.size, bool)
        is_crowded[crowded] = True
        listed = ~(is_crowded[own] & is_crowded[other])
        low, high = np.minimum(own, other)[listed], np.maximum(own, other)[listed]
        # Both rows of a pair may list it.
        _, first = np.unique(low * self.size + high, return_index=True)
        pairs = NearPairs(radius)
        pairs.add(low[first], high[first], reached[listed][first])
        for block in self._nominated(crowded, 0, Wanted(0, self._kth, radius)):
            pairs.add(block.rows, block.columns, block.distances)
        return pairs

    def _crowded(self, radius: float) -> NDArray[np.int64]:
        """Rows that may have more neighbours within a radius than their list holds."""
        _, distances = self.knn
        if self.recall is not None or distances.shape[1] >= self.size - 1:
            return np.empty(0, np.int64)
        if not self.k:
            return np.arange(self.size)
        return np.flatnonzero(distances[:, -1] <= radius)


def check_radius(radius: float) -> None:
    """Refuse what no cosine distance can be: outside (0, 2], or NaN."""
    if not 0 < radius <= 2:
        raise VectorsError(
            f"The radius is {radius:g}; a cosine distance lies in (0, 2]. Take 2 for no limit."
        )
