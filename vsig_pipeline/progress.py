"""Where progress goes: to bars on a terminal, or to Dagster's log.

A context variable, because a command that runs the graph in its own process
wants bars, and the same assets in a daemon's run want log lines.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Progress = Callable[[int, int], None]
Reporter = Callable[[str, int, int], None]

_reporter: ContextVar[Reporter | None] = ContextVar("reporter", default=None)


@contextmanager
def reporting_to(reporter: Reporter) -> Iterator[None]:
    """Send all progress of this context to `reporter(label, done, total)`."""
    token = _reporter.set(reporter)
    try:
        yield
    finally:
        _reporter.reset(token)


def progress(label: str, log: Callable[[str], None]) -> Progress:
    """A callback for one piece of long work.

    Parameters
    ----------
    label
        What is being done.
    log
        Takes a line at each tenth of the way, where nobody shows bars.
    """
    reporter = _reporter.get()
    if reporter is not None:
        return lambda done, total: reporter(label, done, total)
    shown = -1

    def report(done: int, total: int) -> None:
        nonlocal shown
        tenth = done * 10 // max(total, 1)
        if tenth > shown:
            shown = tenth
            log(f"{label}: {done} of {total}")

    return report
