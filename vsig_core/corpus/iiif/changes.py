"""A Change Discovery stream as the documents that are there now.

Activities are read from the newest back, so that the first word on a document is the last
one said: https://iiif.io/api/discovery/1.0/.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from vsig_core.corpus.iiif.parts import Object, address, kind, objects, text

MOST_PAGES = 100_000
_GONE = {"Delete", "Remove"}
_ZONES_DIFFER = timedelta(days=1)

# Gives a page by its address, at once or as it is known; raises `FetchError`.
Page = Callable[[str, bool], Object]


def changed_documents(stream: Object, base: str, page: Page) -> dict[str, datetime | None]:
    """Address of each document, and when it changed last; None where that is not said.

    Parameters
    ----------
    stream
        The ordered collection.
    base
        Its address.
    page
        Told an address, and whether its newest version is needed.

    Raises
    ------
    FetchError
        A page cannot be had: what it says of is not known.
    """
    there: dict[str, datetime | None] = {}
    seen: set[str] = set()
    for activity in _newest_first(stream, base, page):
        act = kind(activity)
        if act == "Refresh":
            break  # all documents that are there are named after it
        name = address(activity.get("object"), base)
        target = address(activity.get("target"), base) if act == "Move" else ""
        for document, stays in ((target, True), (name, act not in {*_GONE, "Move"})):
            if document and document not in seen:
                seen.add(document)
                if stays:
                    there[document] = _time(activity.get("endTime"))
    return there


def _newest_first(stream: Object, base: str, page: Page) -> Iterator[Object]:
    if items := objects(stream.get("orderedItems")):
        yield from reversed(items)
        return
    where = address(stream.get("last"), base)
    asked: set[str] = set()
    while where and where not in asked and len(asked) < MOST_PAGES:
        newest = not asked
        found = page(where, newest)
        if not newest and not found.get("next"):
            found = page(where, True)  # kept from when it was the last one
        asked.add(where)
        yield from reversed(objects(found.get("orderedItems")))
        where = address(found.get("prev"), where)


def _time(value: Any) -> datetime | None:
    """In UTC; None where it is none, or yet to come: what changes then cannot be fetched now."""
    try:
        time = datetime.fromisoformat(text(value))
        utc = (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return utc if utc <= datetime.now(UTC) + _ZONES_DIFFER else None
