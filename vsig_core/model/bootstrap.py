"""Intervals by resampling components."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vsig_core.settings import EvaluationSettings

_CELLS = 4_000_000  # of the drawn index matrix held in memory at a time


@dataclass(frozen=True)
class Figure:
    """A value with its 95 % interval; `n` components stand behind it.

    NaN is not measurable: without a component there is no value, with one no interval.
    """

    value: float
    ci_low: float
    ci_high: float
    n: int


def known(value: float) -> float | None:
    """A value as tables and JSON hold it: an absent measurement is null, not NaN and not 0."""
    return None if np.isnan(value) else float(value)


def interval(
    n: int,
    statistic: Callable[[NDArray[np.intp]], NDArray[np.float64]],
    settings: EvaluationSettings,
) -> Figure:
    """Percentile bootstrap over n components, the same draws for the same n and seed.

    Parameters
    ----------
    statistic
        Takes component indices of shape (resamples, n), gives shape (resamples,).

    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), ch. 13.
    """
    if n == 0:
        return Figure(np.nan, np.nan, np.nan, 0)
    value = float(statistic(np.arange(n)[None, :])[0])
    if n == 1:
        return Figure(value, np.nan, np.nan, 1)
    rng = np.random.default_rng(settings.seed)
    rows = max(1, _CELLS // n)
    drawn = [
        statistic(rng.integers(0, n, (min(rows, settings.bootstrap - start), n)))
        for start in range(0, settings.bootstrap, rows)
    ]
    low, high = np.percentile(np.concatenate(drawn), [2.5, 97.5])
    return Figure(value, float(low), float(high), n)
