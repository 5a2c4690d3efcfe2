"""Who does the heavy work: executors of `concurrent.futures`, on this machine or on a cluster."""

from vsig_core.workers.cluster import cluster
from vsig_core.workers.flight import as_done, require_living
from vsig_core.workers.local import LocalProcesses, local_processes

__all__ = ["LocalProcesses", "as_done", "cluster", "local_processes", "require_living"]
