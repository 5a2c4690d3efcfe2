"""Where each picture lies on the map, and how the map stays put (DESIGN 5.8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse.linalg import eigsh

from vsig_core.errors import InputError
from vsig_core.settings import LayoutSettings
from vsig_core.store.schema import schema

# Below it UMAP has nothing to shape (it raises at 3).
SMALLEST_UMAP = 5
# An old map with fewer of the pictures than this is no map to go on with.
CONTINUED_SHARE = 1 / 3
DENSE_WIDTH = 32  # up to it all axes are computed, beyond only the two that are wanted
EXTENT = 10.0  # a fresh map starts within ±10, as UMAP's own does


@dataclass(frozen=True)
class Points:
    """The pictures of a map and their neighbours.

    Parameters
    ----------
    uids
        Names, one for each row.
    vectors
        Shape (n, d), float32, length 1.
    indices
        Shape (n, k): the nearest rows of each row, itself left out.
    distances
        Shape (n, k): their cosine distances, ascending.
    """

    uids: Sequence[str]
    vectors: NDArray[np.floating]
    indices: NDArray[np.integer]
    distances: NDArray[np.floating]

    def __post_init__(self) -> None:
        n = len(self.uids)
        given = (self.vectors.shape[0], self.indices.shape[0], self.distances.shape[0])
        if given != (n, n, n):
            raise InputError(
                f"A map of {n} pictures came with {given[0]} vectors and the neighbours of "
                f"{given[1]} (distances: {given[2]}); each picture needs one of each."
            )


def lay_out(points: Points, previous: pa.Table | None, settings: LayoutSettings) -> pa.Table:
    """Make the table `layout`.

    Parameters
    ----------
    points
        All pictures.
    previous
        The layout before, to be continued; None draws a fresh map. It is not
        continued either when it has fewer than a third of the pictures; the
        fresh map is then turned and mirrored to lie on it as well as it can.
    settings
        Method, neighbours, min_dist, update rate, seed.

    Returns
    -------
    One row for each picture, in the order given.
    """
    old = known_positions(points.uids, previous)
    placed = ~np.isnan(old[:, 0])
    if placed.any() and not np.ptp(old[placed], axis=0).any():
        # A map that lies in one point, as of a network that had collapsed, is none.
        old, placed = np.full_like(old, np.nan), np.zeros_like(placed)
    if settings.method == "pca" or len(points.uids) < SMALLEST_UMAP:
        positions = _aligned(_principal(points.vectors), old, placed)
    elif settings.method == "tsne":
        positions = _aligned(_tsne(points, old, placed, settings), old, placed)
    elif placed.sum() >= max(SMALLEST_UMAP, CONTINUED_SHARE * len(points.uids)):
        positions = _continued(points, old, placed, settings)
    else:
        positions = _aligned(_fresh(points, settings), old, placed)
    x, y = positions.T.tolist()
    columns = {"uid": list(points.uids), "x": x, "y": y}
    return pa.Table.from_pydict(columns, schema=schema("layout"))


def known_positions(uids: Sequence[str], layout: pa.Table | None) -> NDArray[np.float64]:
    """Positions of these pictures in a layout, shape (n, 2); NaN where it lacks them."""
    positions = np.full((len(uids), 2), np.nan)
    if layout is None:
        return positions
    row_of = {uid: row for row, uid in enumerate(layout["uid"].to_pylist())}
    known = np.column_stack([layout["x"].to_numpy(), layout["y"].to_numpy()])
    for row, uid in enumerate(uids):
        if uid in row_of:
            positions[row] = known[row_of[uid]]
    return positions


def place_new(
    old: NDArray[np.float64], indices: NDArray[np.integer], seed: int
) -> NDArray[np.float64]:
    """Put pictures without a position at the mean of their placed neighbours.

    Repeated until nothing is reached any more; what no neighbour leads to goes
    to the middle of the map. A little noise keeps copies apart.
    """
    positions = old.copy()
    while True:
        placed = ~np.isnan(positions[:, 0])
        led = placed[indices] & ~placed[:, None]
        reached = np.flatnonzero(led.any(axis=1))
        if not reached.size:
            break
        near = np.where(led[reached, :, None], positions[indices[reached]], np.nan)
        positions[reached] = np.nanmean(near, axis=1)
    positions[np.isnan(positions[:, 0])] = np.nanmean(positions, axis=0)
    new = np.isnan(old[:, 0])
    spread = 1e-3 * np.ptp(positions, axis=0).max(initial=0)
    noise = np.random.default_rng(seed).normal(scale=max(spread, 1e-6), size=positions.shape)
    positions[new] += noise[new]
    return positions


def _principal(vectors: NDArray[np.floating]) -> NDArray[np.float64]:
    """The first two principal components, within ±EXTENT; each axis' largest weight positive."""
    n, d = vectors.shape
    if n < 2:
        return np.zeros((n, 2))
    centred = vectors - vectors.mean(axis=0, dtype=np.float64)
    covariance = centred.T @ centred
    if np.trace(covariance) < 1e-12 * n:  # copies of one picture
        return np.zeros((n, 2))
    if d > DENSE_WIDTH:
        axes = eigsh(covariance, k=2, v0=np.ones(d))[1][:, ::-1]
    else:
        axes = np.linalg.eigh(covariance)[1][:, ::-1][:, :2]
    strongest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    positions = centred @ (axes * np.sign(strongest))
    if positions.shape[1] < 2:
        positions = np.column_stack([positions, np.zeros(n)])
    return positions * (EXTENT / np.abs(positions).max())


