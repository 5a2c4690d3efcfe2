"""Compiled inner loops; imported only where they run, for numba takes a second to load.

Serial and deterministic; they let other threads run.
"""

import math

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def mutual_nearest(cosines, first, second, weights):
    """Pairs of cells that are each other's nearest; returns how many.

    `cosines` has shape (n, m). Written: the cells and the squared cosine of each pair, whose
    cosine is above 0. Of equals the earlier cell is the nearest.
    """
    n, m = cosines.shape
    highest = np.full(m, -np.inf, np.float32)
    below = np.zeros(m, np.int64)
    right = np.zeros(n, np.int64)
    for i in range(n):
        best = np.float32(-np.inf)
        for j in range(m):
            value = cosines[i, j]
            if value > best:
                best = value
                right[i] = j
            if value > highest[j]:
                highest[j] = value
                below[j] = i
    count = 0
    for i in range(n):
        j = right[i]
        if below[j] == i and cosines[i, j] > 0:
            first[count] = i
            second[count] = j
            weights[count] = cosines[i, j] * cosines[i, j]
            count += 1
    return count


@njit(cache=True, nogil=True)
def vote(points, others, weights, scales, spread):
    """The scale, and the offset in whole cells, on which most weight agrees.

    A pair votes for other = scale · point + offset, for each scale, in all cells of offset at
    most `spread` from its own. Returns (weight, scale, x, y): the first of equals, scales in
    their order, then rows of offsets from above, then columns from the left.
    """
    count = points.shape[0]
    best, best_scale, best_x, best_y = 0.0, 1.0, 0.0, 0.0
    for scale in scales:
        cells = np.empty((count, 2), np.int64)
        for p in range(count):
            for axis in range(2):
                cells[p, axis] = math.floor(others[p, axis] - scale * points[p, axis])
        low_x, low_y = cells[:, 0].min() - spread, cells[:, 1].min() - spread
        wide = cells[:, 0].max() + spread - low_x + 1
        high = cells[:, 1].max() + spread - low_y + 1
        votes = np.zeros((high, wide), np.float64)
        for p in range(count):
            for y in range(cells[p, 1] - spread - low_y, cells[p, 1] + spread - low_y + 1):
                for x in range(cells[p, 0] - spread - low_x, cells[p, 0] + spread - low_x + 1):
                    votes[y, x] += weights[p]
        for y in range(high):
            for x in range(wide):
                if votes[y, x] > best + 1e-9:  # sums in another order differ in the last bits
                    best, best_scale = votes[y, x], scale
                    best_x, best_y = x + low_x + 0.5, y + low_y + 0.5
    return best, best_scale, best_x, best_y


@njit(cache=True, nogil=True)
def refine(points, others, weights, scale, x, y, radius, agreeing):
    """Fit scale and offset to the pairs that agree, three times; returns their weight.

    `agreeing` is written: which pairs lie within `radius` cells of where the last fit, or the
    vote, puts them.
    """
    count = points.shape[0]
    total = 0.0
    for _ in range(3):
        total = 0.0
        mean = np.zeros(4)
        for p in range(count):
            dx = others[p, 0] - scale * points[p, 0] - x
            dy = others[p, 1] - scale * points[p, 1] - y
            agreeing[p] = dx * dx + dy * dy <= radius * radius
            if agreeing[p]:
                total += weights[p]
                mean[:2] += weights[p] * points[p]
                mean[2:] += weights[p] * others[p]
        if total <= 0:
            break
        mean /= total
        along, square = 0.0, 0.0
        for p in range(count):
            if agreeing[p]:
                for axis in range(2):
                    here = points[p, axis] - mean[axis]
                    along += weights[p] * here * (others[p, axis] - mean[2 + axis])
                    square += weights[p] * here * here
        if square <= 0 or not 1 / 3 <= along / square <= 3:
            break
        scale = along / square
        x, y = mean[2] - scale * mean[0], mean[3] - scale * mean[1]
    return total
