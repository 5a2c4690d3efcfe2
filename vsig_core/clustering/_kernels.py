"""Compiled inner loops; imported only where they run, for numba takes a second to load.

Every kernel is serial and deterministic: the same rows give the same bits, in
whatever blocks they come.
"""

import numpy as np
from numba import njit

DECIMALS = 1e15  # distances are rounded as scikit-learn's OPTICS rounds them


@njit(cache=True, nogil=True, inline="always")
def _dot(a, b):
    """Sum of products in float64, in one fixed order of eight partial sums."""
    d = a.shape[0]
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
    whole = d - d % 8
    for t in range(0, whole, 8):
        s0 += np.float64(a[t]) * np.float64(b[t])
        s1 += np.float64(a[t + 1]) * np.float64(b[t + 1])
        s2 += np.float64(a[t + 2]) * np.float64(b[t + 2])
        s3 += np.float64(a[t + 3]) * np.float64(b[t + 3])
        s4 += np.float64(a[t + 4]) * np.float64(b[t + 4])
        s5 += np.float64(a[t + 5]) * np.float64(b[t + 5])
        s6 += np.float64(a[t + 6]) * np.float64(b[t + 6])
        s7 += np.float64(a[t + 7]) * np.float64(b[t + 7])
    total = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))
    for t in range(whole, d):
        total += np.float64(a[t]) * np.float64(b[t])
    return total


@njit(cache=True, nogil=True)
def squared_norms(vectors):
    """Squared length of each row, shape (n,), float64."""
    n = vectors.shape[0]
    out = np.empty(n, np.float64)
    for i in range(n):
        out[i] = _dot(vectors[i], vectors[i])
    return out


@njit(cache=True, nogil=True, inline="always")
def _distance(vectors, squares, i, j):
    """Cosine distance of two rows in [0, 2], symmetric to the bit, 0 for equal rows."""
    # sqrt(x · x) is x, so that a row is at distance 0 from its copy.
    cosine = _dot(vectors[i], vectors[j]) / np.sqrt(squares[i] * squares[j])
    distance = np.rint((1.0 - cosine) * DECIMALS) / DECIMALS
    return min(max(distance, 0.0), 2.0)


@njit(cache=True, nogil=True)
def pair_distances(vectors, squares, rows, columns):
    """Cosine distance of each pair (rows[p], columns[p]), float64."""
    out = np.empty(rows.shape[0], np.float64)
    for p in range(rows.shape[0]):
        out[p] = _distance(vectors, squares, rows[p], columns[p])
    return out


@njit(cache=True, nogil=True)
def nominate(product, row_floor, column_floor, diagonal):
    """Cells of a block of similarities that either of their two rows may want.

    A cell (i, j) is named when it is at least the lower of `row_floor[i]` and
    `column_floor[j]`; on the diagonal block only cells above the diagonal.
    Returns two int64 arrays: rows and columns within the block.
    """
    n, m = product.shape
    lowest = np.float32(np.inf)
    for j in range(m):
        lowest = min(lowest, column_floor[j])
    found = 0
    for i in range(n):
        floor = min(lowest, row_floor[i])
        for j in range(m):
            found += product[i, j] >= floor
    rows = np.empty(found, np.int64)
    columns = np.empty(found, np.int64)
    at = 0
    for i in range(n):
        floor = row_floor[i]
        for j in range(i + 1 if diagonal else 0, m):
            if product[i, j] >= min(floor, column_floor[j]):
                rows[at] = i
                columns[at] = j
                at += 1
    return rows[:at], columns[:at]


@njit(cache=True, nogil=True, inline="always")
def _offer(distances, indices, row, candidate, distance):
    """Insert a candidate in a row's list, ascending by distance and then by row number."""
    k = distances.shape[1]
    last = k - 1
    worst = distances[row, last]
    if distance > worst or (distance == worst and candidate > indices[row, last] >= 0):
        return
    at = last
    while at > 0 and (
        distances[row, at - 1] > distance
        or (distances[row, at - 1] == distance and indices[row, at - 1] > candidate)
    ):
        distances[row, at] = distances[row, at - 1]
        indices[row, at] = indices[row, at - 1]
        at -= 1
    distances[row, at] = distance
    indices[row, at] = candidate


@njit(cache=True, nogil=True)
def offer_pairs(distances, indices, rows, columns, pair_distance):
    """Offer each pair to the k nearest of both its rows, in place."""
    for p in range(rows.shape[0]):
        _offer(distances, indices, rows[p], columns[p], pair_distance[p])
        _offer(distances, indices, columns[p], rows[p], pair_distance[p])


@njit(cache=True, nogil=True)
def rows_from_pairs(n, rows, columns, pair_distance):
    """Adjacency of both directions as CSR; each row's neighbours ascend by row number."""
    indptr = np.zeros(n + 1, np.int64)
    for p in range(rows.shape[0]):
        indptr[rows[p] + 1] += 1
        indptr[columns[p] + 1] += 1
    for i in range(n):
        indptr[i + 1] += indptr[i]
    at = indptr[:-1].copy()
    indices = np.empty(indptr[n], np.int32)
    distances = np.empty(indptr[n], np.float64)
    for p in range(rows.shape[0]):
        i, j = rows[p], columns[p]
        indices[at[i]] = j
        distances[at[i]] = pair_distance[p]
        at[i] += 1
        indices[at[j]] = i
        distances[at[j]] = pair_distance[p]
        at[j] += 1
    for i in range(n):
        low, high = indptr[i], indptr[i + 1]
        order = np.argsort(indices[low:high])
        indices[low:high] = indices[low:high][order]
        distances[low:high] = distances[low:high][order]
    return indptr, indices, distances


