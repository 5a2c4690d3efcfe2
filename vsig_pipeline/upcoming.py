"""Which batch is read next: its pictures are read while the one at hand is put into the store.

A context variable, as for progress: only who carries out several batches in one process
knows of a next one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from vsig_core.corpus import NextBatch, ReadAhead, present
from vsig_core.project import Project
from vsig_core.store import empty
from vsig_pipeline.execution import Inputs
from vsig_pipeline.lock import ReadingAhead


class Upcoming:
    """The batches that one process reads, one after another.

    Parameters
    ----------
    project
        The project.
    """

    def __init__(self, project: Project) -> None:
        self.following: str | None = None
        self._ahead = ReadAhead()
        self._right = ReadingAhead(project)

    def next_batch(self, inputs: Inputs) -> NextBatch:
        """What can be read ahead: a batch that was never read, of which nothing is known yet.

        Called by a step, which holds the project's lock: what was read ahead for it is in
        its hands now.
        """
        self._right.end()
        batch = self.following
        known = batch is None or inputs.state.commits(inputs.step, f"batch={batch}")
        if batch is None or known or not self._right.begin():
            return NextBatch(empty("batches"), self._ahead)
        planned = present(inputs.read("batches", among={"batch": [batch]}))
        return NextBatch(planned, self._ahead)

    def end(self) -> None:
        """Give up what nobody took."""
        self._ahead.give_up()
        self._right.end()


_upcoming: ContextVar[Upcoming | None] = ContextVar("upcoming", default=None)


@contextmanager
def reading_ahead(project: Project) -> Iterator[Upcoming]:
    """Have the steps of this context read ahead; who carries them out sets `following`."""
    upcoming = Upcoming(project)
    token = _upcoming.set(upcoming)
    try:
        yield upcoming
    finally:
        _upcoming.reset(token)
        upcoming.end()


def next_batch(inputs: Inputs) -> NextBatch | None:
    """See `Upcoming`; None where no next batch is known of."""
    upcoming = _upcoming.get()
    return None if upcoming is None else upcoming.next_batch(inputs)
