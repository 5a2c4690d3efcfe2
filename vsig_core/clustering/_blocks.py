"""Pairs of rows that may be near, nominated by float32 matrix products of blocks.

A nomination is generous by the rounding error of the product, so that nothing
near is missed; the distance of each nominated pair is then computed exactly. Blocks
are worked on by as many threads as there are cores; what is yielded, and in which
order, does not depend on them.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from vsig_core.clustering._products import Product, product_of
from vsig_core.clustering._standins import cheapest, themselves
from vsig_core.workers import in_order

# Fewer pairs than this are multiplied before stand-ins for their rows would be found.
MANY = 150_000_000

Progress = Callable[[int, int], None]
Tile = tuple[int, int, int, int]  # rows low to high with columns left to right
Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]
Found = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]


@dataclass(frozen=True)
class Wanted:
    """Which pairs are worth an exact distance.

    Parameters
    ----------
    k
        Length of the lists of nearest rows; 0 for none.
    kth
        Rows -> the distance of the k-th nearest of each so far, inf where there are
        fewer, -inf where no pair is wanted for that row's sake; asked anew for each
        block. Not asked where k is 0.
    radius
        Every pair within it is wanted; None for none.
    """

    k: int
    kth: Callable[[NDArray[np.int64]], NDArray[np.float64]]
    radius: float | None


@dataclass(frozen=True)
class Tiles:
    """The blocks of one scan.

    Parameters
    ----------
    diagonal
        Rows with themselves: they come first, for they fill the lists of nearest rows.
    others
        Rows with other rows.
    """

    diagonal: list[Tile]
    others: list[Tile]

    @classmethod
    def below(cls, n: int, start: int, size: int) -> "Tiles":
        """Places from `start` to n, with all before them."""
        rows = _cut(start, n, size)
        return cls(
            [(low, high, low, high) for low, high in rows],
            [
                (low, high, left, min(left + size, low))
                for low, high in rows
                for left in range(0, low, size)
            ],
        )

    @classmethod
    def across(cls, n: int, low: int, high: int, size: int) -> "Tiles":
        """Places from `low` to `high`, with all n."""
        within = cls.below(high, low, size)
        after = [
            (*rows, *columns) for rows in _cut(low, high, size) for columns in _cut(high, n, size)
        ]
        return cls(within.diagonal, within.others + after)


def _cut(low: int, high: int, size: int) -> list[tuple[int, int]]:
    return [(at, min(at + size, high)) for at in range(low, high, size)]


@dataclass(frozen=True)
class Nominated:
    """The pairs of one block by their numbers, their distances, how far the scan is."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    distances: NDArray[np.float64]
    done: int
    total: int


def unit_rows(vectors: NDArray[np.floating], squares: NDArray[np.float64]) -> NDArray[np.float32]:
    """Rows at length 1 in float32; the very array where it is so already."""
    if vectors.dtype == np.float32 and np.all(np.abs(squares - 1) < 1e-6):
        return vectors.astype(np.float32, copy=False)
    return (vectors / np.sqrt(squares)[:, None]).astype(np.float32)


def nominated_pairs(
    unit: NDArray[np.float32],
    numbers: NDArray[np.int64],
    tiles: Tiles,
    wanted: Wanted,
    exact: Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float64]],
) -> Iterator[Nominated]:
    """Pairs that may be wanted of the places that tiles compare, block by block.

    Parameters
    ----------
    unit
        Shape (n, d), rows of length 1.
    numbers
        Shape (n,): what the row at each place is called elsewhere.
    tiles
        Blocks of places; memory grows with the square of their size.
    wanted
        What makes a pair worth its distance.
    exact
        Distances of pairs, by their numbers; called from several threads.
    """
    scan = _Scan(unit, numbers, wanted)
    total = len(tiles.diagonal) + len(tiles.others)
    workers = os.cpu_count() or 1
    done = 0

    def work(tile: Tile) -> Found:
        rows, columns = scan.nominate(tile)
        return rows, columns, exact(rows, columns)

    with ThreadPoolExecutor(workers) as executor, threadpool_limits(1, "blas"):
        # Blocks on the diagonal come first: from then on every list of nearest rows is
        # full, and tells what is worth a distance.
        for blocks in (tiles.diagonal, tiles.others):
            if blocks is tiles.others and _pairs_in(blocks) >= MANY:
                scan.shorten()
            for found in in_order(executor, work, blocks, 2 * workers):
                done += 1
                yield Nominated(*found, done, total)


