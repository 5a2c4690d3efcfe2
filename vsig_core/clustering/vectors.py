"""What may enter the neighbour graph: rows that a cosine distance is defined for."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vsig_core.errors import VectorsError

# Sizes whose squares and their products stay well within float64.
SHORTEST, LONGEST = 1e-30, 1e30
_NAMED = 5  # offenders that a message names


def check_vectors(
    vectors: NDArray[np.floating], uids: Sequence[str] | None = None
) -> NDArray[np.floating]:
    """Refuse what has no cosine distance, naming the rows.

    Parameters
    ----------
    vectors
        Shape (n, d), of any length but zero; n may be 0.
    uids
        Names of the rows for the message; row numbers stand in where left out.

    Returns
    -------
    The same rows, C-contiguous, float32 or float64 as they were (other number
    types become float64).

    Raises
    ------
    VectorsError
        Not two-dimensional, NaN, infinite or zero rows, or uids that are not
        one for each row and each once.
    """
    rows = np.asarray(vectors)
    if rows.ndim != 2:
        raise VectorsError(
            f"Vectors have shape {rows.shape}; expected (n, d): one row for each picture, "
            "all of one model and so of one width."
        )
    if rows.dtype not in (np.float32, np.float64):
        rows = rows.astype(np.float64)
    _check_uids(rows.shape[0], uids)
    if not rows.size:
        return np.ascontiguousarray(rows)
    largest = np.maximum(rows.max(axis=1), -rows.min(axis=1))
    _refuse(~np.isfinite(largest), "NaN or infinite", uids)
    _refuse(largest == 0, "zero", uids)
    out_of_range = (largest < SHORTEST) | (largest > LONGEST)
    _refuse(out_of_range, f"not between {SHORTEST:g} and {LONGEST:g} in size", uids)
    return np.ascontiguousarray(rows)


def _check_uids(n: int, uids: Sequence[str] | None) -> None:
    if uids is None:
        return
    if len(uids) != n:
        raise VectorsError(f"{n} vectors came with {len(uids)} uids; each vector needs its own.")
    if len(set(uids)) != n:
        seen: set[str] = set()
        twice = sorted({uid for uid in uids if uid in seen or seen.add(uid)})
        raise VectorsError(
            f"{len(twice)} uids stand more than once, first: {', '.join(twice[:_NAMED])}. "
            "Each picture has one vector: were the vectors of two models or batches mixed?"
        )


def _refuse(bad: NDArray[np.bool_], what: str, uids: Sequence[str] | None) -> None:
    rows = np.flatnonzero(bad)
    if not rows.size:
        return
    names = [str(row) if uids is None else f"{uids[row]} (row {row})" for row in rows[:_NAMED]]
    more = ", …" if rows.size > _NAMED else ""
    raise VectorsError(
        f"{rows.size} of {bad.size} vectors are {what}: row {', '.join(names)}{more}. "
        "Such a picture has no place among the others: embed it again, or take it out."
    )
