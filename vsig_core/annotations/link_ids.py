"""The original's link ids: three forms over time, of which none names a row."""

import re
from collections import Counter
from collections.abc import Iterable

_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
# The second form took so many characters of the first picture, and the rest of the second.
_HALF = 16


def link_id_form(link_id: str, img1: str, img2: str) -> str:
    """Which form a link id has.

    Returns
    -------
    "sorted pair" (both pictures, joined by `_`), "halves" (`img1[:16] + img2[16:]`, so that
    (A, B) and (B, A) differ), "uuid", or "other".

    >>> link_id_form("a_b", "b", "a")
    'sorted pair'
    """
    if link_id == "_".join(sorted((img1, img2))):
        return "sorted pair"
    if link_id in (img1[:_HALF] + img2[_HALF:], img2[:_HALF] + img1[_HALF:]):
        return "halves"
    return "uuid" if _UUID.fullmatch(link_id) else "other"


def count_forms(links: Iterable[tuple[str, str, str]]) -> dict[str, int]:
    """Form to number of (link id, img1, img2) that have it, the most frequent first."""
    return dict(Counter(link_id_form(*link) for link in links if link[0]).most_common())
