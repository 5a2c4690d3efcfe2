"""Pictures that were listed and could not be had: when they are asked for again."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Any

# Reasons in `rejected_images` that may be gone the next time, with nothing new in the listing.
PASSING_REASONS = ("missing", "changing", "unreachable")
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(days=1)


def due_again(
    rows: Iterable[Mapping[str, Any]],
    lacking: AbstractSet[str],
    now: datetime,
    *,
    at_once: bool = False,
) -> set[str]:
    """Which pictures are asked for again.

    Parameters
    ----------
    rows
        Of `batches`.
    lacking
        Uids that were rejected for one of `PASSING_REASONS` when they were read last.
    now
        In UTC. Each time in vain doubles the pause until the next, from a minute to a day.
    at_once
        Without a pause: a person asks.
    """
    return {
        row["uid"]
        for row in rows
        if row["uid"] in lacking
        and row["gone_at"] is None
        and (at_once or row["asked_at"] is None or now - row["asked_at"] >= _pause(row["asked"]))
    }


def _pause(times: int) -> timedelta:
    return min(FIRST_PAUSE * 2 ** min(times - 1, 20), LONGEST_PAUSE)
