"""Pairs of pictures: cells that are each other's nearest, and on which geometry they agree.

A detail that travels keeps its order: where cell (x, y) of it lies in one picture, it lies in
the other at scale · (±x, y) + offset. Each pair of mutually nearest cells votes for the offsets
that it allows at each of nine scales, as it is and mirrored (a Hough transform); the winner is
fitted to the pairs that agree with it, and their weight is the score.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vsig_core.evidence.cells import Box, Cells

# By a third of an octave, from 0.4 to 2.5; the nearest to 1 first, so that of equals it wins.
_SCALES = 2.0 ** (np.array([0, 1, -1, 2, -2, 3, -3, 4, -4]) / 3)
_SPREAD = 1  # cells to each side in which a pair votes
_RADIUS = 2.0  # cells from where the fit puts it within which a pair agrees
_STRAY = 0.05  # of the weight, at each edge of a box
# Of the root of the cells that could agree: what 99 % of details score in works without them.
_BY_CHANCE = 0.5
_CHUNK = 16  # pictures in one matrix product: some ten MB


def chance(cells: int) -> float:
    """The score up to which a match is no evidence.

    In 99 of 100 works that do not hold a detail it scores less, whatever its size
    (`benchmarks/evidence.py`; docs/evidence.md).

    Parameters
    ----------
    cells
        Of the smaller of the two that are compared.

    >>> chance(400)
    10.0
    """
    return _BY_CHANCE * cells**0.5


@dataclass(frozen=True)
class Match:
    """What two pictures have in common.

    Parameters
    ----------
    score
        Pairs of cells that agree, each counted by its squared cosine; 0 for none.
    box1, box2
        Where in either picture, x, y, w, h in fractions of it; None where the score is 0.
    mirrored
        One shows it with left and right exchanged.
    cells
        Of the smaller of the two.
    """

    score: float
    box1: Box | None
    box2: Box | None
    mirrored: bool
    cells: int

    @property
    def beyond_chance(self) -> bool:
        """Whether it may be said that they share a part; see `chance`."""
        return self.score > chance(self.cells)

    @property
    def turned(self) -> "Match":
        """The same, seen from the other picture."""
        return replace(self, box1=self.box2, box2=self.box1)


def compare(one: Cells, others: Sequence[Cells]) -> list[Match]:
    """Match a picture with others.

    Parameters
    ----------
    one
        The picture, or a part of it.
    others
        All with the same number of channels.

    Returns
    -------
    One for each of the others, in their order; `box1` is in `one`.
    """
    return [
        _match(one, other, cosines)
        for start in range(0, len(others), _CHUNK)
        for other, cosines in _cosines(one, others[start : start + _CHUNK])
    ]


def _cosines(one: Cells, others: Sequence[Cells]) -> Iterator[tuple[Cells, NDArray[np.float32]]]:
    """Each other picture with the cosines of its cells, by one matrix product for all."""
    ends = np.cumsum([other.flat.shape[0] for other in others])
    cosines = one.flat @ np.concatenate([other.flat for other in others]).T
    return zip(others, np.split(cosines, ends[:-1], axis=1), strict=True)


def _match(one: Cells, other: Cells, cosines: NDArray[np.float32]) -> Match:
    from vsig_core.evidence._kernels import EQUAL, mutual_nearest, refine, vote

    most = min(cosines.shape)
    first, second, weights = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most)
    count = mutual_nearest(cosines, first, second, weights)
    if not count:
        return Match(0.0, None, None, mirrored=False, cells=most)
    points, places = _middles(one, first[:count]), _middles(other, second[:count])
    weights = weights[:count]
    turned = points * (-1, 1)
    straight = vote(points, places, weights, _SCALES, _SPREAD)
    across = vote(turned, places, weights, _SCALES, _SPREAD)
    flipped = across[0] > straight[0] + EQUAL
    agreeing = np.zeros(count, np.bool_)
    score = refine(
        turned if flipped else points,
        places,
        weights,
        *(across if flipped else straight)[1:],
        _RADIUS,
        agreeing,
    )
    box1 = _around(one, points[agreeing], weights[agreeing])
    box2 = _around(other, places[agreeing], weights[agreeing])
    return Match(float(score), box1, box2, flipped, most)


def _middles(cells: Cells, numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    """x and y of the middle of some cells, shape (n, 2), in cells."""
    rows, columns = np.divmod(numbers, cells.vectors.shape[1])
    return np.stack([columns, rows], axis=1) + 0.5


def _around(cells: Cells, middles: NDArray[np.float64], weights: NDArray[np.float64]) -> Box | None:
    """The box of cells that agree, but for some that do so by chance at its edges."""
    if not len(middles):
        return None
    sides = [_span(middles[:, axis], weights) for axis in (0, 1)]
    (left, right), (top, bottom) = sides
    return cells.box(left - 0.5, top - 0.5, right + 0.5, bottom + 0.5)


def _span(values: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[float, float]:
    """Where the weight lies along a side: at either end up to `_STRAY` of it is left out."""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order]) / weights.sum()
    low = int(np.searchsorted(below, _STRAY, side="right"))
    high = int(np.searchsorted(below, 1 - _STRAY))
    return float(values[order[low]]), float(values[order[min(high, len(order) - 1)]])
