"""The bytes of original files, wherever they lie: whole, bounded, and of one moment."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from vsig_core.corpus.listing import ListedFile
from vsig_core.errors import FetchError, PictureError, StoreError
from vsig_core.store.faults import is_of_one_file
from vsig_core.store.files import open_files
from vsig_core.web import Web

_TRIES = 3


def read_original(
    uri: str,
    check_size: Callable[[int], None],
    web: Web | None = None,
    newer_than: datetime | None = None,
) -> bytes:
    """A file's bytes, none of them older than others.

    Parameters
    ----------
    uri
        Absolute path, `s3://bucket/key`, or an address of the web.
    check_size
        Told the size in bytes before any of them is read; may raise `PictureError`.
    web
        Fetches what is on the web.
    newer_than
        What was fetched before this time is asked for again.

    Raises
    ------
    PictureError
        missing, unreadable, changing (it was written to each time it was read), or
        unreachable: the system or the web does not give it out now. On the web, also
        forbidden.
    StoreError
        A bucket cannot be reached.
    """
    if is_on_web(uri):
        return _fetch(uri, check_size, web, newer_than)
    read = _read_key if uri.startswith("s3://") else _read_path
    for _ in range(_TRIES):
        data = read(uri, check_size)
        if data is not None:
            return data
    raise PictureError("changing", f"{uri} changed each time it was read; the next run reads it")


def hosts_named(pictures: Iterable[tuple[str, str, str | None]]) -> set[str]:
    """Hosts that files of the project's own name: these may be in its own network.

    Parameters
    ----------
    pictures
        Source, address and manifest. A row of a table that is a file counts, and a picture
        that lies where its manifest does; what a stranger's page names does not.
    """
    return {
        host
        for source, uri, manifest in pictures
        if is_on_web(uri) and not is_on_web(source)
        for host in [_host(uri)]
        if host and (manifest is None or _host(manifest) == host)
    }


def _host(uri: str) -> str | None:
    return urlsplit(uri).hostname


def is_on_web(uri: str) -> bool:
    """Whether an address is fetched by HTTP."""
    return uri.lower().startswith(("http://", "https://"))


def _fetch(
    uri: str, check_size: Callable[[int], None], web: Web | None, newer_than: datetime | None
) -> bytes:
    if web is None:
        raise PictureError("forbidden", f"{uri}: nothing is fetched from the web here")
    try:
        return web.picture(uri, check_size, newer_than).data
    except FetchError as error:
        raise PictureError(error.reason, error.detail) from error


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
    try:
        found = files.find(key)
        if found is None:
            raise PictureError("missing", f"{uri} was listed and is no longer there")
        check_size(found.size)
        data = files.read(key)
    except StoreError as error:
        if is_of_one_file(error):  # archived to tape, or not for these keys
            raise PictureError("unreachable", str(error)) from error
        raise
    return data if data is not None and len(data) == found.size else None


def content_of(file: ListedFile) -> str | None:
    """The sha256 of a listed file's bytes; None where it cannot be read: its batch will say why.

    None on the web too: not to fetch twice what its batch will read.

    Raises
    ------
    StoreError
        A bucket cannot be reached.
    """
    if is_on_web(file.uri):
        return None
    try:
        if file.uri.startswith("s3://"):
            return hashlib.sha256(read_original(file.uri, lambda _size: None)).hexdigest()
        with Path(file.uri).open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except (PictureError, OSError):
        return None
