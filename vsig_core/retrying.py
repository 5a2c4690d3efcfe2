"""Doing again, after a pause, what may succeed the next time."""

import random
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

_T = TypeVar("_T")


def retrying(
    action: Callable[[], _T],
    may_pass: Callable[[Exception], bool],
    pauses: Iterable[float],
) -> _T:
    """Do what may be done twice, again after each pause while its failures may pass.

    Parameters
    ----------
    action
        What to do.
    may_pass
        Whether a failure may be gone the next time.
    pauses
        Seconds, each shortened by chance: who failed together does not come back together.

    Raises
    ------
    Exception
        What `action` raised the last time.
    """
    upcoming = iter(pauses)
    while True:
        try:
            return action()
        except Exception as error:
            pause = next(upcoming, None) if may_pass(error) else None
            if pause is None:
                raise
        time.sleep(pause * random.uniform(0.5, 1))
