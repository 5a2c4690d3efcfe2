"""Pairs of rows that may be near, nominated by float32 matrix products of blocks.

A nomination is generous by the rounding error of the product, so that nothing
near is missed; whoever takes the pairs computes their distance exactly.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Wanted:
    """Which similarities are worth an exact distance.

    Parameters
    ----------
    k
        Length of the lists of nearest rows; 0 for none.
    kth
        (low, high) -> for each of these rows the distance of its k-th nearest
        so far, inf where there are fewer; asked anew for each block. Not asked
        where k is 0.
    radius
        Every pair within it is wanted; None for none.
    """

    k: int
    kth: Callable[[int, int], NDArray[np.float64]]
    radius: float | None


@dataclass(frozen=True)
class Nominated:
    """The pairs of one block, as absolute row numbers, and how far the scan is."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    done: int
    total: int


def unit_rows(vectors: NDArray[np.floating], squares: NDArray[np.float64]) -> NDArray[np.float32]:
    """Rows at length 1 in float32; the very array where it is so already."""
    if vectors.dtype == np.float32 and np.all(np.abs(squares - 1) < 1e-6):
        return vectors.astype(np.float32, copy=False)
    return (vectors / np.sqrt(squares)[:, None]).astype(np.float32)


def slack(width: int) -> float:
    """Bound on the error of one float32 similarity of two unit rows.

    A sum of `width` products is off by at most width · 2⁻²⁴ (Higham, Accuracy
    and Stability of Numerical Algorithms, §3.1); rounding the rows to float32
    and lengths within 5e-7 of 1 add the rest.
    """
    return (width + 4) * 2.0**-24 + 2e-6


def nominated_pairs(
    unit: NDArray[np.float32], start: int, wanted: Wanted, block_size: int
) -> Iterator[Nominated]:
    """Pairs (i, j) with i ≥ `start` and j < i that may be wanted, block by block.

    Parameters
    ----------
    unit
        Shape (n, d), rows of length 1.
    start
        Rows before it are not compared with one another.
    wanted
        What makes a pair worth its distance.
    block_size
        Rows in a block; memory grows with its square.
    """
    from vsig_core.clustering._kernels import nominate

    tiles = list(_tiles(start, unit.shape[0], block_size))
    generous = slack(unit.shape[1])
    for done, (low, high, left, right) in enumerate(tiles, start=1):
        product = unit[low:high] @ unit[left:right].T
        diagonal = low == left
        within = None
        if diagonal and wanted.k:
            within = _kth_best(product, wanted.k) - 2 * generous
        row_floor = _floor(wanted, (low, high), generous, within)
        column_floor = row_floor if diagonal else _floor(wanted, (left, right), generous, None)
        rows, columns = nominate(product, row_floor, column_floor, diagonal)
        yield Nominated(rows + low, columns + left, done, len(tiles))


def _tiles(start: int, n: int, size: int) -> Iterator[tuple[int, int, int, int]]:
    """(low, high, left, right) of the lower triangle, each diagonal block before its row."""
    for low in range(start, n, size):
        high = min(low + size, n)
        yield low, high, low, high
        for left in range(0, low, size):
            yield low, high, left, min(left + size, low)


def _floor(
    wanted: Wanted,
    rows: tuple[int, int],
    generous: float,
    within: NDArray[np.float32] | None,
) -> NDArray[np.float32]:
    """Similarity from which on a cell is worth its distance, for each of these rows."""
    floor = np.full(rows[1] - rows[0], np.inf)
    if wanted.k:
        floor = 1 - wanted.kth(*rows) - generous
        if within is not None:
            floor = np.maximum(floor, within)
    if wanted.radius is not None:
        floor = np.minimum(floor, 1 - wanted.radius - generous)
    # Rounded down, for the comparison is in float32.
    return np.nextafter(floor.astype(np.float32), np.float32(-np.inf))


def _kth_best(product: NDArray[np.float32], k: int) -> NDArray[np.float32]:
    """k-th largest similarity of each row within a diagonal block, itself left out."""
    size = product.shape[0]
    if size <= k:
        return np.full(size, -np.inf, np.float32)
    # The row itself is among the k + 1 largest, up to rounding that the slack covers.
    return np.partition(product, size - 1 - k, axis=1)[:, size - 1 - k]
