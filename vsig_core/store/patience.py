"""Waiting for what passes: a server that is busy or restarted, and others who came first."""

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from vsig_core.errors import ConflictError
from vsig_core.retrying import retrying
from vsig_core.store.faults import passes

_T = TypeVar("_T")
LONGEST_PAUSE = 10.0
# A gateway that is started again is back within this; what lasts longer is a fault to be told.
PATIENCE_SECONDS = 120.0
# Between two commits to one table; others are done with theirs in a fraction of it.
_LONGEST_CONFLICT = 3.0


def patiently(action: Callable[[], _T], seconds: float = PATIENCE_SECONDS) -> _T:
    """Do what may be done twice, again with growing pauses while its failures may pass.

    Parameters
    ----------
    action
        What to do.
    seconds
        How long after the first try the last one may begin.

    Raises
    ------
    Exception
        What `action` raised the last time.
    """
    return retrying(action, passes, _until(time.monotonic() + seconds))


def on_fresh_data(
    action: Callable[[], _T],
    tries: int,
    say: Callable[[ConflictError], None] = lambda _conflict: None,
) -> _T:
    """Do something with a table again where somebody else wrote to it meanwhile.

    Parameters
    ----------
    action
        Looks at the table afresh each time.
    tries
        At most so often.
    say
        Takes each conflict that is not the last one.

    Raises
    ------
    ConflictError
        Others came before each of the tries.
    """

    def came_first(error: Exception) -> bool:
        if isinstance(error, ConflictError):
            say(error)
        return isinstance(error, ConflictError)

    pauses = (min(0.1 * 2**number, _LONGEST_CONFLICT) for number in range(tries - 1))
    return retrying(action, came_first, pauses)


def _until(end: float) -> Iterator[float]:
    """Growing pauses, as long as there is time for them."""
    pause = 0.2
    while time.monotonic() + pause <= end:
        yield pause
        pause = min(2 * pause, LONGEST_PAUSE)
