"""How pictures are grouped: OPTICS, or another method on the same graph or vectors.

- optics: exact, on the radius graph; labels by xi or dbscan extraction.
- dbscan: scikit-learn's, on the same radius graph; where that does not fit, read off the
  ordering, which differs in border pictures alone.
- hdbscan: scikit-learn's, on unit vectors (their Euclidean distance grows with the cosine
  distance); beyond a few thousand pictures on their principal components.
- kmeans: scikit-learn's, on unit vectors; every picture is in a cluster, where there are
  at least `min_samples`.
- mix: the original's: what DBSCAN leaves out is noise, the rest goes to k-means.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vsig_core.clustering.graph import NeighbourGraph
from vsig_core.clustering.optics import Ordering, extract
from vsig_core.clustering.radius_graph import GraphTooLargeError
from vsig_core.settings import ClusteringSettings

WITHOUT_RADIUS = frozenset({"hdbscan", "kmeans"})
# scikit-learn's HDBSCAN compares all pictures in time of n² · d.
HDBSCAN_WHOLE, HDBSCAN_WIDTH = 5000, 50
# Beyond it k-means looks at a part of the pictures at a time.
KMEANS_WHOLE = 20_000
SEED = 7


@dataclass(frozen=True)
class Clustered:
    """What there is to find clusters in.

    Parameters
    ----------
    graph
        Vectors and neighbours of all pictures.
    ordering
        OPTICS at the radius in force.
    """

    graph: NeighbourGraph
    ordering: Ordering


def find_clusters(given: Clustered, settings: ClusteringSettings) -> NDArray[np.int64]:
    """Label each row by the method of the settings, shape (n,): from 0; -1 is noise.

    Parameters
    ----------
    given
        Graph and ordering.
    settings
        method, extraction, xi, min_samples, n_clusters.
    """
    rows = given.graph.size
    if settings.method == "optics":
        return extract(given.ordering, extraction=settings.extraction, xi=settings.xi)
    if rows < settings.min_samples:
        return np.full(rows, -1, np.int64)
    if settings.method == "dbscan":
        return _dbscan(given, settings.min_samples)
    if settings.method == "hdbscan":
        return _hdbscan(given.graph.unit, settings.min_samples)
    if settings.method == "kmeans":
        return _kmeans(given.graph.unit, settings)
    labels = _dbscan(given, settings.min_samples)
    inside = np.flatnonzero(labels >= 0)
    if inside.size:
        labels[inside] = _kmeans(given.graph.unit[inside], settings)
    return labels


def _dbscan(given: Clustered, min_samples: int) -> NDArray[np.int64]:
    from scipy.sparse import csr_matrix
    from sklearn.cluster import DBSCAN

    try:
        graph = given.graph.within(given.ordering.max_eps)
    except GraphTooLargeError:
        # The ordering has the same cores; only rows on a border may go to another of them.
        return extract(given.ordering, extraction="dbscan")
    shape = (graph.size, graph.size)
    near = csr_matrix((graph.distances, graph.indices, graph.indptr), shape=shape)
    method = DBSCAN(eps=graph.radius, min_samples=min_samples, metric="precomputed")
    return method.fit_predict(near).astype(np.int64)


def _hdbscan(unit: NDArray[np.float32], min_samples: int) -> NDArray[np.int64]:
    from sklearn.cluster import HDBSCAN
    from sklearn.decomposition import PCA

    if unit.shape[0] > HDBSCAN_WHOLE and unit.shape[1] > HDBSCAN_WIDTH:
        unit = PCA(HDBSCAN_WIDTH, random_state=SEED).fit_transform(unit)
    # Left out, copy gives a FutureWarning of scikit-learn's; its stub says text.
    copy: Any = True
    method = HDBSCAN(min_cluster_size=min_samples, min_samples=min_samples, copy=copy)
    return method.fit_predict(unit).astype(np.int64)


def _kmeans(unit: NDArray[np.float32], settings: ClusteringSettings) -> NDArray[np.int64]:
    from sklearn.cluster import KMeans, MiniBatchKMeans

    n = unit.shape[0]
    wanted = settings.n_clusters
    # Mardia, Kent and Bibby 1979: for want of better knowledge, the root of half the number.
    count = round(np.sqrt(n / 2)) if wanted == "auto" else wanted
    distinct = len(np.unique(unit, axis=0)) if n <= KMEANS_WHOLE else n
    kind = KMeans if n <= KMEANS_WHOLE else MiniBatchKMeans
    method = kind(int(np.clip(count, 1, distinct)), random_state=SEED)
    return method.fit_predict(unit).astype(np.int64)
