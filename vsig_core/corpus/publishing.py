"""What of each picture may leave the project: the one rule that every export obeys.

`publish` is the owner's word and `embargo_until` a day. "none" keeps the whole picture in, its
id, record and judgements too (of the picture map only a nameless point); "thumb" lets these
and a thumbnail out; "full" also the working copy. Before the day of an embargo nothing leaves.
A picture of which nothing is known (it left the corpus, or was taken down) stays in.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pyarrow as pa

NEEDED = ("uid", "publish", "embargo_until")
"""Columns of `images` that the rule looks at."""


@dataclass(frozen=True)
class Leaving:
    """Who may leave, on one day.

    `thumbs` are the pictures that may leave with a thumbnail at most, `full` those that
    may also with their working copy; `withheld` gives every other picture's reason.
    """

    thumbs: frozenset[str]
    full: frozenset[str]
    withheld: dict[str, str]

    @property
    def uids(self) -> frozenset[str]:
        """Pictures that may leave; each of them at least with its thumbnail."""
        return self.thumbs | self.full

    def __contains__(self, uid: object) -> bool:
        """Whether a picture may leave; one that the corpus does not have may not."""
        return uid in self.full or uid in self.thumbs

    def left_out(self) -> dict[str, int]:
        """Reason to number of pictures that stay in, the most frequent first."""
        return dict(Counter(self.withheld.values()).most_common())

    def sentences(self) -> list[str]:
        """What stays in and why, for a person; nothing where all may leave."""
        return [f"left out {count:,} pictures: {why}" for why, count in self.left_out().items()]


def what_may_leave(images: pa.Table, today: date | None = None) -> Leaving:
    """Apply `publish` and `embargo_until`.

    Parameters
    ----------
    images
        Rows of `images` that are in force, with the columns `NEEDED`.
    today
        The day it is; today in UTC where None. An embargo ends as its day begins.
    """
    today = today or datetime.now(UTC).date()
    allowed: dict[str, list[str]] = {"thumb": [], "full": []}
    withheld: dict[str, str] = {}
    for uid, publish, until in _columns(images):
        if until is not None and today < until:
            withheld[uid] = f"embargo until {until.isoformat()}"
        elif publish in allowed:
            allowed[publish].append(uid)
        else:
            withheld[uid] = f"publish is {publish or 'none'}"
    return Leaving(frozenset(allowed["thumb"]), frozenset(allowed["full"]), withheld)


def _columns(images: pa.Table) -> Iterable[tuple[str, str | None, date | None]]:
    return zip(*(images[name].to_pylist() for name in NEEDED), strict=True)
