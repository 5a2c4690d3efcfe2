"""What a server's answer says and holds."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import urllib3

from vsig_core.settings import WebSettings
from vsig_core.web.cache import Fetched, Head

_PIECE = 65_536  # bytes

CheckSize = Callable[[int], None]


class PassingError(Exception):
    """A failure that may be over soon."""


def conditions_of(known: Fetched | None) -> dict[str, str]:
    """Headers that ask for an answer only where it differs from the one that is known."""
    if known is None:
        return {}
    said = {"If-None-Match": known.head.etag, "If-Modified-Since": known.head.last_modified}
    return {name: value for name, value in said.items() if value}


def head_of(answer: urllib3.BaseHTTPResponse, url: str) -> Head:
    """What is kept beside the bytes."""
    said = answer.headers
    return Head(url, said.get("Content-Type", ""), said.get("ETag"), said.get("Last-Modified"))


def body_of(
    answer: urllib3.BaseHTTPResponse, check_size: CheckSize, settings: WebSettings
) -> bytes:
    """The whole body, bounded in size and time.

    Raises
    ------
    PassingError
        It was cut, or did not come in time.
    """
    announced = answer.headers.get("Content-Length", "")
    if re.fullmatch(r"[0-9]{1,18}", announced):
        check_size(int(announced))
    end = time.monotonic() + settings.longest_seconds
    data = bytearray()
    try:
        while piece := answer.read1(_PIECE):
            data += piece
            check_size(len(data))
            if time.monotonic() > end:
                raise PassingError(f"not all of it came in {settings.longest_seconds:g} seconds")
    except urllib3.exceptions.HTTPError as error:
        raise PassingError(in_words(error)) from error
    return bytes(data)


def retry_after(text: str | None) -> float:
    """Seconds that a server asks for, by number or by date; 0 where it does not."""
    if not text:
        return 0.0
    if re.fullmatch(r"[0-9]+", text.strip()):
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return 0.0
    aware = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())


def in_words(error: Exception) -> str:
    """What went wrong, without the address of an object in memory."""
    return f"{type(error).__name__}: {str(error).rpartition('>: ')[2] or error}"
