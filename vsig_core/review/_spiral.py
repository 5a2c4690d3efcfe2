"""Compiled inner loop of `free_cells`; imported only where it runs, for numba takes a second."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def take_nearest(wanted, order, columns, rows):
    """Cells that rows take one after the other, by rings around the place that each wants.

    A ring that was found full stays full, so that a later search around the same cell
    begins behind it.
    """
    taken = np.zeros((columns, rows), np.bool_)
    full = np.zeros((columns, rows), np.int32)  # rings around a cell known to have no free one
    places = np.empty((len(order), 2), np.int64)
    for row in order:
        x, y = wanted[row]
        middle_c, middle_r = int(np.floor(x + 0.5)), int(np.floor(y + 0.5))
        best, best_c, best_r = np.inf, -1, -1
        ring = full[middle_c, middle_r]
        # A cell in ring r is at least r - 1/2 away.
        while best_c < 0 or (ring - 0.5) ** 2 < best:
            for c in range(max(0, middle_c - ring), min(columns, middle_c + ring + 1)):
                on_side = c == middle_c - ring or c == middle_c + ring
                step = 1 if on_side or ring == 0 else 2 * ring
                for r in range(middle_r - ring, middle_r + ring + 1, step):
                    if r < 0 or r >= rows or taken[c, r]:
                        continue
                    distance = (c - x) ** 2 + (r - y) ** 2
                    if distance < best:
                        best, best_c, best_r = distance, c, r
            if best_c < 0:
                full[middle_c, middle_r] = ring + 1
            ring += 1
        taken[best_c, best_r] = True
        places[row, 0], places[row, 1] = best_c, best_r
    return places
