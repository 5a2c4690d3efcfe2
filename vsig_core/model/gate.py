"""Whether a candidate takes over (DESIGN 5.9). A rejection is a result, not a failure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vsig_core.model.metrics import Paired
from vsig_core.settings import EvaluationSettings


@dataclass(frozen=True)
class Collapse:
    """Signs that a network maps all pictures to nearly the same place.

    `mean_cosine` is the mean over all pairs of different pictures; `effective_rank`
    the exponential of the entropy of the normalised singular values (Roy and
    Vetterli, 2007), after the mean vector is taken off; `n` pictures were looked at.
    """

    mean_cosine: float
    effective_rank: float
    n: int


@dataclass(frozen=True)
class Decision:
    """What the gate says, and why, in words for a person."""

    promote: bool
    reason: str


def collapse_figures(vectors: NDArray[np.float32]) -> Collapse:
    """Measure collapse on unit vectors of shape (n, d).

    NaN where fewer than two pictures or a vector that is not finite leave nothing to measure.
    """
    n = len(vectors)
    if n < 2 or not np.isfinite(vectors).all():
        return Collapse(np.nan, np.nan, n)
    exact = vectors.astype(np.float64)
    # The squared length of the sum holds every ordered pair, and each vector with itself.
    total = float(np.square(exact.sum(axis=0)).sum() - np.square(exact).sum())
    return Collapse(total / (n * (n - 1)), _effective_rank(exact - exact.mean(axis=0)), n)


def decide(
    paired: Paired | None,
    collapse: Collapse,
    settings: EvaluationSettings,
    rejected_apart: Paired | None = None,
) -> Decision:
    """Promote or reject a candidate.

    Parameters
    ----------
    paired
        Candidate minus champion on validation; None where nothing could be compared.
    collapse
        Of the candidate's vectors.
    rejected_apart
        By what share of the pool the candidate moves rejected pairs apart; None where there
        are none.
    """
    against = _collapse_reason(collapse, settings) or _together_reason(rejected_apart, settings)
    if against:
        return Decision(promote=False, reason=against)
    # One component has no interval, whatever the settings ask for.
    if paired is None or paired.n < settings.min_components or np.isnan(paired.ci_low):
        n = 0 if paired is None else paired.n
        return Decision(
            promote=True,
            reason=f"too few to tell: {n} validation components, "
            f"{max(2, settings.min_components)} are needed for a comparison; the candidate's "
            "vectors have not collapsed",
        )
    figures = (
        f"mAP {paired.difference:+.3f} against the champion on {paired.n} validation components, "
        f"95 % interval {paired.ci_low:+.3f} to {paired.ci_high:+.3f}"
    )
    if paired.ci_low > -settings.tolerance:
        return Decision(promote=True, reason=f"not worse: {figures}")
    return Decision(
        promote=False,
        reason=f"may be worse: {figures}; the lower end must lie above {-settings.tolerance:+.3f}",
    )


def _collapse_reason(collapse: Collapse, settings: EvaluationSettings) -> str | None:
    if not (np.isfinite(collapse.mean_cosine) and np.isfinite(collapse.effective_rank)):
        return f"not measurable: the vectors of {collapse.n} pictures are too few or not finite"
    if collapse.mean_cosine > settings.max_mean_cosine:
        return (
            f"collapsed: the mean cosine of two pictures is {collapse.mean_cosine:.3f}, "
            f"at most {settings.max_mean_cosine:g} is allowed"
        )
    # n pictures span n - 1 dimensions at most: a small corpus cannot reach the full rank.
    least = min(settings.min_effective_rank, (collapse.n - 1) / 2)
    if collapse.effective_rank < least:
        return (
            f"collapsed: the vectors have an effective rank of {collapse.effective_rank:.1f}, "
            f"at least {least:g} is wanted"
        )
    return None


def _together_reason(moved: Paired | None, settings: EvaluationSettings) -> str | None:
    """Held against all rejected pairs, also those that were learnt from: a sound one parts them."""
    if moved is None or moved.n < settings.min_components:
        return None
    if not moved.ci_high < -settings.tolerance:  # of one pair there is no interval
        return None
    return (
        f"pulls rejected pairs together: the {moved.n} of them lie nearer by "
        f"{-moved.difference:.1%} of the pictures on average, 95 % interval "
        f"{-moved.ci_high:.1%} to {-moved.ci_low:.1%}; at most {settings.tolerance:.1%} is allowed"
    )


def _effective_rank(centred: NDArray[np.float64]) -> float:
    """1 for a line, 0 for a point, min(n - 1, d) for a round cloud."""
    # Singular values from the smaller of the two Gram matrices: d is often far below n.
    wide = centred.shape[0] < centred.shape[1]
    gram = centred @ centred.T if wide else centred.T @ centred
    values = np.sqrt(np.clip(np.linalg.eigvalsh(gram), 0, None))
    if values.max(initial=0) < 1e-6:
        return 0.0
    shares = values / values.sum()
    shares = shares[shares > 1e-9]
    return float(np.exp(-(shares * np.log(shares)).sum()))
