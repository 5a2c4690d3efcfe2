"""What the files of a store hold, whatever they are: for checking and for cleaning."""

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from vsig_core.errors import StoreError
from vsig_core.store.files import Files

_REMOVING = 16  # requests at a time: S3 answers each in some milliseconds, one after another


def content(files: Files, name: str) -> bytes:
    """The content of a file that has to be there.

    Raises
    ------
    StoreError
        It is missing, or cannot be read.
    """
    data = files.read(name)
    if data is None:
        raise StoreError(f"{files.uri(name)} cannot be read: it is not there.")
    return data


def sha256_of(files: Files, name: str) -> str:
    """Digest of a file's content; see `content`."""
    return hashlib.sha256(content(files, name)).hexdigest()


def remove_all(files: Files, names: Iterable[str]) -> None:
    """Remove files for good; one that is gone already is no error.

    Raises
    ------
    StoreError
        One cannot be removed.
    """
    with ThreadPoolExecutor(_REMOVING) as executor:
        for _ in executor.map(files.remove, names):
            pass
