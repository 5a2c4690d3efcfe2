"""Old ids of pictures: which picture a judgement means, whatever its name is now.

A name may pass to another picture, and a picture may come back to a name it had. So a
judgement is followed by what it was judged on: it means the picture, of those that its
id ever led to, that shows this content.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from vsig_core.annotations.contents import same_content


class Aliases:
    """Rows of `aliases`, against the pictures as they are.

    Parameters
    ----------
    rows
        With old_uid and uid, the oldest first.
    hashes
        uid to sha256 of the pictures there are.
    looks_same
        Whether two contents, by sha256, are nearly the same picture.
    """

    def __init__(
        self,
        rows: Iterable[Mapping[str, Any]] = (),
        hashes: Mapping[str, str] | None = None,
        looks_same: Callable[[str, str], bool] = same_content,
    ) -> None:
        self._hashes = hashes or {}
        self._looks_same = looks_same
        self._next: dict[str, list[str]] = {}
        for row in rows:
            self._next.setdefault(row["old_uid"], []).insert(0, row["uid"])

    def __bool__(self) -> bool:
        """Whether any picture ever had another id."""
        return bool(self._next)

    def now(self, uid: str, sha256: str | None = None) -> str:
        """The id of the picture that is meant.

        Parameters
        ----------
        uid
            As somebody named it.
        sha256
            Of what the picture showed then. Where that is unknown, a picture that bears
            the name is meant.

        Returns
        -------
        An id that may have no picture (any more): then the judgement waits for it.
        """
        if uid not in self._next:
            return uid
        names = self._names(uid)
        there = [name for name in names if name in self._hashes]
        if not there or sha256 is None:
            return (there or names[-1:])[0]
        for alike in (same_content, self._looks_same):
            for name in there:
                if alike(self._hashes[name], sha256):
                    return name
        return there[-1]

    def _names(self, uid: str) -> list[str]:
        """The id and all that it led to, the latest way first, each once."""
        names: dict[str, None] = {}
        waiting = [uid]
        while waiting:
            name = waiting.pop()
            if name not in names:
                names[name] = None
                waiting += reversed(self._next.get(name, ()))
        return list(names)


NO_ALIASES = Aliases()
"""Every picture has the id that it always had."""


def renames(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Old uid to the one after all these moves: for what is known by uid alone.

    Parameters
    ----------
    rows
        Of `aliases`. Those of one time happened at once: two pictures may change names.

    >>> renames([{"old_uid": "a", "uid": "b", "at": 1}, {"old_uid": "b", "uid": "c", "at": 2}])
    {'a': 'c', 'b': 'c'}
    """
    steps: dict[Any, dict[str, str]] = {}
    for row in rows:
        steps.setdefault(row["at"], {})[row["old_uid"]] = row["uid"]
    names = {old for step in steps.values() for old in step}
    found: dict[str, str] = {}
    for uid in sorted(names):
        now = uid
        for at in sorted(steps):
            now = steps[at].get(now, now)
        found[uid] = now
    return found