def _pairs_in(tiles: Iterable[Tile]) -> int:
    return sum((high - low) * (right - left) for low, high, left, right in tiles)


class _Scan:
    """What is multiplied in the blocks of one scan."""

    def __init__(
        self,
        unit: NDArray[np.float32],
        numbers: NDArray[np.int64],
        wanted: Wanted,
    ) -> None:
        self._unit = unit
        self._numbers = numbers
        self._wanted = wanted
        self._rows = themselves(unit)
        self._short = self._rows
        self._product: Product = product_of(unit)
        self._short_product = self._product

    def shorten(self) -> None:
        """From now on multiply shorter stand-ins, where that costs less."""
        whole = self._floors(0, self._unit.shape[0], self._rows.slack)
        # Rows that want nothing themselves are still compared with those that do.
        asked = whole <= 1
        if asked.any():
            whole[~asked] = np.median(whole[asked])
        with threadpool_limits(os.cpu_count(), "blas"):
            self._short = cheapest(self._unit, whole)
        if self._short.vectors is not self._unit:
            self._short_product = product_of(self._short.vectors)

    def nominate(self, tile: Tile) -> Pairs:
        """Row numbers of the pairs of one block that are worth a distance."""
        from vsig_core.clustering._kernels import nominate

        low, high, left, right = tile
        diagonal = low == left
        lists_are_open = self._lists_are_open(low, high)
        full = diagonal or lists_are_open
        used, product_in = (
            (self._rows, self._product) if full else (self._short, self._short_product)
        )
        product = product_in(slice(low, high), slice(left, right))
        row_floor = self._floors(low, high, used.slack)
        if lists_are_open:
            row_floor = np.maximum(row_floor, self._floors_within(product, used.slack))
            if self._wanted.radius is not None:
                row_floor = np.minimum(row_floor, _rounded_down(self._radius_floor(used.slack)))
        column_floor = row_floor if diagonal else self._floors(left, right, used.slack)
        rows, columns = nominate(product, row_floor, column_floor, diagonal)
        return self._numbers[low:high][rows], self._numbers[left:right][columns]

    def _lists_are_open(self, low: int, high: int) -> bool:
        """Whether some of these rows have fewer than k nearest rows so far."""
        return bool(self._wanted.k) and not np.isfinite(self._kth(low, high)).all()

    def _kth(self, low: int, high: int) -> NDArray[np.float64]:
        return self._wanted.kth(self._numbers[low:high])

    def _radius_floor(self, generous: float) -> float:
        radius = self._wanted.radius
        return np.inf if radius is None else 1 - radius - generous

    def _floors(self, low: int, high: int, generous: float) -> NDArray[np.float32]:
        """Similarity from which on a pair of each row is worth its distance."""
        floor = np.full(high - low, self._radius_floor(generous))
        if self._wanted.k:
            floor = np.minimum(floor, 1 - self._kth(low, high) - generous)
        return _rounded_down(floor)

    def _floors_within(self, product: NDArray[np.float32], generous: float) -> NDArray[np.float32]:
        """The same for rows without full lists: what the block itself fills them with."""
        k, width = self._wanted.k, product.shape[1]
        if width <= k:
            return np.full(product.shape[0], -np.inf, np.float32)
        # A row itself may be among the k + 1 largest; rounding is what the slack covers.
        kth = np.partition(product, width - 1 - k, axis=1)[:, width - 1 - k]
        return _rounded_down(kth.astype(np.float64) - 2 * generous)


def _rounded_down(floor: NDArray[np.float64] | float) -> NDArray[np.float32]:
    """As float32, in which products are compared, and not above."""
    return np.nextafter(np.float32(floor), np.float32(-np.inf))
