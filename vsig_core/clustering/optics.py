"""OPTICS, exact, on the radius graph (Ankerst et al. 1999).

Ordering, reachability, core distances and predecessors are those of
`sklearn.cluster.OPTICS(metric="cosine", algorithm="brute")` where no two
distances are equal. Equal ones go to the smaller row, so rows are to be given
in the order of their uid: then a corpus has one answer, however it arrived.
Extraction is scikit-learn's own.

From `min_samples` 3 on all rows nearer than a core distance tie at it; scikit-learn
rounds some of these ties apart, so that single reachabilities, and now and then the
border of an xi cluster, differ there.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vsig_core.clustering._walk import Items, Walk, start_walk
from vsig_core.clustering.crowded import likely_too_large, walk_crowded
from vsig_core.clustering.graph import NeighbourGraph, check_radius
from vsig_core.clustering.radius_graph import GraphTooLargeError, RadiusGraph
from vsig_core.clustering.vectors import check_vectors
from vsig_core.errors import VectorsError

Extraction = Literal["xi", "dbscan"]


@dataclass(frozen=True)
class Ordering:
    """The cluster structure of all radii up to `max_eps`.

    Parameters
    ----------
    ordering
        Shape (n,): rows in the order in which they are visited.
    reachability
        Shape (n,), by row: cosine distance; inf where nothing reached the row.
    core_distances
        Shape (n,), by row: distance to the min_samples-th nearest, the row
        itself being the first; inf where that lies beyond max_eps.
    predecessor
        Shape (n,), by row: the row it was reached from; -1 for none.
    min_samples
        Rows within reach that make a core, itself counted.
    max_eps
        Largest radius, cosine distance.
    """

    ordering: NDArray[np.int64]
    reachability: NDArray[np.float64]
    core_distances: NDArray[np.float64]
    predecessor: NDArray[np.int64]
    min_samples: int
    max_eps: float


@dataclass(frozen=True)
class OpticsResult:
    """Clusters and the ordering they were read off.

    Parameters
    ----------
    labels
        Shape (n,), by row: cluster from 0; -1 is noise.
    ordering, reachability, core_distances, predecessor
        As in `Ordering`.
    """

    labels: NDArray[np.int64]
    ordering: NDArray[np.int64]
    reachability: NDArray[np.float64]
    core_distances: NDArray[np.float64]
    predecessor: NDArray[np.int64]


def optics(
    vectors: NDArray[np.floating] | NeighbourGraph,
    *,
    min_samples: int = 2,
    max_eps: float = 0.13,
    xi: float = 0.05,
    extraction: Extraction = "xi",
    eps: float | None = None,
) -> OpticsResult:
    """Cluster rows by density, with cosine distance.

    Parameters
    ----------
    vectors
        Shape (n, d) of any length but zero, or their graph.
    min_samples
        Rows within reach that make a core, itself counted; at least 2.
    max_eps
        Largest radius, cosine distance in (0, 2], inclusive.
    xi
        Steepness in (0, 1), where extraction is xi.
    extraction
        xi (valleys of the reachability plot) or dbscan (cut at `eps`).
    eps
        Radius of the cut, at most `max_eps`, which it is where left out.

    Returns
    -------
    All noise where there are fewer rows than `min_samples`.

    Raises
    ------
    VectorsError
        Rows without a cosine distance, or a parameter out of its range.

    >>> near = np.array([[1.0, 0.0], [1.0, 0.01], [0.0, 1.0]])
    >>> optics(near, extraction="dbscan").labels.tolist()
    [0, 0, -1]
    """
    check_radius(max_eps)
    ordering = order_points(vectors, min_samples, max_eps)
    labels = extract(ordering, extraction=extraction, xi=xi, eps=eps)
    return OpticsResult(
        labels,
        ordering.ordering,
        ordering.reachability,
        ordering.core_distances,
        ordering.predecessor,
    )


def order_points(
    graph: NeighbourGraph | RadiusGraph | NDArray[np.floating],
    min_samples: int,
    max_eps: float,
) -> Ordering:
    """Visit all rows, always the one that is reached most cheaply next: costly, once.

    Parameters
    ----------
    graph
        Bare vectors, their graph, or all their pairs within `max_eps` or more. Where
        these pairs would not fit in memory, the walk compares vectors as it goes.
    min_samples, max_eps
        As in `optics`.
    """
    if min_samples < 2:
        raise VectorsError(f"min_samples is {min_samples}; a core needs at least 2 rows.")
    check_radius(max_eps)
    if not isinstance(graph, RadiusGraph):
        graph = _within(graph, max_eps)
    if isinstance(graph, RadiusGraph):
        walk, core = _walk_graph(graph, min_samples, max_eps)
    else:
        walk, core = walk_crowded(graph, min_samples, max_eps)
    return Ordering(walk.ordering, walk.reachability, core, walk.predecessor, min_samples, max_eps)


def _within(
    graph: NeighbourGraph | NDArray[np.floating], radius: float
) -> RadiusGraph | NDArray[np.floating]:
    """All pairs within a radius; the bare vectors where they would not fit."""
    vectors = graph.vectors if isinstance(graph, NeighbourGraph) else check_vectors(graph)
    if likely_too_large(vectors, radius):
        return vectors
    try:
        if not isinstance(graph, NeighbourGraph):
            graph = NeighbourGraph.build(vectors, 0, radius)
        return graph.within(radius)
    except GraphTooLargeError:
        return vectors


def _walk_graph(
    graph: RadiusGraph, min_samples: int, max_eps: float
) -> tuple[Walk, NDArray[np.float64]]:
    from vsig_core.clustering._kernels import core_distances, walk_on

    if max_eps > graph.radius:
        raise VectorsError(f"The graph ends at {graph.radius:g}, max_eps is {max_eps:g}.")
    core = core_distances(graph.indptr, graph.distances, min_samples - 1, max_eps)
    walk = start_walk(Items.single(graph.size))
    all_known = np.full(graph.size, np.inf)
    walk_on(walk, graph.indptr, graph.indices, graph.distances, core, all_known, max_eps)
    return walk, core


def extract(
    ordering: Ordering,
    *,
    extraction: Extraction = "dbscan",
    xi: float = 0.05,
    eps: float | None = None,
) -> NDArray[np.int64]:
    """Read clusters off an ordering: cheap, as often as wanted.

    Parameters
    ----------
    ordering
        From `order_points`.
    extraction, xi, eps
        As in `optics`.

    Returns
    -------
    Shape (n,): cluster of each row from 0; -1 is noise.
    """
    n = ordering.ordering.shape[0]
    if n < ordering.min_samples:
        return np.full(n, -1, np.int64)
    if extraction == "xi":
        return _extract_xi(ordering, xi)
    if extraction != "dbscan":
        raise VectorsError(f"There is no extraction {extraction!r}; known are xi and dbscan.")
    radius = ordering.max_eps if eps is None else eps
    check_radius(radius)
    if radius > ordering.max_eps:
        raise VectorsError(
            f"eps is {radius:g}, beyond max_eps = {ordering.max_eps:g} of the ordering: "
            "nothing is known there. Raise max_eps."
        )
    return _extract_dbscan(ordering, radius)


def _extract_dbscan(ordering: Ordering, eps: float) -> NDArray[np.int64]:
    from sklearn.cluster import cluster_optics_dbscan

    return cluster_optics_dbscan(
        reachability=ordering.reachability,
        core_distances=ordering.core_distances,
        ordering=ordering.ordering,
        eps=eps,
    ).astype(np.int64)


def _extract_xi(ordering: Ordering, xi: float) -> NDArray[np.int64]:
    from sklearn.cluster import cluster_optics_xi

    if not 0 < xi < 1:
        raise VectorsError(f"xi is {xi:g}; a steepness lies in (0, 1).")
    # Copies of one row have reachability 0, by which the method divides.
    with np.errstate(divide="ignore", invalid="ignore"):
        labels, _ = cluster_optics_xi(
            reachability=ordering.reachability,
            predecessor=ordering.predecessor,
            ordering=ordering.ordering,
            min_samples=ordering.min_samples,
            xi=xi,
        )
    return labels.astype(np.int64)
