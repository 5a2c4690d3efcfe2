"""Parts of a document that a stranger wrote: what is not as it should be counts as absent."""

import json
from typing import Any
from urllib.parse import urljoin

Object = dict[str, Any]
# Pixels of an area: larger numbers are none, and no float holds every one of them.
_LARGEST = 10**15


def read_document(data: bytes) -> Object | None:
    """A JSON object; None where the bytes are none."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def objects(value: Any) -> list[Object]:
    """The objects of a list, or the one that stands where a list may."""
    found = value if isinstance(value, list) else [value]
    return [entry for entry in found if isinstance(entry, dict)]


def text(value: Any) -> str:
    """A string, else ""."""
    return value.strip() if isinstance(value, str) else ""


def number(value: Any) -> int:
    """A positive whole number, else 0; so is one that no picture is large enough for."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 < value <= _LARGEST else 0


def kind(part: Object) -> str:
    """Its type, without the prefix of version 2: "sc:Manifest" is "Manifest"."""
    found = part.get("type", part.get("@type"))
    first = found[0] if isinstance(found, list) and found else found
    return text(first).rpartition(":")[2]


def address(part: Any, base: str) -> str:
    """The id of a part, a relative one against the document's address; "" where it has none."""
    found = text(part) or (text(part.get("id", part.get("@id"))) if isinstance(part, dict) else "")
    try:
        return urljoin(base, found) if found else ""
    except ValueError:  # "http://[": no address
        return ""
