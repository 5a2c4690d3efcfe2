"""Compiled inner loops; imported only where they run, for numba takes a second to load.

Serial and deterministic; they let other threads run. Two threads were no faster: a pair is
done in 0.2 ms.
"""

import math

import numpy as np
from numba import njit

EQUAL = 1e-9  # sums of the same weights in another order differ in the last bits


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
    columns, rows = np.empty(count, np.int64), np.empty(count, np.int64)
    best, best_scale, best_x, best_y = 0.0, 1.0, 0.0, 0.0
    for scale in scales:
        left, right, top, bottom = 1 << 30, -(1 << 30), 1 << 30, -(1 << 30)
        for p in range(count):
            columns[p] = math.floor(others[p, 0] - scale * points[p, 0])
            rows[p] = math.floor(others[p, 1] - scale * points[p, 1])
            left, right = min(left, columns[p]), max(right, columns[p])
            top, bottom = min(top, rows[p]), max(bottom, rows[p])
        left, top = left - spread, top - spread
        votes = np.zeros((bottom + spread - top + 1, right + spread - left + 1), np.float64)
        for p in range(count):
            for y in range(rows[p] - spread - top, rows[p] + spread - top + 1):
                for x in range(columns[p] - spread - left, columns[p] + spread - left + 1):
                    votes[y, x] += weights[p]
        for y in range(votes.shape[0]):
            for x in range(votes.shape[1]):
                if votes[y, x] > best + EQUAL:
                    best, best_scale = votes[y, x], scale
                    best_x, best_y = x + left + 0.5, y + top + 0.5
    return best, best_scale, best_x, best_y


@njit(cache=True, nogil=True)
def refine(points, others, weights, scale, x, y, radius, agreeing):
    """Fit scale and offset to the pairs that agree, three times; returns their weight.

    `agreeing` is written: which pairs lie within `radius` cells of where the last fit, or the
    vote, puts them.
    """
    total = 0.0
    for _ in range(3):
        total, x1, y1, x2, y2 = 0.0, 0.0, 0.0, 0.0, 0.0
        for p in range(points.shape[0]):
            dx = others[p, 0] - scale * points[p, 0] - x
            dy = others[p, 1] - scale * points[p, 1] - y
            agreeing[p] = dx * dx + dy * dy <= radius * radius
            if agreeing[p]:
                weight = weights[p]
                total += weight
                x1, y1 = x1 + weight * points[p, 0], y1 + weight * points[p, 1]
                x2, y2 = x2 + weight * others[p, 0], y2 + weight * others[p, 1]
        if total <= 0:
            break
        x1, y1, x2, y2 = x1 / total, y1 / total, x2 / total, y2 / total
        along, square = 0.0, 0.0
        for p in range(points.shape[0]):
            if agreeing[p]:
                dx, dy = points[p, 0] - x1, points[p, 1] - y1
                along += weights[p] * (dx * (others[p, 0] - x2) + dy * (others[p, 1] - y2))
                square += weights[p] * (dx * dx + dy * dy)
        if square <= 0 or along < square / 3 or along > 3 * square:
            break
        scale = along / square
        x, y = x2 - scale * x1, y2 - scale * y1
    return total
