"""One file of a folder or of a bucket."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class File:
    """One file.

    Parameters
    ----------
    name
        Below the root, with '/'.
    size
        Bytes.
    modified
        Time of the last change, UTC.
    tag
        Another one whenever the content was written anew: the ETag, or inode, time and size.
    """

    name: str
    size: int
    modified: datetime
    tag: str
