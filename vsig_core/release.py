"""Which vsig this is."""

import functools
from importlib.metadata import version


@functools.cache
def release() -> str:
    """The version that is installed, from the tag of its commit.

    >>> bool(release())
    True
    """
    return version("vsig")
