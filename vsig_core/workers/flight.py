"""Many tasks, of which an executor holds only some at a time."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from itertools import islice
from typing import TypeVar

from vsig_core.errors import WorkerLostError, WorkersError

T = TypeVar("T")
R = TypeVar("R")

# Enough to keep a cluster busy; a task waiting its turn is some names.
IN_FLIGHT = 512


def as_done(
    begin: Callable[[T], Future[R]],
    tasks: Sequence[T],
    in_flight: int = IN_FLIGHT,
) -> Iterator[tuple[int, Future[R]]]:
    """Carry tasks out, and give each as it is done: its place among the tasks, and its future.

    What has not begun is cancelled when the caller stops listening.

    Parameters
    ----------
    begin
        Has a task carried out, by `submit` of threads, of processes or of a cluster.
    tasks
        In the order in which they are begun.
    in_flight
        Tasks that the executor has at a time.
    """
    places: dict[Future[R], int] = {}
    upcoming = iter(enumerate(tasks))
    try:
        while True:
            for place, task in islice(upcoming, in_flight - len(places)):
                places[begin(task)] = place
            if not places:
                return
            for future in wait(places, return_when=FIRST_COMPLETED).done:
                yield places.pop(future), future
    finally:
        for future in places:
            future.cancel()


def in_order(
    executor: Executor, work: Callable[[T], R], items: Iterable[T], ahead: int
) -> Iterator[R]:
    """What `work` makes of each item, in their order.

    Items are taken in the thread of the caller, only a few ahead. What has not begun is
    cancelled when the caller stops listening.

    Parameters
    ----------
    ahead
        Items that are under way or done while the first of them is waited for.
    """
    waiting: deque[Future[R]] = deque()
    try:
        for item in items:
            waiting.append(executor.submit(work, item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def require_living(executor: Executor) -> None:
    """Tell a task that workers die of from workers that die of nothing.

    Raises
    ------
    WorkersError
        They do not even tell their number.
    """
    try:
        executor.submit(os.getpid).result()
    except WorkerLostError as error:
        raise WorkersError(
            "Worker processes die before they do anything. Look at the memory that is left, and "
            "whether 'python -c \"import vsig_core\"' works where they run."
        ) from error
