"""Waiting for what passes: a server that is busy, restarted, or cut off for a moment."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from vsig_core.store.faults import passes

_T = TypeVar("_T")
LONGEST_PAUSE = 10.0
# A gateway that is started again is back within this; what lasts longer is a fault to be told.
PATIENCE_SECONDS = 120.0


def patiently(
    action: Callable[[], _T],
    seconds: float = PATIENCE_SECONDS,
) -> _T:
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
    end, pause = time.monotonic() + seconds, 0.2
    while True:
        try:
            return action()
        except Exception as error:
            if not passes(error) or time.monotonic() + pause > end:
                raise
        # Many workers that were cut off together do not come back together.
        time.sleep(pause * random.uniform(0.5, 1))
        pause = min(2 * pause, LONGEST_PAUSE)
