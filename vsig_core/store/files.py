"""The files of a store as they lie there, whatever they are: for checking and for cleaning.

Names are relative to the root, with slashes: `tables/links/part-0.parquet`.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from vsig_core.errors import StoreError
from vsig_core.store.location import Location

_CHUNK = 1 << 20
_DELETING = 16  # requests at a time: S3 answers each in some milliseconds, one after another


@dataclass(frozen=True)
class StoredFile:
    """One file: its name, its size in bytes, when it was written."""

    name: str
    size: int
    modified: datetime


class Files:
    """Lists, reads and deletes; a folder and S3 alike.

    Parameters
    ----------
    location
        The root of the store.
    """

    def __init__(self, location: Location) -> None:
        self._location = location

    def under(self, folder: str) -> Iterator[StoredFile]:
        """All files below a folder; none where it does not exist.

        Raises
        ------
        StoreError
            It cannot be listed.
        """
        try:
            yield from self._keys(folder) if self._location.is_s3 else self._paths(folder)
        except (ClientError, BotoCoreError, OSError) as error:
            raise StoreError(f"{self._location.uri(folder)} cannot be listed: {error}.") from error

    def chunks(self, name: str) -> Iterator[bytes]:
        """The content of a file, a megabyte at a time.

        Raises
        ------
        StoreError
            It cannot be read.
        """
        try:
            if self._location.is_s3:
                found = self._location.s3.get_object(
                    Bucket=self._location.bucket, Key=self._key(name)
                )
                yield from found["Body"].iter_chunks(_CHUNK)
                return
            with self._path(name).open("rb") as file:
                while chunk := file.read(_CHUNK):
                    yield chunk
        except (ClientError, BotoCoreError, OSError) as error:
            raise StoreError(f"{self._location.uri(name)} cannot be read: {error}.") from error

    def read(self, name: str) -> bytes:
        """The whole content of a file; see `chunks`."""
        return b"".join(self.chunks(name))

    def sha256(self, name: str) -> str:
        """Digest of a file's content, in constant memory; see `chunks`."""
        digest = hashlib.sha256()
        for chunk in self.chunks(name):
            digest.update(chunk)
        return digest.hexdigest()

    def delete(self, names: Iterable[str]) -> None:
        """Delete files for good; one that is gone already is no error.

        Raises
        ------
        StoreError
            One cannot be deleted.
        """
        with ThreadPoolExecutor(_DELETING) as executor:
            for _ in executor.map(self._delete, names):
                pass

    def _delete(self, name: str) -> None:
        try:
            if self._location.is_s3:
                self._location.s3.delete_object(Bucket=self._location.bucket, Key=self._key(name))
            else:
                self._path(name).unlink(missing_ok=True)
        except (ClientError, BotoCoreError, OSError) as error:
            raise StoreError(f"{self._location.uri(name)} cannot be deleted: {error}.") from error

    def _paths(self, folder: str) -> Iterator[StoredFile]:
        root = self._location.folder
        for place, folders, names in os.walk(root / folder, onerror=_raise_unless_missing):
            folders.sort()
            for name in sorted(names):
                path = Path(place) / name
                try:
                    found = path.stat()
                except FileNotFoundError:  # deleted since it was listed
                    continue
                modified = datetime.fromtimestamp(found.st_mtime, UTC)
                yield StoredFile(path.relative_to(root).as_posix(), found.st_size, modified)

    def _keys(self, folder: str) -> Iterator[StoredFile]:
        pages = self._location.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._location.bucket, Prefix=self._key(folder) + "/"
        )
        before = len(self._key(""))
        for page in pages:
            for entry in page.get("Contents", ()):
                yield StoredFile(entry["Key"][before:], entry["Size"], entry["LastModified"])

    def _key(self, name: str) -> str:
        return f"{self._location.prefix}/{name}" if self._location.prefix else name

    def _path(self, name: str) -> Path:
        return self._location.folder / name


def _raise_unless_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
