"""Who decodes, embeds and compares in a project, by its settings.

With a cluster it is the cluster that does all three. On one machine each has what was
measured to suit it: processes for decoding, because libraries in C crash on hostile
pictures and processes decode as fast as threads; threads for embedding, because they
share the network and its lanes (a process each would hold torch and the network anew);
and threads inside the neighbour graph, because they share the vectors.
"""

import functools
from concurrent.futures import Executor, ThreadPoolExecutor

from vsig_core.settings import Settings
from vsig_core.workers import cluster, local_processes

# They read what the lanes of `vsig_core.model` look at: from a bucket, one would not keep up.
_EMBEDDING_THREADS = 4


def decoding(settings: Settings) -> Executor:
    """Who reads pictures: the cluster, else processes of this machine."""
    return cluster_of(settings) or local_processes(settings.run.workers)


def embedding(settings: Settings) -> Executor:
    """Who turns pictures into vectors: the cluster, else threads of this process."""
    return cluster_of(settings) or _threads()


def cluster_of(settings: Settings) -> Executor | None:
    """The cluster; None where the settings name none.

    Raises
    ------
    SettingsError
        Dask is not installed here.
    WorkersError
        The scheduler does not answer.
    """
    scheduler = settings.cluster.scheduler
    return None if scheduler is None else cluster(scheduler)


@functools.cache
def _threads() -> Executor:
    return ThreadPoolExecutor(_EMBEDDING_THREADS, "vsig-embed")
