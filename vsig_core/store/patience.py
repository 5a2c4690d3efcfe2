"""Waiting for what passes: a server that is busy, restarted, or cut off for a moment."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import (
    ClientError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    SSLError,
)

_T = TypeVar("_T")
LONGEST_PAUSE = 10.0
# A gateway that is started again is back within this; what lasts longer is a fault to be told.
PATIENCE_SECONDS = 120.0
_PASSING = (HTTPClientError, IncompleteReadError, FlexibleChecksumError)
_PASSING_CODES = {"RequestTimeout", "SlowDown", "Throttling", "ThrottlingException"}


def patiently(
    action: Callable[[], _T],
    passing: Callable[[Exception], bool],
    seconds: float = PATIENCE_SECONDS,
) -> _T:
    """Do what may be done twice, again with growing pauses while its failures may pass.

    Parameters
    ----------
    action
        What to do.
    passing
        Whether a failure may be another one, or none, a moment later.
    seconds
        How long after the first try the last one may begin.

    Raises
    ------
    Exception
        What `action` raised the last time.
    """
    end, pause = time.monotonic() + seconds, 0.2
    while True:
        try:
            return action()
        except Exception as error:
            if not passing(error) or time.monotonic() + pause > end:
                raise
        # Many workers that were cut off together do not come back together.
        time.sleep(pause * random.uniform(0.5, 1))
        pause = min(2 * pause, LONGEST_PAUSE)


def passes(error: Exception) -> bool:
    """Whether a failure of boto3 may be gone a moment later."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        code = error.response.get("Error", {}).get("Code")
        return status >= 500 or status == 429 or code in _PASSING_CODES
    return isinstance(error, _PASSING) and not isinstance(error, SSLError)
