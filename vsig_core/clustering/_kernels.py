"""Compiled inner loops; imported only where they run, for numba takes a second to load.

Every kernel is serial and deterministic: the same rows give the same bits, in
whatever blocks they come.
"""

import numpy as np
from numba import njit

DECIMALS = 1e15  # distances are rounded as scikit-learn's OPTICS rounds them
CHUNK = 64  # cells of a product that are looked at together


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


@njit(cache=True, nogil=True, fastmath={"nnan", "nsz"}, inline="always")
def _largest(row, low, high):
    """Largest value of a part of a row; compiled to vector instructions."""
    most = row[low]
    for j in range(low + 1, high):
        most = max(most, row[j])
    return most


@njit(cache=True, nogil=True)
def nominate(product, row_floor, column_floor, diagonal):
    """Cells of a block of similarities that either of their two rows may want.

    A cell (i, j) is named when it is at least the lower of `row_floor[i]` and
    `column_floor[j]`; on a diagonal block only cells above the diagonal.
    Returns two int64 arrays: rows and columns within the block.
    """
    n, m = product.shape
    chunks = (m + CHUNK - 1) // CHUNK
    lowest = np.empty(chunks, np.float32)
    for c in range(chunks):
        lowest[c] = column_floor[c * CHUNK : (c + 1) * CHUNK].min()
    rows = np.empty(CHUNK, np.int64)
    columns = np.empty(CHUNK, np.int64)
    at = 0
    for i in range(n):
        first = i + 1 if diagonal else 0
        for c in range(first // CHUNK, chunks):
            low, high = max(first, c * CHUNK), min(m, (c + 1) * CHUNK)
            if low >= high or _largest(product[i], low, high) < min(row_floor[i], lowest[c]):
                continue
            if at + CHUNK > rows.shape[0]:
                rows = np.concatenate((rows, np.empty_like(rows)))
                columns = np.concatenate((columns, np.empty_like(columns)))
            for j in range(low, high):
                if product[i, j] >= min(row_floor[i], column_floor[j]):
                    rows[at] = i
                    columns[at] = j
                    at += 1
    return rows[:at], columns[:at]


@njit(cache=True, nogil=True, inline="always")
def _offer(distances, indices, row, candidate, distance):
    """Insert a candidate in a row's list, ascending by distance and then by row number.

    One that stands there already is left alone.
    """
    k = distances.shape[1]
    at = k
    while at > 0 and (
        distances[row, at - 1] > distance
        or (distances[row, at - 1] == distance and indices[row, at - 1] > candidate)
    ):
        at -= 1
    if at == k or (at > 0 and indices[row, at - 1] == candidate):
        return
    for later in range(k - 1, at, -1):
        distances[row, later] = distances[row, later - 1]
        indices[row, later] = indices[row, later - 1]
    distances[row, at] = distance
    indices[row, at] = candidate


@njit(cache=True, nogil=True)
def offer(distances, indices, rows, columns, pair_distance):
    """Offer each pair to the k nearest of its first row, in place."""
    for p in range(rows.shape[0]):
        _offer(distances, indices, rows[p], columns[p], pair_distance[p])


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
def rows_with_lists(indptr, indices, distances, lists, list_distances):
    """Adjacency as CSR, with the list of nearest rows added to each row."""
    n, k = lists.shape
    joined = indptr + k * np.arange(n + 1)
    all_indices = np.empty(joined[n], np.int32)
    all_distances = np.empty(joined[n], np.float64)
    for i in range(n):
        middle = joined[i + 1] - k
        all_indices[joined[i] : middle] = indices[indptr[i] : indptr[i + 1]]
        all_distances[joined[i] : middle] = distances[indptr[i] : indptr[i + 1]]
        all_indices[middle : joined[i + 1]] = lists[i]
        all_distances[middle : joined[i + 1]] = list_distances[i]
    return joined, all_indices, all_distances


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
def _before(walk, a, b):
    reach, upcoming = walk.reach, walk.upcoming
    return reach[a] < reach[b] or (reach[a] == reach[b] and upcoming[a] < upcoming[b])


@njit(cache=True, nogil=True)
def _rise(walk, at):
    heap, place = walk.heap, walk.place
    item = heap[at]
    while at > 0:
        parent = (at - 1) // 2
        if not _before(walk, item, heap[parent]):
            break
        heap[at] = heap[parent]
        place[heap[at]] = at
        at = parent
    heap[at] = item
    place[item] = at


@njit(cache=True, nogil=True)
def _sink(walk, at, size):
    heap, place = walk.heap, walk.place
    item = heap[at]
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and _before(walk, heap[child + 1], heap[child]):
            child += 1
        if not _before(walk, heap[child], item):
            break
        heap[at] = heap[child]
        place[heap[at]] = at
        at = child
    heap[at] = item
    place[item] = at


@njit(cache=True, nogil=True)
def _mend(walk, size):
    """Put the heap in order after a row of its first item was passed; returns its size."""
    first = walk.heap[0]
    if walk.upcoming[first] == walk.ordering.shape[0]:
        size -= 1
        walk.place[first] = -1
        if size == 0:
            return size
        walk.heap[0] = walk.heap[size]
    _sink(walk, 0, size)
    return size


@njit(cache=True, nogil=True)
def _reached(walk, size, item, value, point):
    """Write down that a point reaches an item at a value; returns the size of the heap."""
    walk.reach[item] = value
    walk.before[item] = point
    if walk.place[item] < 0:
        walk.heap[size] = item
        walk.place[item] = size
        size += 1
    _rise(walk, walk.place[item])
    return size


@njit(cache=True, nogil=True)
def walk_on(walk, indptr, indices, distances, core, known, radius):
    """OPTICS: always on to the row that is reached most cheaply, ties to the smaller row.

    Rows that are equal to the bit are one *item*: whatever reaches one of them reaches all
    at the same value, so only the first of them looks around.

    Parameters
    ----------
    walk
        `Walk`, changed in place; a walk that stopped goes on where it was.
    indptr, indices, distances
        Adjacency of items as CSR: pairs of which both ends may know, or only one.
    core
        Core distance of each item; inf where it lies beyond the radius.
    known
        Of each item: every pair below this distance is in the adjacency.
    radius
        Largest distance, inclusive.

    Returns
    -------
    Whether the walk is over. It stops where a pair that is not in the adjacency might be
    the cheapest: then `walk.pending` are the items to be compared with all others.
    """
    n = walk.ordering.shape[0]
    size, step, waiting = walk.counts[0], walk.counts[1], walk.counts[2]
    limit = walk.limit[0]
    while step < n:
        if waiting and (size == 0 or walk.reach[walk.heap[0]] >= limit):
            break
        if size:
            item = walk.heap[0]
        else:
            # Nothing is reached any more: on with the smallest row that is left.
            while walk.upcoming[walk.item_of[walk.counts[3]]] != walk.counts[3]:
                walk.counts[3] += 1
            item = walk.item_of[walk.counts[3]]
        row = walk.upcoming[item]
        walk.ordering[step] = row
        walk.reachability[row] = walk.reach[item]
        walk.predecessor[row] = walk.before[item]
        walk.step_of[row] = step
        step += 1
        walk.upcoming[item] = walk.following[row]
        if size:
            size = _mend(walk, size)
        is_first = not walk.seen[item]
        walk.seen[item] = True
        if not is_first or core[item] == np.inf:
            continue
        if walk.upcoming[item] < n and core[item] < walk.reach[item]:
            size = _reached(walk, size, item, core[item], row)
        for p in range(indptr[item], indptr[item + 1]):
            other = indices[p]
            value = max(distances[p], core[item])
            if walk.upcoming[other] < n and distances[p] <= radius and value < walk.reach[other]:
                size = _reached(walk, size, other, value, row)
        if known[item] <= radius:
            walk.pending[waiting] = row
            waiting += 1
            limit = min(limit, known[item])
    walk.counts[0], walk.counts[1], walk.counts[2] = size, step, waiting
    walk.limit[0] = limit
    return step == n


@njit(cache=True, nogil=True)
def reach_from_far(walk, points, products, others, vectors, squares, core, bounds):
    """Let a block of points that the walk has passed reach items it has not.

    Parameters
    ----------
    walk
        `Walk`, changed in place.
    points
        Rows that the walk has passed, in its order.
    products
        float32 similarities, shape (others, points).
    others
        Items of the rows of `products`.
    vectors, squares, core
        Of the items.
    bounds
        (radius, what float32 may be off by).
    """
    radius, slack = bounds
    n = walk.ordering.shape[0]
    size = walk.counts[0]
    cores = core[walk.item_of[points]]
    for i in range(others.shape[0]):
        other = others[i]
        if walk.upcoming[other] == n:
            continue
        least = np.inf
        for j in range(points.shape[0]):
            least = min(least, max(1.0 - np.float64(products[i, j]), cores[j]))
        if least - slack > min(walk.reach[other], radius):
            continue
        worth = least + 2 * slack
        best, nearest = np.inf, -1
        for j in range(points.shape[0]):
            near = 1.0 - np.float64(products[i, j])
            if max(near, cores[j]) > worth:
                continue
            value = cores[j]
            if near + slack > cores[j]:
                distance = _distance(vectors, squares, walk.item_of[points[j]], other)
                value = max(distance, cores[j])
            if value < best:
                best, nearest = value, points[j]
        if best > min(walk.reach[other], radius):
            continue
        before = walk.before[other]
        if best < walk.reach[other] or walk.step_of[nearest] < walk.step_of[before]:
            size = _reached(walk, size, other, best, nearest)
    walk.counts[0] = size


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
