"""Judged pairs in the rankings of two networks: which were pulled together, which apart.

A pair's rank is the mean of two: how many pictures are nearer to the one than the other is,
and the other way round, plus 1. As a share of the pictures it can be compared over pools.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vsig_core.model import Paired
from vsig_core.model.bootstrap import interval
from vsig_core.settings import EvaluationSettings
from vsig_core.store import schema

_BLOCK = 256  # pictures whose rankings are made at a time

Pair = tuple[str, str]


@dataclass(frozen=True)
class RankedPairs:
    """Pairs of judged pictures, and their ranks by two networks.

    Parameters
    ----------
    pairs
        Of uids.
    before, now
        Ranks by the champion and the candidate, shape (len(pairs),), 1 is nearest.
    pool
        How many pictures were ranked.
    """

    pairs: Sequence[Pair]
    before: NDArray[np.float64]
    now: NDArray[np.float64]
    pool: int

    def moved(self, settings: EvaluationSettings) -> Paired | None:
        """By what share of the pool pairs moved apart; negative is together.

        The interval resamples pictures, for one that moves takes all its pairs along: a pair is
        drawn as often as the product of its two (Snijders and Borgatti 1999, "Non-parametric
        standard errors and tests for network statistics"). None where there are no pairs.
        """
        if not self.pairs:
            return None
        change = (self.now - self.before) / self.pool
        pictures, place = np.unique(self.pairs, return_inverse=True)
        one, other = place.reshape(-1, 2).T

        def mean(drawn: NDArray[np.intp]) -> NDArray[np.float64]:
            means = np.zeros(len(drawn))  # a draw that holds no pair says that none moved
            for row, pulled in enumerate(drawn):
                times = np.bincount(pulled, minlength=len(pictures))
                weight = times[one] * times[other]
                if weight.any():
                    means[row] = weight @ change / weight.sum()
            return means

        figure = interval(len(pictures), mean, settings)
        return Paired(float(change.mean()), figure.ci_low, figure.ci_high, len(change))

    def fallen(self, model_id: str, against: str) -> pa.Table:
        """Rows of `fallen_links`: those whose rank fell, the deepest falls first."""
        fell = np.flatnonzero(self.now > self.before)
        rows = [
            {
                "model_id": model_id,
                "against": against,
                "img1": self.pairs[place][0],
                "img2": self.pairs[place][1],
                "rank_before": float(self.before[place]),
                "rank": float(self.now[place]),
            }
            for place in fell[np.argsort((self.before - self.now)[fell], kind="stable")]
        ]
        return pa.Table.from_pylist(rows, schema("fallen_links"))


def rank_pairs(
    pairs: Sequence[Pair],
    pool: Sequence[str],
    before: NDArray[np.float32],
    now: NDArray[np.float32],
) -> RankedPairs:
    """Rank judged pairs by two networks.

    Parameters
    ----------
    pairs
        Of uids; those with a picture outside the pool are left out.
    pool
        The pictures that are ranked.
    before, now
        Unit vectors of the champion and the candidate, shape (len(pool), d), in that order.
    """
    place = {uid: row for row, uid in enumerate(pool)}
    inside = [pair for pair in pairs if pair[0] in place and pair[1] in place]
    rows = np.array([[place[uid] for uid in pair] for pair in inside], np.int64).reshape(-1, 2)
    return RankedPairs(inside, _ranks(before, rows), _ranks(now, rows), len(pool))


def _ranks(vectors: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    ranks = np.zeros(len(rows))
    for one, other in (rows.T, rows.T[::-1]):
        for start in range(0, len(rows), _BLOCK):
            asking, asked = one[start : start + _BLOCK], other[start : start + _BLOCK]
            near = vectors[asking] @ vectors.T
            near[np.arange(len(asking)), asking] = -np.inf
            own = near[np.arange(len(asking)), asked]
            ranks[start : start + _BLOCK] += (near > own[:, None]).sum(axis=1) + 1
    return ranks / 2
