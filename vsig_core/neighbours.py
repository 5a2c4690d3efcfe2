"""The neighbour graph of the vectors in force, found here or in bands on a cluster."""

import functools
import threading
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vsig_core.clustering import (
    BandFound,
    Bands,
    NeighbourGraph,
    Pictures,
    check_vectors,
    known_lists,
)
from vsig_core.errors import WorkerLostError, WorkersError
from vsig_core.settings import NeighboursSettings
from vsig_core.store import Store, schema
from vsig_core.vectors import InForce, Progress, vectors_in_force
from vsig_core.workers import as_done

BAND = 8192  # rows; what is found for them weighs some megabytes
# Fewer pairs than this are compared here sooner than a cluster has read the vectors.
WORTHWHILE = 2_000_000_000

_READ = ("vectors", "embeddings", "neighbours")

_loading = threading.Lock()


@dataclass(frozen=True)
class Neighbours:
    """The graph.

    Parameters
    ----------
    graph
        Of all pictures, in the order of their uids.
    pictures
        Its rows.
    compared
        Pictures that were compared with all; lists of the others were taken over.
    """

    graph: NeighbourGraph
    pictures: Pictures
    compared: int


def find_neighbours(
    store: Store,
    versions: Mapping[str, int],
    settings: NeighboursSettings,
    cluster: Executor | None,
    progress: Progress | None = None,
) -> Neighbours:
    """Find the nearest pictures of each picture, taking over lists that still hold.

    Exact, up to `approximate_above` pictures.

    Parameters
    ----------
    store
        Where the vectors in force lie, and the lists of before.
    versions
        Table to the version that is read, of `vectors` and `neighbours`; one that is
        not there has not been computed yet.
    settings
        Length of the lists.
    cluster
        Workers that see the store; used where there is much to compare.
    progress
        Called as (done, total).

    Raises
    ------
    VectorsError
        Vectors that cannot be compared.
    WorkersError
        Workers of the cluster die.
    """
    embeddings = store.version("embeddings")
    pinned = dict(versions) if embeddings is None else {**versions, "embeddings": embeddings}
    kept = tuple((name, pinned[name]) for name in _READ if name in pinned)
    sources = _Sources(store.location.root, kept, settings.k)
    in_force, lists = sources.read()
    pictures = _pictures(in_force)
    check_vectors(in_force.vectors, in_force.uids)
    if len(in_force.uids) > settings.approximate_above:
        graph = NeighbourGraph.approximate(in_force.vectors, settings.k)
        return Neighbours(graph, pictures, graph.size)
    compared = int((lists < 0).any(axis=1).sum())
    if cluster is None or compared * len(lists) < WORTHWHILE:
        graph = NeighbourGraph.from_neighbours(in_force.vectors, lists, progress=progress)
    else:
        graph = _in_bands(sources, Bands(in_force.vectors, lists, BAND), cluster, progress)
    return Neighbours(graph, pictures, compared)


@dataclass(frozen=True)
class _Sources:
    """What everybody who works on one graph reads, wherever he is."""

    root: str
    versions: tuple[tuple[str, int], ...]
    k: int

    def read(self) -> tuple[InForce, NDArray[np.int64]]:
        """The vectors, and the lists that still hold."""
        store, at = Store(self.root), dict(self.versions)
        in_force = vectors_in_force(store, at)
        before = schema("neighbours").empty_table()
        if "neighbours" in at:
            before = store.read("neighbours", version=at["neighbours"])
        return in_force, known_lists(before, _pictures(in_force), self.k)


def _pictures(in_force: InForce) -> Pictures:
    return Pictures(in_force.uids, in_force.hashes, in_force.model_id)


@dataclass(frozen=True)
class _Task:
    sources: _Sources
    band: tuple[int, int]


def _in_bands(
    sources: _Sources, bands: Bands, cluster: Executor, progress: Progress | None
) -> NeighbourGraph:
    tasks = [_Task(sources, band) for band in bands.open]
    for done, (_, future) in enumerate(
        as_done(functools.partial(cluster.submit, _compare), tasks), start=1
    ):
        try:
            bands.take(future.result())
        except WorkerLostError as error:
            raise WorkersError(
                f"Workers die while they compare pictures: {error} Each needs about three times "
                f"the {bands.graph.vectors.nbytes / 1e9:.1f} GB of the vectors."
            ) from error
        if progress is not None:
            progress(done, len(tasks))
    return bands.graph


def _compare(task: _Task) -> BandFound:
    """The worker: it reads the vectors once, and keeps them for the next band."""
    with _loading:
        bands = _loaded(task.sources)
    return bands.compare(*task.band)


@functools.lru_cache(maxsize=1)
def _loaded(sources: _Sources) -> Bands:
    in_force, lists = sources.read()
    return Bands(in_force.vectors, lists, BAND)
