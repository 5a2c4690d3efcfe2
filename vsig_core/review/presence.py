"""Who has which cluster open just now, so that two do not do the same work."""

import time
from collections.abc import Callable
from threading import Lock

SECONDS = 45.0
"""A page tells every 15 seconds that it is open; three that stay out, and it is closed."""


class Presence:
    """Open pages, kept in memory: after a restart the pages tell again.

    Parameters
    ----------
    seconds
        How long one telling holds.
    clock
        Seconds that only go forward.
    """

    def __init__(
        self, seconds: float = SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds, self._clock = seconds, clock
        self._open: dict[tuple[str, str], float] = {}
        self._lock = Lock()

    def opened(self, person: str, what: str) -> None:
        """A person has something open (again)."""
        now = self._clock()
        with self._lock:
            self._open = {key: at for key, at in self._open.items() if now - at < self._seconds}
            self._open[person, what] = now

    def closed(self, person: str, what: str) -> None:
        """A person has left it."""
        with self._lock:
            self._open.pop((person, what), None)

    def elsewhere(self, person: str) -> dict[str, list[str]]:
        """What others have open: thing to their names, in order."""
        now = self._clock()
        found: dict[str, list[str]] = {}
        with self._lock:
            for (name, what), at in sorted(self._open.items()):
                if name != person and now - at < self._seconds:
                    found.setdefault(what, []).append(name)
        return found
