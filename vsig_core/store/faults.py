"""What failures of boto3, Delta Lake and Arrow mean: whether they may pass, and one line of words.

The last two give words alone; their sense is read out of them here and nowhere else.
"""

import re

from botocore.exceptions import (
    ClientError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    SSLError,
)
from botocore.exceptions import ConnectionError as NotConnectedError

from vsig_core.errors import StoreError

_CUT_OFF = (NotConnectedError, HTTPClientError, IncompleteReadError, FlexibleChecksumError)
_BUSY = {"RequestTimeout", "SlowDown", "Throttling", "ThrottlingException"}
# Delta Lake: "HTTP error" is one of the connection, "status code … 503" one of the server.
# Arrow: words for the codes, "HTTP status 503" for the answer to a question without a body.
_PASSING = re.compile(
    r"HTTP error|status code\W+(5\d\d|429)\b|HTTP status (5\d\d|429)\b|operation timed out"
    r"|AWS Error (NETWORK_CONNECTION|SLOW_DOWN|SERVICE_UNAVAILABLE|INTERNAL_FAILURE"
    r"|REQUEST_TIMEOUT|THROTTLING)"
)
_COLOUR = re.compile(r"\x1b\[\d+m")
_DELTA_CODE = re.compile(r"<Code>(\w+)</Code>")
_ARROW_CODE = re.compile(r"AWS Error ([A-Z_]+) ")
_STATUS = re.compile(r"(?:status code\W+|HTTP status )(\d{3})\b")
_SYSTEM = re.compile(r"([A-Z][\w -]+) \(os error \d+\)|message: \"([^\"]+)\"")
_FULL_OR_CLOSED = re.compile(
    "No space left|quota exceeded|Read-only file system|Permission denied|not permitted", re.I
)
_WRONG_KEYS = (
    "the keys are wrong. Correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile"
)
_NO_RIGHT = "these keys have no right to it. docs/s3.md names the rights that vsig needs"
_ADVICE = {
    "InvalidAccessKeyId": _WRONG_KEYS,
    "SignatureDoesNotMatch": _WRONG_KEYS,
    "ExpiredToken": "the session has ended. Log in anew",
    "AccessDenied": _NO_RIGHT,
    "403": "the keys are wrong, or have no right to it. docs/s3.md names the rights",
    "NoSuchBucket": "there is no such bucket. Make it, or correct its name",
    "QuotaExceeded": "the bucket's quota is used up",
}


def passes(error: Exception) -> bool:
    """Whether a failure may be gone a moment later: a busy server, a connection cut off."""
    if isinstance(error, StoreError):  # what it told of
        return isinstance(error.__cause__, Exception) and passes(error.__cause__)
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= 500 or status == 429 or _code(error) in _BUSY
    if isinstance(error, _CUT_OFF):
        return not isinstance(error, SSLError)
    return bool(_PASSING.search(_words(error)))


def lasts(error: StoreError) -> bool:
    """Whether only a person can mend it: no right, no bucket, a disk that is full."""
    cause = error.__cause__
    if not isinstance(cause, Exception):
        return False
    return _code(cause) in _ADVICE or bool(_FULL_OR_CLOSED.search(said(cause)))


def is_of_one_file(error: StoreError) -> bool:
    """Whether a server refused one file, and for good: others of its bucket may fare better."""
    return isinstance(error.__cause__, ClientError) and not passes(error)


def said(error: Exception) -> str:
    """A failure in one line, without a full stop: what the server or the system answers."""
    words = _words(error)
    if isinstance(error, FileNotFoundError) and error.errno is None:  # Arrow gives the path alone
        return f"{words} is not there"
    code = _code(error)
    if code:
        return f"the server answers {code}" + (f": {_ADVICE[code]}" if code in _ADVICE else "")
    if found := _SYSTEM.search(words):
        return found[1] or found[2]
    return words.rstrip(". ")


def _code(error: Exception) -> str | None:
    """The server's code for what it refused, in S3's own spelling; else the status."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "")) or None
    words = _words(error)
    if found := _DELTA_CODE.search(words):
        return found[1]
    if (found := _ARROW_CODE.search(words)) and found[1] not in {"UNKNOWN", "NETWORK_CONNECTION"}:
        return "".join(part.capitalize() for part in found[1].split("_"))
    return found[1] if (found := _STATUS.search(words)) else None


def _words(error: Exception) -> str:
    return " ".join(_COLOUR.sub("", str(error)).replace("↳", ":").split())