def _fresh(points: Points, settings: LayoutSettings) -> NDArray[np.float64]:
    from vsig_core.layout._umap import optimise

    start = _principal(points.vectors)
    start += np.random.default_rng(settings.seed).normal(scale=1e-3, size=start.shape)
    return _levelled(optimise(points, start, settings, rate=1.0))


def _tsne(
    points: Points, old: NDArray[np.float64], placed: NDArray[np.bool_], settings: LayoutSettings
) -> NDArray[np.float64]:
    """t-SNE on the known neighbours, from the map before where it has most of the pictures."""
    from scipy.sparse import csr_matrix
    from sklearn.manifold import TSNE

    n, k = points.indices.shape
    # scikit-learn counts the row itself among its neighbours.
    columns = np.column_stack([np.arange(n), points.indices]).ravel()
    distances = np.column_stack([np.zeros(n), points.distances]).ravel()
    graph = csr_matrix((distances, columns, np.arange(n + 1) * (k + 1)), shape=(n, n))
    continued = placed.sum() >= CONTINUED_SHARE * n
    start = place_new(old, points.indices, settings.seed) if continued else _tsne_start(points)
    # A perplexity of p looks at 3 p neighbours.
    method = TSNE(
        perplexity=max(0.1, (k - 1) / 3),
        metric="precomputed",
        init=cast(Any, start.astype(np.float32)),  # its stub knows the words only
        # Exaggeration tears a start apart before it settles: only a fresh map needs that.
        early_exaggeration=1.0 if continued else 12.0,
        random_state=settings.seed,
    )
    return method.fit_transform(graph).astype(np.float64)


def _tsne_start(points: Points) -> NDArray[np.float64]:
    """Principal components, as small as scikit-learn makes its own start."""
    start = _principal(points.vectors)
    return 1e-4 / max(start.std(), 1e-12) * start


def _levelled(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn a map so that its longer extent lies level, as a screen and a page do."""
    centred = positions - positions.mean(axis=0)
    axes = np.linalg.svd(centred, full_matrices=False)[2]
    turned = centred @ axes.T
    # Of the four ways to lie level, the one with its far ends right and up.
    skew = np.sign((turned**3).sum(axis=0))
    return turned * np.where(skew == 0, 1, skew)


def _continued(
    points: Points, old: NDArray[np.float64], placed: NDArray[np.bool_], settings: LayoutSettings
) -> NDArray[np.float64]:
    from vsig_core.layout._umap import optimise

    start = place_new(old, points.indices, settings.seed)
    moved = optimise(points, start, settings, rate=settings.update_rate)
    # The whole map may drift as one; that is no news about any picture.
    return moved + np.median(old[placed] - moved[placed], axis=0)


def _aligned(
    positions: NDArray[np.float64], old: NDArray[np.float64], placed: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Turn and mirror a fresh map so that the pictures known before lie near their old places."""
    if placed.sum() < 2:
        return positions
    centre, target = positions[placed].mean(axis=0), old[placed].mean(axis=0)
    u, _, v = np.linalg.svd((positions[placed] - centre).T @ (old[placed] - target))
    return (positions - centre) @ (u @ v) + target
