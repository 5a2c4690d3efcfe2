"""Exact neighbours of unit vectors: one graph for OPTICS, the map, mining and search.

float32 products of blocks only nominate pairs. Every distance that is kept is
recomputed from its two rows alone, in one float64 order (`_kernels.pair_distances`),
so that it is symmetric and does not depend on block size, on threads, or on what
else was in the block.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from vsig_core.clustering._blocks import (
    Nominated,
    Progress,
    Wanted,
    nominated_pairs,
    unit_rows,
)
from vsig_core.clustering.vectors import check_vectors
from vsig_core.errors import VectorsError

BLOCK_SIZE = 2048
# 40 million pairs take about 1.6 GB on the way to 1 GB of rows.
MAX_PAIRS = 40_000_000

Pairs = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]


class GraphTooLargeError(VectorsError):
    """More pairs lie within the radius than memory is meant to hold."""


@dataclass(frozen=True)
class RadiusGraph:
    """All pairs of rows within a radius, both directions, as CSR.

    Parameters
    ----------
    indptr
        Shape (n + 1,): row i's neighbours stand at indptr[i]:indptr[i + 1].
    indices
        Neighbours, ascending by row number; a row is not its own neighbour.
    distances
        Cosine distances, float64.
    radius
        Cosine distance, inclusive.
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    distances: NDArray[np.float64]
    radius: float

    @property
    def size(self) -> int:
        """How many rows there are."""
        return self.indptr.shape[0] - 1


