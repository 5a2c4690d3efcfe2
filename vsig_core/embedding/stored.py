"""Pictures and network of the store to vectors, by whoever has the time.

A task is the names of some working copies. Whoever takes it reads them, and the
network, from the store itself; the network is read once and kept.
"""

import functools
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vsig_core.errors import PictureError, WorkerLostError, WorkersError
from vsig_core.settings import ModelSettings
from vsig_core.store import Objects
from vsig_core.workers import as_done

if TYPE_CHECKING:
    from vsig_core.model import Network

# Network inputs in a task: some seconds of one core.
_BATCHES = 2

_loading = threading.Lock()


@dataclass(frozen=True)
class StoredNetwork:
    """A registered network, by where it lies.

    Parameters
    ----------
    root
        Of the store.
    weights
        Name of the object with its weights.
    settings
        Its architecture.
    """

    root: str
    weights: str
    settings: ModelSettings

    def load(self) -> "Network":
        """Read it from the store."""
        from vsig_core.model import load_network

        return load_network(self.settings, Objects(self.root).get(self.weights))


def embed_stored(
    network: StoredNetwork,
    copies: Sequence[str],
    batch_size: int,
    executor: Executor,
    progress: Callable[[int, int], None] | None = None,
) -> NDArray[np.float32]:
    """Describe working copies by vectors, as `embed` does.

    Parameters
    ----------
    network
        What describes them.
    copies
        Names of objects in the same store.
    batch_size
        Pictures in the network at a time.
    executor
        Threads of this process, or workers that see the store.
    progress
        Called as (done, total).

    Returns
    -------
    Shape (n, d), float32, each row of length 1, in the order given.

    Raises
    ------
    PictureError, WeightsError
        As `embed`.
    WorkersError
        Workers die of some pictures, which are named.
    """
    size = _BATCHES * batch_size
    tasks = [
        _Task(network, tuple(copies[start : start + size]), batch_size)
        for start in range(0, len(copies), size)
    ]
    vectors: list[NDArray[np.float32]] = [np.zeros((0, 0), np.float32)] * len(tasks)
    done = 0
    for place, future in as_done(functools.partial(executor.submit, _embed), tasks):
        try:
            vectors[place] = future.result()
        except WorkerLostError as error:
            raise WorkersError(
                f"Workers die while they embed {_some(tasks[place].copies)}: {error} Give them "
                "more memory, or lower model.batch_size."
            ) from error
        done += len(vectors[place])
        if progress:
            progress(done, len(copies))
    return np.concatenate(vectors) if vectors else np.zeros((0, 0), np.float32)


@dataclass(frozen=True)
class _Task:
    network: StoredNetwork
    copies: tuple[str, ...]
    batch_size: int


def _embed(task: _Task) -> NDArray[np.float32]:
    from vsig_core.embedding.in_process import describe

    pictures = _Copies(task.network.root, task.copies)
    try:
        return describe(_fast(task.network), pictures, task.batch_size)
    except PictureError as error:
        detail = f"{error.detail}, of {_some(task.copies)} in {task.network.root}"
        raise PictureError(error.reason, detail) from error


def _fast(network: StoredNetwork) -> "Network":
    with _loading:  # several threads would each load it
        return _loaded(network)


@functools.lru_cache(maxsize=1)
def _loaded(network: StoredNetwork) -> "Network":
    from vsig_core.embedding.in_process import ready

    return ready(network.load())


def _some(copies: Sequence[str]) -> str:
    return f"{len(copies)} working copies from {copies[0]} to {copies[-1]}"


class _Copies(Sequence[bytes]):
    """Working copies, read from the store as they are asked for."""

    def __init__(self, root: str, keys: tuple[str, ...]) -> None:
        self._objects = Objects(root)
        self._keys = keys

    def __len__(self) -> int:
        return len(self._keys)

    def __getitem__(self, place: Any) -> Any:
        return self._objects.get(self._keys[place])
