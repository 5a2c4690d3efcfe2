"""Short vectors that stand in for rows: their product is never below the similarity.

With p the coordinates of a row u on some orthonormal directions and r the length of
what they leave out, Cauchy and Schwarz give u·v ≤ p_u·p_v + r_u r_v. So pairs whose
bound lies below the floor need no full product. Good directions are those of most
spread; embeddings of pictures have a few, isotropic vectors none.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTHS = (32, 64, 128)  # directions tried
SAMPLE = 1024  # rows that the directions come from, and as many that they are tried on
# What a pair costs, in units of one multiplication of a large product: to look at its
# bound, and to compute its exact distance for each dimension. Measured on 2 cores.
LOOK, EXACT = 50.0, 16.0
_HALF_ULP = 2.0**-24  # of float32


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
    return (width + 4) * _HALF_ULP + 2e-6


def projection_error(dimensions: int, width: int) -> float:
    """Bound on the length of the error of a row's float32 coordinates.

    Each of them is a sum of `dimensions` products, of directions that are rounded too. The
    rest of a row is then not quite orthogonal to the directions: this much, at most, of
    either row of a pair goes into their product.
    """
    return (dimensions + 2) * _HALF_ULP * width**0.5


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
    return StandIns(
        _shortened(unit, directions[:, :best]), slack(best + 1) + 2 * projection_error(d, best)
    )


def _directions(sample: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """Orthonormal columns, most spread first, shape (d, width)."""
    from sklearn.utils.extmath import randomized_svd

    # The mean is left in: similarities are of rows, not of centred rows. Any orthonormal
    # directions will do, so two rounds of power iteration are enough.
    rounds: Any = 2  # its stub knows the word "auto" only
    found = randomized_svd(sample, n_components=width, n_iter=rounds, random_state=0)[2].T
    return np.linalg.qr(found.astype(np.float64))[0].astype(np.float32)


def _share(
    sample: NDArray[np.float32], directions: NDArray[np.float32], floors: NDArray[np.float32]
) -> float:
    """Share of the pairs of a sample that the bound does not rule out."""
    short = _shortened(sample, directions)
    open_pairs = short @ short.T >= np.minimum(floors[:, None], floors[None, :])
    np.fill_diagonal(open_pairs, val=False)
    return float(open_pairs.mean())


def _shortened(rows: NDArray[np.float32], directions: NDArray[np.float32]) -> NDArray[np.float32]:
    """Coordinates on the directions, then the length of the rest, rounded up."""
    n, width = rows.shape[0], directions.shape[1]
    short = np.empty((n, width + 1), np.float32)
    short[:, :width] = rows @ directions
    squares = np.einsum("ij,ij->i", short[:, :width], short[:, :width], dtype=np.float64)
    # Rows are of length 1 within 1e-6 (see `_blocks.unit_rows`).
    rest = 1 + 1e-6 - squares + 2 * projection_error(rows.shape[1], width)
    short[:, width] = np.nextafter(np.sqrt(np.maximum(rest, 0)).astype(np.float32), np.float32(2))
    return short
