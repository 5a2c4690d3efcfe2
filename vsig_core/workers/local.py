"""Processes of this machine that outlive neither a crash of their own nor their parent.

Each is a pool of one, so that it is known which task it died of: a picture on which a
decoder crashes costs that task and no other.
"""

import ctypes
import functools
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.util import Finalize
from typing import ParamSpec, TypeVar

from vsig_core.errors import WorkerLostError

P = ParamSpec("P")
R = TypeVar("R")

# A process may be killed once for what is not its task's fault: by the kernel, or a person.
_TRIES = 2
# Queues of multiprocessing are closed at 10; higher comes first.
_BEFORE_QUEUES = 100
# Of 16 MB, kept by Pillow for the next picture: else the kernel clears them anew each time.
_BLOCKS = "4"
# mallopt(3): from which size blocks are mapped apart, and how much stays when it is free, bytes.
_MALLOC = {-3: 32 << 20, -1: 128 << 20}
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class LocalProcesses(Executor):
    """Spawned processes, started when they are first needed.

    A process that dies is replaced and its task tried once more; then the task's future
    raises `WorkerLostError`. They take one core each, hold neither the parent's standard
    output nor its errors, and end when it dies, however it does.

    Parameters
    ----------
    workers
        How many; 0 for one per core.
    """

    def __init__(self, workers: int = 0) -> None:
        self._threads = ThreadPoolExecutor(workers or os.cpu_count() or 1, "vsig-worker")
        self._own = threading.local()  # each thread feeds one process
        self._lock = threading.Lock()
        self._pools: set[ProcessPoolExecutor] = set()

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Have a task carried out; function, arguments and result are pickled."""
        return self._threads.submit(self._carry_out, functools.partial(fn, *args, **kwargs))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001  as in Executor
        """End the processes after the tasks at hand."""
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        with self._lock:
            pools, self._pools = self._pools, set()
        for pool in pools:
            pool.shutdown(wait)

    def _carry_out(self, task: Callable[[], R]) -> R:
        for _ in range(_TRIES):
            pool = self._pool()
            try:
                return pool.submit(task).result()
            except BrokenProcessPool:
                self._discard(pool)
        raise WorkerLostError(
            f"The worker process of this task died {_TRIES} times: memory ran out, or a library "
            "in C crashed on it."
        )

    def _pool(self) -> ProcessPoolExecutor:
        pool = getattr(self._own, "pool", None)
        if pool is None:
            spawned = multiprocessing.get_context("spawn")
            pool = ProcessPoolExecutor(1, mp_context=spawned, initializer=_begin)
            self._own.pool = pool
            with self._lock:
                self._pools.add(pool)
        return pool

    def _discard(self, pool: ProcessPoolExecutor) -> None:
        self._own.pool = None
        with self._lock:
            self._pools.discard(pool)
        pool.shutdown()


@functools.cache
def local_processes(workers: int) -> LocalProcesses:
    """The processes that this one shares: to start them takes a second, a batch hardly more."""
    shared = LocalProcesses(workers)
    # A process that multiprocessing started (a step of Dagster's, say) waits at its end for its
    # children before the pools would end them: they are ended first.
    Finalize(None, shared.shutdown, kwargs={"cancel_futures": True}, exitpriority=_BEFORE_QUEUES)
    return shared


def _begin() -> None:
    """What a worker does first."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # Whoever reads the output of a killed parent must not wait for its workers.
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.close(nothing)
    # Control-C reaches the whole group of processes; the parent ends its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    os.environ.setdefault("PILLOW_BLOCKS_MAX", _BLOCKS)
    _keep_memory()


def _keep_memory() -> None:
    """Have glibc keep what a picture took for the next one.

    Else each picture's buffers are mapped and cleared by the kernel anew: a tenth of the time of
    reading a corpus. Other C libraries know no mallopt, and do as they do.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        for parameter, value in _MALLOC.items():
            mallopt(parameter, value)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
