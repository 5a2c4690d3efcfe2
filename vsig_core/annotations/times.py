"""Times of judgements.

A time without a zone is taken as if it were UTC, in both formats. The original
wrote local wall-clock time (`DD-MM-YYYY_HH:MM:SS`) without saying where; guessing
a zone would make one row two rows on two machines, so the clock's reading is
kept, and old times may lie some hours off. Their order within one file holds.

A time to come is refused: the latest judgement of a person is that person's, so no
later one could win against it.
"""

import re
from datetime import UTC, datetime, timedelta

_ORIGINAL = re.compile(r"(\d{1,2})-(\d{1,2})-(\d{4})_(\d{1,2}):(\d{1,2}):(\d{1,2})")
# Time zones reach 14 hours ahead of UTC, and clocks differ a little.
_AHEAD = timedelta(days=1)


def read_time(text: str) -> datetime:
    """Read ISO 8601 or the original's form.

    >>> read_time("14-06-2022_20:12:15").isoformat()
    '2022-06-14T20:12:15+00:00'

    Raises
    ------
    ValueError
        Not a time that exists, or one to come.
    """
    found = _read(text)
    if found > datetime.now(UTC) + _AHEAD:
        raise ValueError(f"{text!r} is yet to come, by the clock of this machine")
    return found


def _read(text: str) -> datetime:
    old = _ORIGINAL.fullmatch(text)
    try:
        if old:
            day, month, year, *clock = map(int, old.groups())
            return datetime(year, month, day, *clock, tzinfo=UTC)
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is not a time that exists; wanted ISO 8601 or DD-MM-YYYY_HH:MM:SS"
        ) from None


def write_time(time: datetime) -> str:
    """ISO 8601 in UTC, without what is zero after the second.

    >>> write_time(datetime(2026, 3, 2, 9, 30, tzinfo=UTC))
    '2026-03-02T09:30:00Z'
    """
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
