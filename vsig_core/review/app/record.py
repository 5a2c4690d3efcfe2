"""A picture's metadata for people: named, in order, and only links that lead to the web."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from vsig_core.review.app.words import date_of

_FIELDS = (
    ("Author", "author"),
    ("Place", "place"),
    ("Subjects", "iconography"),
    ("Description", "description"),
    ("Part", "part"),
    ("Work", "work"),
    ("Rights", "rights"),
    ("File", "uid"),
)
_LONGEST = 4_000


def record_of(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name and value of what is known of a picture; what is long is cut."""
    found = [(name, str(row[column])) for name, column in _FIELDS if row[column]]
    found.insert(1 if row["author"] else 0, ("Date", date_of(row) or "unknown"))
    found.append(("Size", f"{row['width']} × {row['height']} pixels"))
    found += [(name, str(value)) for name, value in _extra(row["extra"]) if value]
    return [(name, value[:_LONGEST]) for name, value in found]


def _extra(text: str | None) -> list[tuple[str, Any]]:
    found = json.loads(text or "{}")
    return list(found.items()) if isinstance(found, dict) else []


def web_link(text: str | None) -> str | None:
    """A link that may be followed; None for `javascript:` and the like.

    >>> web_link("javascript:alert(1)")
    """
    try:
        scheme = urlsplit(text or "").scheme
    except ValueError:
        return None
    return text if scheme in ("http", "https") else None
