"""The bytes of original files, wherever they lie: whole, bounded, and of one moment."""

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

from vsig_core.corpus.listing import ListedFile
from vsig_core.errors import PictureError
from vsig_core.store.files import open_files

_TRIES = 3


def read_original(uri: str, check_size: Callable[[int], None]) -> bytes:
    """A file's bytes, none of them older than others.

    Parameters
    ----------
    uri
        Absolute path, or `s3://bucket/key`.
    check_size
        Told the size in bytes before any of them is read; may raise `PictureError`.

    Raises
    ------
    PictureError
        missing, unreadable, changing (it was written to each time it was read), or
        unreachable: the system does not give it out now.
    StoreError
        A bucket cannot be reached.
    """
    read = _read_key if uri.startswith("s3://") else _read_path
    for _ in range(_TRIES):
        data = read(uri, check_size)
        if data is not None:
            return data
    raise PictureError("changing", f"{uri} changed each time it was read; the next run reads it")


def _read_path(uri: str, check_size: Callable[[int], None]) -> bytes | None:
    """None where the file was written to meanwhile."""
    try:
        # A pipe that took the file's place would keep whoever opens it waiting.
        descriptor = os.open(uri, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            before = os.fstat(descriptor)
            if not stat.S_ISREG(before.st_mode):
                raise PictureError("unreadable", f"{uri} is no file any more")
            check_size(before.st_size)
            data = file.read(before.st_size + 1)
            after = os.fstat(descriptor)
        same = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
        return data if same and len(data) == before.st_size else None
    except FileNotFoundError:
        raise PictureError("missing", f"{uri} was listed and is no longer there") from None
    except IsADirectoryError:
        raise PictureError("unreadable", f"{uri} is no file any more") from None
    except OSError as error:
        raise PictureError("unreachable", f"{uri}: {error.strerror or error}") from error


def _read_key(uri: str, check_size: Callable[[int], None]) -> bytes | None:
    """None where the object was replaced meanwhile."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    files = open_files(f"s3://{bucket}")
    found = files.find(key)
    if found is None:
        raise PictureError("missing", f"{uri} was listed and is no longer there")
    check_size(found.size)
    data = files.read(key)
    return data if data is not None and len(data) == found.size else None


def content_of(file: ListedFile) -> str | None:
    """The sha256 of a listed file's bytes; None where it cannot be read: its batch will say why.

    Raises
    ------
    StoreError
        A bucket cannot be reached.
    """
    try:
        if file.uri.startswith("s3://"):
            return hashlib.sha256(read_original(file.uri, lambda _size: None)).hexdigest()
        with Path(file.uri).open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except (PictureError, OSError):
        return None
