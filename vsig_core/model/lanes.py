"""Lanes: threads that each look at pictures of their own, on one core.

A network that computes one layer on all cores waits for the slowest of them in each layer, and
for whoever decodes the next pictures beside it. A lane waits for nobody: on two cores
pictures that still have to be decoded go through two lanes faster than ready
tensors through the network on both cores (`python -m benchmarks.learning_speed`).
"""

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier, Lock
from typing import TypeVar

import torch
from torch import Tensor

from vsig_core.workers import in_order

T = TypeVar("T")
R = TypeVar("R")

# Pieces of work for each lane that are ready when it asks: they hold encoded pictures.
_READY = 2
# Of pictures that go through the network at a time: two of 224 × 224. The maps of each layer then
# stay in memory that is there, and in the cache. With 16 pictures, a third of the time went into
# fetching new pages from the system.
_PIXELS = 2 * 224 * 224

_starting = Lock()


@dataclass(frozen=True)
class Lanes:
    """Those of this process, which all who look at pictures share.

    Parameters
    ----------
    count
        How many: the threads of torch when they were started.
    executor
        Carries work out, `count` pieces at a time.
    """

    count: int
    executor: ThreadPoolExecutor

    def share(self, batch_size: int) -> int:
        """Of so many pictures in the network at a time, those of one lane."""
        return max(1, batch_size // self.count)


def lanes() -> Lanes:
    """Start them, each on one core; other threads keep what torch gives them."""
    with _starting:  # of two who start them at once, one would count the other's single core
        return _lanes()


@functools.cache
def _lanes() -> Lanes:
    count = torch.get_num_threads()
    executor = ThreadPoolExecutor(
        count, "vsig-lane", initializer=torch.set_num_threads, initargs=(1,)
    )
    met = Barrier(count + 1)
    for _ in range(count):
        executor.submit(met.wait)
    met.wait()
    # Each lane has set its own number, and that of threads still to come: these get it back.
    torch.set_num_threads(count)
    return Lanes(count, executor)


def for_lanes(pictures: Sequence[bytes], batch_size: int) -> Iterator[tuple[int, list[bytes]]]:
    """A lane's share of pictures at a time, each read when it is its turn; with the first's index.

    Parameters
    ----------
    batch_size
        Pictures in the network at a time, in all lanes.
    """
    size = lanes().share(batch_size)
    for start in range(0, len(pictures), size):
        yield start, [pictures[i] for i in range(start, min(start + size, len(pictures)))]


def in_lanes(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """What `work` makes of each item, in their order.

    Items are taken in the thread of the caller and only a few ahead, so that it may read
    pictures there while others go through the network. Whether gradients are kept is up to
    `work`: torch asks that of each thread.
    """
    shared = lanes()
    return in_order(shared.executor, work, items, _READY * shared.count)


def piecewise(compute: Callable[..., Tensor], images: Tensor, *others: Tensor) -> Tensor:
    """What a network makes of pictures, a few at a time: faster on a core than all at once.

    Parameters
    ----------
    compute
        Takes images and the other tensors.
    images
        Shape (n, 3, h, w), n at least 1.
    others
        With as many rows.
    """
    size = max(1, _PIXELS // (images.shape[2] * images.shape[3]))
    parts = zip(*(tensor.split(size) for tensor in (images, *others)), strict=True)
    return torch.cat([compute(*part) for part in parts])
