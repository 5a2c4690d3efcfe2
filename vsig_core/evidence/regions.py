"""Which pictures may hold something of a picture: its regions against theirs.

A vector of the whole picture loses a detail. A region is a window on a grid of the map, its
vector the mean of the cells in it. Directions in which all regions vary count less: vectors
are whitened by the principal components of those that are compared.
"""

import numpy as np
from numpy.typing import NDArray

from vsig_core.evidence.cells import Cells

_GRIDS = (3, 4, 5)
REGIONS = 1 + sum(grid * grid for grid in _GRIDS)

_BLOCK = 64  # pictures compared at a time: products stay in the cache
_QUERIES = 8  # pictures that ask at a time
_FITTED = 512  # pictures that the principal components are taken from
_RIDGE = 0.05  # of the mean variance, so that noise is not blown up


def region_vectors(cells: Cells) -> NDArray[np.float32]:
    """The whole, and windows of two steps on grids of 3, 4 and 5.

    Returns
    -------
    Shape (51, d), float32: means of the cells of each window, grid by grid, row by row.
    """
    height, width, _ = cells.vectors.shape
    # Sums from the upper left corner: each window costs four of them.
    sums = np.zeros((height + 1, width + 1, cells.vectors.shape[2]))
    sums[1:, 1:] = cells.vectors.cumsum(0, np.float64).cumsum(1)
    windows = [
        (top, bottom, left, right)
        for grid in (0, *_GRIDS)
        for top, bottom in _windows(height, grid)
        for left, right in _windows(width, grid)
    ]
    top, bottom, left, right = np.array(windows).T
    totals = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
    return (totals / ((bottom - top) * (right - left))[:, None]).astype(np.float32)


class RegionIndex:
    """The regions of many pictures, ready to be asked.

    Parameters
    ----------
    regions
        Shape (n, 51, d), of all pictures, as `region_vectors` gives them.
    """

    def __init__(self, regions: NDArray[np.floating]) -> None:
        self._count, self._per, d = regions.shape
        self._mean, self._turn = _whitening(regions)
        self._unit = np.empty((self._count * self._per, d), np.float32)
        for start in range(0, self._count, _BLOCK):
            block = regions[start : start + _BLOCK].astype(np.float32).reshape(-1, d)
            place = start * self._per
            self._unit[place : place + len(block)] = self._whitened(block)

    def nominate(
        self, query: NDArray[np.float32], k: int, among: NDArray[np.bool_] | None = None
    ) -> NDArray[np.int64]:
        """The pictures whose best region is most like the best of a query's.

        Parameters
        ----------
        query
            Shape (m, d), as `region_vectors` gives them.
        k
            How many.
        among
            Which pictures count, shape (n,); all where None.

        Returns
        -------
        Rows of the regions, the most promising first, at most k.
        """
        if not self._count:  # nothing was looked at yet: not even the width is known
            return np.empty(0, np.int64)
        best = self._best(self._whitened(query), 1)[0]
        if among is not None:
            best[~among] = -np.inf
        return _first(best, k)

    def nominate_all(
        self, k: int, among: NDArray[np.bool_] | None = None
    ) -> list[NDArray[np.int64]]:
        """For each picture, the others whose best region is most like the best of its own.

        The time grows with n squared: some 5 us of a core for each two pictures.

        Parameters
        ----------
        k, among
            As for `nominate`; what does not count is not asked for either.

        Returns
        -------
        For each picture rows of the regions, the most promising first, at most k.
        """
        n, per = self._count, self._per
        counts = np.ones(n, np.bool_) if among is None else among
        chosen = []
        for start in range(0, n, _QUERIES):
            asking = min(_QUERIES, n - start)
            best = self._best(self._unit[start * per : (start + asking) * per], asking)
            best[:, ~counts] = -np.inf
            best[np.arange(asking), start + np.arange(asking)] = -np.inf
            best[~counts[start : start + asking]] = -np.inf
            chosen += [_first(row, k) for row in best]
        return chosen

    def _best(self, queries: NDArray[np.float32], asking: int) -> NDArray[np.float32]:
        """Cosine of the best pair of regions of so many pictures that ask, shape (asking, n)."""
        best = np.empty((asking, self._count), np.float32)
        for first in range(0, self._count, _BLOCK):
            block = self._unit[first * self._per : (first + _BLOCK) * self._per]
            found = (block @ queries.T).reshape(-1, self._per, asking, len(queries) // asking)
            best[:, first : first + _BLOCK] = found.max(axis=(1, 3)).T
        return best

    def _whitened(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        return _unit((vectors - self._mean) @ self._turn)


def _first(best: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    order = np.argsort(-best, kind="stable")[:k]
    return order[best[order] > -np.inf]


def _windows(length: int, grid: int) -> list[tuple[int, int]]:
    """Windows of two of `grid` + 1 steps along a side, each of at least a cell; 0: the whole."""
    if not grid:
        return [(0, length)]
    edges = [round(step * length / (grid + 1)) for step in range(grid + 2)]
    starts = [min(start, length - 1) for start in edges[:grid]]
    return [(start, max(end, start + 1)) for start, end in zip(starts, edges[2:], strict=True)]


def _whitening(regions: NDArray[np.floating]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean of the regions, and what makes them vary alike in all directions."""
    if not len(regions):
        return np.zeros(regions.shape[2], np.float32), np.eye(regions.shape[2], dtype=np.float32)
    step = max(1, len(regions) // _FITTED)
    sample = regions[::step].astype(np.float64).reshape(-1, regions.shape[2])
    mean = sample.mean(axis=0)
    values, directions = np.linalg.eigh((sample - mean).T @ (sample - mean) / len(sample))
    floor = max(float(_RIDGE * values.mean()), 1e-12)
    turn = directions / np.sqrt(np.clip(values, 0, None) + floor)
    return mean.astype(np.float32), turn.astype(np.float32)


def _unit(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
