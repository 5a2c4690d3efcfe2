"""Which batch is read next: its pictures are read while the one at hand is put into the store.

A context variable, as for progress: only who carries out several batches in one process
knows of a next one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from vsig_core.corpus import NextBatch, ReadAhead, present
from vsig_core.store import empty
from vsig_pipeline.execution import Inputs

_upcoming: ContextVar[tuple[ReadAhead, str | None] | None] = ContextVar("upcoming", default=None)


@contextmanager
def reading_ahead(ahead: ReadAhead, batch: str | None) -> Iterator[None]:
    """Say which batch follows that of this context; None after the last one."""
    token = _upcoming.set((ahead, batch))
    try:
        yield
    finally:
        _upcoming.reset(token)


def next_batch(inputs: Inputs) -> NextBatch | None:
    """What can be read ahead: a batch that was never read, of which nothing is known yet."""
    upcoming = _upcoming.get()
    if upcoming is None:
        return None
    ahead, batch = upcoming
    if batch is None or inputs.state.commits(inputs.step, f"batch={batch}"):
        return NextBatch(empty("batches"), ahead)
    return NextBatch(present(inputs.read("batches", among={"batch": [batch]})), ahead)
