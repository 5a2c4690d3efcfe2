"""Who does the heavy work: executors of `concurrent.futures`, on this machine or on a cluster."""

from vsig_core.workers.flight import IN_FLIGHT, as_done, in_order, require_living
from vsig_core.workers.gpu import gpu
from vsig_core.workers.local import LocalProcesses, local_processes
from vsig_core.workers.on_dask import cluster

__all__ = [
    "IN_FLIGHT",
    "LocalProcesses",
    "as_done",
    "cluster",
    "gpu",
    "in_order",
    "local_processes",
    "require_living",
]