class NeighbourGraph:
    """Exact k nearest rows, and exact rows within any radius.

    Made by `build`; `extend` adds rows at the end and gives what building anew
    would give. Ties go to the smaller row.

    Parameters
    ----------
    vectors
        Shape (n, d), checked.
    k
        Length of the lists of nearest rows; 0 keeps none.
    radius
        Pairs within it are kept; None keeps none.
    block_size
        Rows in a block of the product.
    """

    def __init__(
        self,
        vectors: NDArray[np.floating],
        k: int,
        radius: float | None,
        block_size: int = BLOCK_SIZE,
    ) -> None:
        self.vectors = vectors[:0]
        self.k = k
        self.radius = radius
        self._block_size = block_size
        self._squares = np.empty(0)
        self._distances = np.empty((0, k))
        self._indices = np.empty((0, k), np.int64)
        self._pairs: list[Pairs] = []

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
            More than 40 million pairs lie within the radius.
        """
        if k < 0:
            raise VectorsError(f"k is {k}; at least 0 nearest rows can be kept.")
        if radius is not None:
            check_radius(radius)
        rows = check_vectors(vectors)
        graph = cls(rows, k, radius, block_size)
        graph._add(rows, progress)
        return graph

    @classmethod
    def from_neighbours(cls, vectors: NDArray[np.floating], indices: NDArray[np.integer]) -> Self:
        """Take up a graph whose lists of nearest rows are known, as from the store.

        Parameters
        ----------
        vectors
            Shape (n, d).
        indices
            Shape (n, k): the nearest rows of each row, exact and complete, of
            which there are min(k, n - 1). Their distances are computed anew.
        """
        from vsig_core.clustering._kernels import pair_distances, squared_norms

        rows = check_vectors(vectors)
        n, k = indices.shape
        if n != rows.shape[0]:
            raise VectorsError(f"{rows.shape[0]} vectors came with the neighbours of {n}.")
        graph = cls(rows, k, None)
        graph.vectors = rows
        graph._squares = squared_norms(rows)
        graph._indices = np.ascontiguousarray(indices, np.int64)
        flat = graph._indices.ravel()
        own = np.repeat(np.arange(n), k)
        graph._distances = pair_distances(rows, graph._squares, own, flat).reshape(n, k)
        return graph

    @property
    def size(self) -> int:
        """How many rows there are."""
        return self.vectors.shape[0]

    @property
    def knn(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The nearest rows of each row and their distances, ascending.

        Two arrays of shape (n, min(k, n - 1)); a row is not its own neighbour.
        """
        k = max(0, min(self.k, self.size - 1))
        return self._indices[:, :k], self._distances[:, :k]

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
        rows = check_vectors(new_vectors)
        if self.size and rows.shape[1] != self.vectors.shape[1]:
            raise VectorsError(
                f"New vectors are {rows.shape[1]} wide, those of the graph "
                f"{self.vectors.shape[1]}: they come from different models. "
                "Embed all pictures with one model."
            )
        self._add(rows.astype(self.vectors.dtype, copy=False), progress)
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
            More than 40 million pairs lie within it.
        """
        from vsig_core.clustering._kernels import rows_from_pairs

        check_radius(radius)
        if self.radius is not None and radius <= self.radius:
            pairs = self._pairs
        else:
            pairs = self._pairs_from_lists(radius)
        rows, columns, distances = _joined(pairs, radius)
        return RadiusGraph(*rows_from_pairs(self.size, rows, columns, distances), radius)

    def _add(self, rows: NDArray[np.floating], progress: Progress | None) -> None:
        from vsig_core.clustering._kernels import offer_pairs, squared_norms

        start, added = self.size, rows.shape[0]
        self.vectors = np.concatenate([self.vectors, rows]) if start else rows
        self._squares = np.concatenate([self._squares, squared_norms(rows)])
        fresh = np.full((added, self.k), np.inf)
        self._distances = np.concatenate([self._distances, fresh])
        self._indices = np.concatenate([self._indices, np.full((added, self.k), -1, np.int64)])
        unit = unit_rows(self.vectors, self._squares)
        wanted = Wanted(self.k, self._kth_distances, self.radius)
        for block in nominated_pairs(unit, start, wanted, self._block_size):
            distances = self._exact(block.rows, block.columns)
            if self.k:
                offer_pairs(self._distances, self._indices, block.rows, block.columns, distances)
            if self.radius is not None:
                _keep_within(self._pairs, block, distances, self.radius)
            if progress is not None:
                progress(block.done, block.total)

    def _kth_distances(self, low: int, high: int) -> NDArray[np.float64]:
        return self._distances[low:high, -1]

    def _exact(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.float64]:
        from vsig_core.clustering._kernels import pair_distances

        return pair_distances(self.vectors, self._squares, rows, columns)

    def _pairs_from_lists(self, radius: float) -> list[Pairs]:
        """Pairs within a radius that the graph was not built for."""
        indices, distances = self.knn
        if indices.shape[1] >= self.size - 1:
            crowded = np.empty(0, np.int64)
        elif self.k:
            crowded = np.flatnonzero(distances[:, -1] <= radius)
        else:
            crowded = np.arange(self.size)
        near = distances <= radius
        own = np.repeat(np.arange(self.size), near.sum(axis=1))
        other, reached = indices[near], distances[near]
        # A pair of two crowded rows comes from their own comparison below.
        is_crowded = np.zeros(self.size, bool)
        is_crowded[crowded] = True
        listed = ~(is_crowded[own] & is_crowded[other])
        pairs = [_unique_pairs(own[listed], other[listed], reached[listed], self.size)]
        unit = unit_rows(self.vectors[crowded], self._squares[crowded])
        wanted = Wanted(0, self._kth_distances, radius)
        for block in nominated_pairs(unit, 0, wanted, self._block_size):
            absolute = Nominated(
                crowded[block.rows], crowded[block.columns], block.done, block.total
            )
            exact = self._exact(absolute.rows, absolute.columns)
            _keep_within(pairs, absolute, exact, radius)
        return pairs


def check_radius(radius: float) -> None:
    """Refuse what no cosine distance can be: outside (0, 2], or NaN."""
    if not 0 < radius <= 2:
        raise VectorsError(
            f"The radius is {radius:g}; a cosine distance lies in (0, 2]. Take 2 for no limit."
        )


def _keep_within(
    pairs: list[Pairs], block: Nominated, distances: NDArray[np.float64], radius: float
) -> None:
    near = distances <= radius
    pairs.append(
        (
            block.rows[near].astype(np.int32),
            block.columns[near].astype(np.int32),
            distances[near],
        )
    )
    found = sum(chunk[0].shape[0] for chunk in pairs)
    if found > MAX_PAIRS:
        raise GraphTooLargeError(
            f"More than {MAX_PAIRS:,} pairs lie within the radius {radius:g}: the vectors are "
            "too close together for it. Take a smaller radius, or look at the model: its "
            "vectors may have collapsed."
        )


def _joined(pairs: Sequence[Pairs], radius: float) -> Pairs:
    """All chunks as one, cut at the radius."""
    empty = (np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0))
    rows, columns, distances = (np.concatenate(part) for part in zip(empty, *pairs, strict=True))
    near = distances <= radius
    if near.all():
        return rows, columns, distances
    return rows[near], columns[near], distances[near]


def _unique_pairs(
    own: NDArray[np.int64],
    other: NDArray[np.int64],
    distances: NDArray[np.float64],
    n: int,
) -> Pairs:
    """Each unordered pair once, though both rows may list it."""
    low, high = np.minimum(own, other), np.maximum(own, other)
    _, first = np.unique(low * n + high, return_index=True)
    return low[first].astype(np.int32), high[first].astype(np.int32), distances[first]