@njit(cache=True, nogil=True)
def core_distances(indptr, distances, others, radius):
    """Distance to the `others`-th nearest neighbour within the radius, else inf."""
    n = indptr.shape[0] - 1
    out = np.full(n, np.inf)
    for i in range(n):
        near = distances[indptr[i] : indptr[i + 1]]
        near = np.sort(near[near <= radius])
        if near.shape[0] >= others:
            out[i] = near[others - 1]
    return out


@njit(cache=True, nogil=True, inline="always")
def _before(reach, a, b):
    return reach[a] < reach[b] or (reach[a] == reach[b] and a < b)


@njit(cache=True, nogil=True)
def _rise(heap, place, reach, at):
    point = heap[at]
    while at > 0:
        parent = (at - 1) // 2
        if not _before(reach, point, heap[parent]):
            break
        heap[at] = heap[parent]
        place[heap[at]] = at
        at = parent
    heap[at] = point
    place[point] = at


@njit(cache=True, nogil=True)
def _take_first(heap, place, reach, size):
    """Take the first point off a heap of `size`, and mend the heap."""
    first = heap[0]
    point = heap[size - 1]
    size -= 1
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and _before(reach, heap[child + 1], heap[child]):
            child += 1
        if not _before(reach, heap[child], point):
            break
        heap[at] = heap[child]
        place[heap[at]] = at
        at = child
    heap[at] = point
    place[point] = at
    place[first] = -1
    return first


@njit(cache=True, nogil=True)
def walk(indptr, indices, distances, core, radius):
    """OPTICS: always on to the point that is reached most cheaply, ties to the smaller row.

    Returns ordering, reachability and predecessor, each indexed as scikit-learn does.
    """
    n = indptr.shape[0] - 1
    ordering = np.empty(n, np.int64)
    reach = np.full(n, np.inf)
    predecessor = np.full(n, -1, np.int64)
    done = np.zeros(n, np.bool_)
    heap = np.empty(n, np.int64)
    place = np.full(n, -1, np.int64)
    size = 0
    seed = 0
    for step in range(n):
        if size:
            point = _take_first(heap, place, reach, size)
            size -= 1
        else:
            while done[seed]:
                seed += 1
            point = seed
        done[point] = True
        ordering[step] = point
        if core[point] == np.inf:
            continue
        for p in range(indptr[point], indptr[point + 1]):
            other = indices[p]
            if done[other] or distances[p] > radius:
                continue
            reached = max(distances[p], core[point])
            if reached < reach[other]:
                if place[other] < 0:
                    heap[size] = other
                    place[other] = size
                    size += 1
                reach[other] = reached
                predecessor[other] = point
                _rise(heap, place, reach, place[other])
    return ordering, reach, predecessor


@njit(cache=True, nogil=True)
def walk_without_graph(vectors, squares, others, radius):
    """The same walk with distances computed as they are needed: slow, memory of n.

    For data so dense that its radius graph would not fit. Returns ordering,
    reachability, predecessor and core distances.
    """
    n = vectors.shape[0]
    ordering = np.empty(n, np.int64)
    reach = np.full(n, np.inf)
    predecessor = np.full(n, -1, np.int64)
    core = np.full(n, np.inf)
    done = np.zeros(n, np.bool_)
    row = np.empty(n, np.float64)
    for step in range(n):
        point = -1
        for i in range(n):
            if not done[i] and (point < 0 or reach[i] < reach[point]):
                point = i
        done[point] = True
        ordering[step] = point
        within = 0
        for i in range(n):
            row[i] = _distance(vectors, squares, point, i)
            within += i != point and row[i] <= radius
        if within < others:
            continue
        # The point itself, at distance 0, is the first of the sorted row.
        core[point] = np.partition(row, others)[others]
        for i in range(n):
            reached = max(row[i], core[point])
            if not done[i] and row[i] <= radius and reached < reach[i]:
                reach[i] = reached
                predecessor[i] = point
    return ordering, reach, predecessor, core


@njit(cache=True, nogil=True)
def _root(parent, i):
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@njit(cache=True, nogil=True)
def radius_of_overflow(n, rows, columns, weights, limit):
    """Weight of the edge that first joins more than `limit` points, else inf.

    Edges come in ascending order of weight (single linkage).
    """
    parent = np.arange(n)
    size = np.ones(n, np.int64)
    for p in range(rows.shape[0]):
        a, b = _root(parent, rows[p]), _root(parent, columns[p])
        if a == b:
            continue
        if size[a] < size[b]:
            a, b = b, a
        parent[b] = a
        size[a] += size[b]
        if size[a] > limit:
            return weights[p]
    return np.inf
