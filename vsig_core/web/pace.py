"""How often one host is asked, over all processes of this machine that work for a project."""

import fcntl
import hashlib
import time
from pathlib import Path

from vsig_core.errors import FetchError

# A server may ask for a longer rest; it is then asked again after this one, once.
LONGEST_REST = 3600.0


class Pace:
    """Turns at a host, kept in one small file for each.

    Parameters
    ----------
    folder
        Of these files; made where it is missing.
    interval
        Seconds between two turns at one host.
    longest_wait
        Seconds that are waited for a turn at most.
    """

    def __init__(self, folder: Path, interval: float, longest_wait: float) -> None:
        self._folder = folder
        self._interval = interval
        self._longest_wait = longest_wait

    def wait_for_turn(self, host: str) -> None:
        """Come back when the host may be asked.

        Raises
        ------
        FetchError
            unreachable: that is too long from now, as the host itself asked for.
        """
        now = time.time()
        turn = self._moved(host, self._interval, now, at_most=self._longest_wait)
        if turn - now > self._longest_wait:
            raise FetchError(
                "unreachable", f"{host} asks to be left alone for {turn - now:.0f} more seconds"
            )
        time.sleep(max(0.0, turn - now))

    def rest(self, host: str, seconds: float) -> None:
        """Leave a host alone for so long, whoever wants to ask it."""
        self._moved(host, min(seconds, LONGEST_REST), time.time())

    def _moved(self, host: str, by: float, now: float, at_most: float | None = None) -> float:
        """The next turn before it was moved; not moved where it is too far off already."""
        self._folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(host.encode()).hexdigest()[:32]
        with (self._folder / name).open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            turn = _number(file.read())
            if turn - now > LONGEST_REST + by:  # a clock that was set back
                turn = now
            turn = max(turn, now)
            if at_most is None or turn - now <= at_most:
                after = turn + by if at_most is not None else max(turn, now + by)
                file.truncate(0)
                file.write(repr(after))
        return turn


def _number(text: str) -> float:
    """What a file says; one that was cut by a full disk says nothing."""
    try:
        return float(text)
    except ValueError:
        return 0.0
