"""Short vectors that stand in for rows: their product is never below the similarity.

With p the coordinates of a row u on some orthonormal directions and r the length of
what they leave out, Cauchy and Schwarz give u·v ≤ p_u·p_v + r_u r_v. So pairs whose
bound lies below the floor need no full product. Good directions are those of most
spread; embeddings of pictures have a few, isotropic vectors none.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WIDTHS = (32, 64, 128)  # directions tried
SAMPLE = 1024  # rows that the directions come from, and as many that they are tried on
# What a pair costs, in units of one multiplication of a large product: to look at its
# bound, and to compute its exact distance for each dimension. Measured on 2 cores.
LOOK, EXACT = 50.0, 16.0
_PROJECTED_AT_A_TIME = 8192


@dataclass(frozen=True)
class StandIns:
    """What is multiplied to nominate pairs.

    Parameters
    ----------
    vectors
        Shape (n, w), float32: the rows themselves, or shorter ones.
    slack
        What float32 may take off a product of two of them.
    """

    vectors: NDArray[np.float32]
    slack: float


def slack(width: int) -> float:
    """Bound on the error of one float32 similarity of two unit rows.

    A sum of `width` products is off by at most width · 2⁻²⁴ (Higham, Accuracy
    and Stability of Numerical Algorithms, §3.1); rounding the rows to float32
    and lengths within 5e-7 of 1 add the rest.
    """
    return (width + 4) * 2.0**-24 + 2e-6


def themselves(unit: NDArray[np.float32]) -> StandIns:
    """The rows stand for themselves."""
    return StandIns(unit, slack(unit.shape[1]))


def cheapest(unit: NDArray[np.float32], floors: NDArray[np.float32]) -> StandIns:
    """Stand-ins with which finding all pairs at or above the floors costs least.

    Parameters
    ----------
    unit
        Shape (n, d), rows of length 1.
    floors
        Shape (n,): similarity from which on a pair of this row is worth its distance.

    Returns
    -------
    The rows themselves where no few directions hold them.
    """
    n, d = unit.shape
    widths = [width for width in WIDTHS if 2 * width <= d]
    if not widths:
        return themselves(unit)
    rows = np.random.default_rng(0).choice(n, min(n, 2 * SAMPLE), replace=False)
    # Tried on other rows than they come from: these they would hold too well.
    fitted, tried = rows[::2], rows[1::2]
    directions = _directions(unit[fitted], widths[-1])
    costs = {
        width: (width + 1 + LOOK)
        + EXACT * d * _share(unit[tried], directions[:, :width], floors[tried])
        for width in widths
    }
    best = min(costs, key=lambda width: costs[width])
    if costs[best] > d + LOOK:
        return themselves(unit)
    return StandIns(_shortened(unit, directions[:, :best]), slack(best + 1))


def _directions(sample: NDArray[np.float32], width: int) -> NDArray[np.float64]:
    """Orthonormal columns, most spread first, shape (d, width)."""
    from sklearn.utils.extmath import randomized_svd

    # The mean is left in: similarities are of rows, not of centred rows.
    found = randomized_svd(sample, n_components=width, random_state=0)[2].T
    return np.linalg.qr(found.astype(np.float64))[0]


def _share(
    sample: NDArray[np.float32], directions: NDArray[np.float64], floors: NDArray[np.float32]
) -> float:
    """Share of the pairs of a sample that the bound does not rule out."""
    short = _shortened(sample, directions)
    bound = short @ short.T
    open_pairs = bound >= np.minimum(floors[:, None], floors[None, :])
    np.fill_diagonal(open_pairs, val=False)
    return float(open_pairs.mean())


def _shortened(rows: NDArray[np.floating], directions: NDArray[np.float64]) -> NDArray[np.float32]:
    """Coordinates on the directions, then the length of the rest, rounded up."""
    n, width = rows.shape[0], directions.shape[1]
    short = np.empty((n, width + 1), np.float32)
    for start in range(0, n, _PROJECTED_AT_A_TIME):
        part = rows[start : start + _PROJECTED_AT_A_TIME].astype(np.float64)
        along = part @ directions
        rest = np.einsum("ij,ij->i", part, part) - np.einsum("ij,ij->i", along, along)
        short[start : start + _PROJECTED_AT_A_TIME, :width] = along
        short[start : start + _PROJECTED_AT_A_TIME, width] = np.sqrt(np.maximum(rest, 0)) + 1e-6
    return short
