"""The same interface on a Dask cluster: Slurm, Kubernetes, SSH, whatever Dask runs on."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any, ParamSpec, TypeVar

from vsig_core.errors import SettingsError, WorkerLostError, WorkersError

P = ParamSpec("P")
R = TypeVar("R")

_CONNECT_SECONDS = 10
_connected: dict[str, "_Cluster"] = {}


def cluster(scheduler: str) -> Executor:
    """Connect to a Dask scheduler, or take the connection that this process has.

    Its workers see the same store and the same sources as this process, and have the same
    vsig installed. Results come from them directly where they can be reached.

    Parameters
    ----------
    scheduler
        Address, such as `tcp://login1:8786`.

    Raises
    ------
    SettingsError
        Dask is not installed here.
    WorkersError
        The scheduler does not answer.
    """
    found = _connected.get(scheduler)
    if found is not None and not found.answers:
        found.shutdown(wait=False)
        found = None
    if found is None:
        found = _connected[scheduler] = _Cluster(scheduler)
    return found


class _Cluster(Executor):
    """`Client.get_executor()` whose losses are told as those of local processes."""

    def __init__(self, scheduler: str) -> None:
        try:
            from distributed import Client
        except ImportError as error:
            raise SettingsError(
                f"[cluster] scheduler is {scheduler}, but Dask is not installed here. Install it "
                "with pip install 'vsig[dask]', or take the setting out to use this machine alone."
            ) from error
        self._scheduler = scheduler
        try:
            self._client = Client(
                scheduler,
                timeout=_CONNECT_SECONDS,
                set_as_default=False,
                direct_to_workers=True,
                name="vsig",
            )
        except (OSError, ValueError) as error:
            raise WorkersError(
                f"No Dask scheduler answers at {scheduler} within {_CONNECT_SECONDS} s "
                f"({error}). Start it, or correct [cluster] scheduler in vsig.toml."
            ) from error
        self._executor = self._client.get_executor(pure=False)

    @property
    def answers(self) -> bool:
        """Whether the connection still stands."""
        return self._client.status == "running"

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Have a task carried out by some worker of the cluster."""
        # Wrapped, for Dask takes some keywords of a task as its own.
        inner = self._executor.submit(partial(fn, *args, **kwargs))
        outer: Future[R] = Future()
        inner.add_done_callback(lambda done: self._pass_on(done, outer))
        outer.add_done_callback(lambda done: inner.cancel() if done.cancelled() else None)
        return outer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001  as in Executor
        """End the connection; the cluster goes on."""
        self._executor.shutdown(wait=wait and not cancel_futures)
        self._client.close()

    def _pass_on(self, inner: Future[Any], outer: Future[Any]) -> None:
        from distributed import KilledWorker

        if not outer.set_running_or_notify_cancel():
            return
        if inner.cancelled():
            outer.set_exception(
                WorkersError(
                    f"The Dask scheduler at {self._scheduler} dropped a task: it was stopped, or "
                    "the connection broke. Start it again and repeat the run."
                )
            )
        elif isinstance(error := inner.exception(), KilledWorker):
            lost = WorkerLostError(f"The workers of this task died: {error}")
            outer.set_exception(lost)
        elif error is not None:
            outer.set_exception(error)
        else:
            outer.set_result(inner.result())
