"""A limit on wrong passwords, kept in memory."""

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

_MOST_KEYS = 10_000


class Throttle:
    """Counts failures by key (a name, an address) and says how long to wait.

    Parameters
    ----------
    free
        Failures without a wait.
    first
        Wait after the next one, seconds; doubles with each that follows.
    longest
        Longest wait, seconds; failures older than this are forgotten.
    clock
        Seconds that only go forward.
    """

    def __init__(
        self,
        free: int = 5,
        first: float = 2.0,
        longest: float = 900.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._free, self._first, self._longest, self._clock = free, first, longest, clock
        self._failed: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._lock = Lock()

    def wait(self, *keys: str) -> float:
        """Seconds until the next try may be made; 0 where it may be made now."""
        now = self._clock()
        with self._lock:
            return max((self._left(key, now) for key in keys), default=0.0)

    def failed(self, *keys: str) -> None:
        """Count a failure for each key."""
        now = self._clock()
        with self._lock:
            for key in keys:
                count, last = self._failed.pop(key, (0, now))
                forgotten = now - last > self._longest
                self._failed[key] = (1 if forgotten else count + 1, now)
                while len(self._failed) > _MOST_KEYS:
                    self._failed.popitem(last=False)

    def passed(self, *keys: str) -> None:
        """Forget the failures of these keys."""
        with self._lock:
            for key in keys:
                self._failed.pop(key, None)

    def _left(self, key: str, now: float) -> float:
        count, last = self._failed.get(key, (0, now))
        if count < self._free:
            return 0.0
        pause = min(self._longest, self._first * 2 ** min(count - self._free, 20))
        return max(0.0, last + pause - now)
