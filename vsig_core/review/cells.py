"""Where pictures lie on a grid on which none hides another.

The shape of a layout is kept, the gaps between its islands are narrowed, and each picture
goes to the free cell that is nearest to its place.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray


def spread(positions: NDArray[np.float64], evenness: float) -> NDArray[np.float64]:
    """Places in the unit square, between true distances and an even spread.

    Parameters
    ----------
    positions
        Shape (n, 2), in any units.
    evenness
        0 keeps the gaps between islands, 1 leaves none.
    """
    low, extent = positions.min(axis=0), np.ptp(positions, axis=0)
    true = np.where(extent > 0, (positions - low) / np.where(extent > 0, extent, 1), 0.5)
    n = len(positions)
    if n < 3:
        return true
    even = np.argsort(np.argsort(positions, axis=0, kind="stable"), axis=0) / (n - 1)
    return (1 - evenness) * true + evenness * even


def largest_first(clusters: Mapping[str, str | None]) -> tuple[list[str], Counter[str]]:
    """Names of the clusters, the largest first, and how many pictures each has.

    Parameters
    ----------
    clusters
        Cluster of each picture; None is noise.
    """
    sizes = Counter(name for name in clusters.values() if name is not None)
    return sorted(sizes, key=lambda name: (-sizes[name], name)), sizes


def choosing_order(
    uids: Sequence[str], clusters: Mapping[str, str | None], largest: Sequence[str]
) -> list[int]:
    """Rows in the order in which they choose a place: the largest cluster first, noise last."""
    rank = {name: number for number, name in enumerate(largest)}
    ranks = [rank.get(clusters.get(uid) or "", len(rank)) for uid in uids]
    return sorted(range(len(uids)), key=lambda row: (ranks[row], uids[row]))


def free_cells(
    unit: NDArray[np.float64], order: Sequence[int], shape: tuple[int, int]
) -> NDArray[np.int64]:
    """The cell of each row: the nearest that is still free when it chooses.

    Parameters
    ----------
    unit
        Shape (n, 2), places in the unit square, y pointing up.
    order
        All rows, in the order in which they choose.
    shape
        Columns and rows of the grid; at least n cells.

    Returns
    -------
    Shape (n, 2): column, and row counted from the top; no two are equal.
    """
    columns, rows = shape
    if columns * rows < len(unit):
        raise ValueError(f"{len(unit)} pictures do not go into {columns} × {rows} cells")
    from vsig_core.review._spiral import take_nearest

    # The y axis of a map points up, that of a picture down.
    wanted = np.column_stack([unit[:, 0] * (columns - 1), (1 - unit[:, 1]) * (rows - 1)])
    return take_nearest(wanted, np.asarray(order, np.int64), columns, rows)
