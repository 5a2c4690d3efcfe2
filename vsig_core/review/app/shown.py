"""What people may still have before them: editions that newer ones replaced."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from vsig_core.review.app.edition import Edition

KEPT = 8  # editions; a page that is open for longer counts as showing the newest


@dataclass(frozen=True)
class Shown:
    """An edition that was replaced, as far as it differs from the newest.

    Parameters
    ----------
    name
        Of the edition.
    versions
        Its tables.
    changed
        uid -> sha256 of what it showed, for pictures that are gone since, or show something else.
    """

    name: str
    versions: Mapping[str, int]
    changed: Mapping[str, str]


def replaced(old: Edition, new: Edition, earlier: Iterable[Shown]) -> list[Shown]:
    """What was shown before the newest edition, the latest first."""
    now = new.contents
    changed = {uid: sha for uid, sha in old.contents.items() if now.get(uid) != sha}
    before = [replace(one, changed={**changed, **one.changed}) for one in earlier]
    return [Shown(old.name, old.versions, changed), *before][:KEPT]
