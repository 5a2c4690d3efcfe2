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

_BLOCK = 512  # pictures compared at a time
_QUERIES = 8  # pictures that ask at a time: products of some 40 MB
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


def nominate(
    query: NDArray[np.float32], regions: NDArray[np.floating], k: int
) -> NDArray[np.int64]:
    """The pictures whose best region is most like the best of a query's.

    Parameters
    ----------
    query
        Shape (m, d), as `region_vectors` gives them.
    regions
        Shape (n, 51, d), of all pictures.
    k
        How many.

    Returns
    -------
    Rows of `regions`, the most promising first, at most k.
    """
    n = len(regions)
    if not n:
        return np.zeros(0, np.int64)
    mean, turn = _whitening(regions)
    wanted = _unit((query - mean) @ turn)
    best = np.empty(n, np.float32)
    for start in range(0, n, _BLOCK):
        block = regions[start : start + _BLOCK].astype(np.float32)
        found = _unit((block.reshape(-1, block.shape[2]) - mean) @ turn) @ wanted.T
        best[start : start + len(block)] = found.reshape(len(block), -1).max(axis=1)
    return np.argsort(-best, kind="stable")[:k]


def nominate_all(regions: NDArray[np.floating], k: int) -> NDArray[np.int64]:
    """For each picture, the others whose best region is most like the best of its own.

    Parameters
    ----------
    regions
        Shape (n, 51, d), of all pictures. The time grows with n squared: about 0.1 ms of a core
        for each two pictures.
    k
        How many, at most n - 1.

    Returns
    -------
    Rows of `regions`, shape (n, min(k, n - 1)), the most promising first.
    """
    n, per, d = regions.shape
    k = min(k, n - 1)
    mean, turn = _whitening(regions)
    flat = _unit((regions.reshape(-1, d).astype(np.float32) - mean) @ turn)
    chosen = np.empty((n, k), np.int64)
    for start in range(0, n, _QUERIES):
        queries = flat[start * per : (start + _QUERIES) * per]
        count = len(queries) // per
        best = np.empty((count, n), np.float32)
        for first in range(0, n, _BLOCK):
            found = queries @ flat[first * per : (first + _BLOCK) * per].T
            best[:, first : first + _BLOCK] = found.reshape(count, per, -1, per).max(axis=(1, 3))
        best[np.arange(count), np.arange(start, start + count)] = -np.inf
        chosen[start : start + count] = np.argsort(-best, axis=1, kind="stable")[:, :k]
    return chosen


def _windows(length: int, grid: int) -> list[tuple[int, int]]:
    """Windows of two of `grid` + 1 steps along a side, each of at least a cell; 0: the whole."""
    if not grid:
        return [(0, length)]
    edges = [round(step * length / (grid + 1)) for step in range(grid + 2)]
    starts = [min(start, length - 1) for start in edges[:grid]]
    return [(start, max(end, start + 1)) for start, end in zip(starts, edges[2:], strict=True)]


def _whitening(regions: NDArray[np.floating]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean of the regions, and what makes them vary alike in all directions."""
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
