"""UMAP on the neighbours that are known already; imported only where a map is drawn.

Calls umap's own fuzzy set and optimiser. `UMAP(init=old)` would rescale the old
map along each axis and make it jump; the optimiser takes positions as they are.
"""

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix

from vsig_core.settings import LayoutSettings

with warnings.catch_warnings():
    # umap says at every import that it does without Tensorflow, and so do we.
    warnings.simplefilter("ignore", ImportWarning)
    from umap.layouts import optimize_layout_euclidean
    from umap.umap_ import find_ab_params, fuzzy_simplicial_set, make_epochs_per_sample

if TYPE_CHECKING:
    from vsig_core.layout.placing import Points

FRESH_EPOCHS = 500  # umap's own defaults: 500, and 200 for large data
LARGE_EPOCHS = 200
LARGE = 10_000
UPDATE_EPOCHS = 200


def optimise(
    points: "Points", start: NDArray[np.float64], settings: LayoutSettings, *, rate: float
) -> NDArray[np.float64]:
    """Let the map settle from a start.

    Parameters
    ----------
    points
        Their neighbours shape the map.
    start
        Shape (n, 2), taken as it is.
    settings
        n_neighbors, min_dist, seed.
    rate
        Learning rate: 1 for a fresh map, less to continue one.
    """
    n = start.shape[0]
    epochs = UPDATE_EPOCHS if rate < 1 else FRESH_EPOCHS if n <= LARGE else LARGE_EPOCHS
    random = np.random.RandomState(settings.seed)
    graph = _fuzzy_set(points, settings, random)
    graph.sum_duplicates()
    graph.data[graph.data < graph.data.max(initial=0) / epochs] = 0
    graph.eliminate_zeros()
    a, b = find_ab_params(1.0, settings.min_dist)
    positions = np.ascontiguousarray(start, np.float32)
    limits = np.iinfo(np.int32)
    settled = optimize_layout_euclidean(
        positions,
        positions,
        graph.row,
        graph.col,
        epochs,
        n,
        make_epochs_per_sample(graph.data, epochs),
        a,
        b,
        random.randint(limits.min + 1, limits.max - 1, 3).astype(np.int64),
        initial_alpha=rate,
        parallel=False,  # in parallel the same seed draws another map each time
        move_other=True,
    )
    return np.asarray(settled, np.float64)


def _fuzzy_set(
    points: "Points", settings: LayoutSettings, random: np.random.RandomState
) -> coo_matrix:
    """UMAP's weighted graph; its lists begin with the row itself."""
    k = min(settings.n_neighbors - 1, points.indices.shape[1])
    n = len(points.uids)
    own = np.arange(n)[:, None]
    graph: Any = fuzzy_simplicial_set(
        points.vectors,
        k + 1,
        random,
        "cosine",
        knn_indices=np.hstack([own, points.indices[:, :k]]),
        knn_dists=np.hstack([np.zeros((n, 1)), points.distances[:, :k]]).astype(np.float32),
    )[0]
    return graph.tocoo()
