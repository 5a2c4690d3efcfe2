"""Large binaries, named by their content: `<root>/objects/<kind>/<sha256>.<ext>`."""

import hashlib
import os
import socket
import tempfile
from pathlib import Path

from botocore.exceptions import ClientError

from vsig_core.errors import StoreError
from vsig_core.store.location import Location

_MISSING = {"404", "NoSuchKey", "NotFound"}


class Objects:
    """Put if absent, get, exists; the same for a folder and for S3.

    Parameters
    ----------
    root
        Root of the store.
    """

    def __init__(self, root: str) -> None:
        self._location = Location(root)

    def __reduce__(self) -> tuple[type["Objects"], tuple[str]]:
        """Travel to worker processes as the root alone: clients do not."""
        return (Objects, (self._location.root,))

    def put(self, kind: str, data: bytes, extension: str) -> str:
        """Keep `data` where it is absent; returns its key, `kind/sha256.extension`."""
        key = f"{kind}/{hashlib.sha256(data).hexdigest()}.{extension}"
        if not self.exists(key):
            self._write(key, data)
        return key

    def get(self, key: str) -> bytes:
        """The content behind a key.

        Raises
        ------
        StoreError
            There is no such object.
        """
        try:
            if self._location.is_s3:
                found = self._location.s3.get_object(
                    Bucket=self._location.bucket, Key=self._name(key)
                )
                return found["Body"].read()
            return self._path(key).read_bytes()
        except (ClientError, OSError) as error:
            raise StoreError(f"Object {self.uri(key)} cannot be read: {error}.") from error

    def exists(self, key: str) -> bool:
        """Whether the store has the object."""
        if not self._location.is_s3:
            return self._path(key).is_file()
        try:
            self._location.s3.head_object(Bucket=self._location.bucket, Key=self._name(key))
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return False
            raise StoreError(f"Object {self.uri(key)} cannot be looked up: {error}.") from error
        return True

    def uri(self, key: str) -> str:
        """Where an object lies."""
        return self._location.uri("objects", *key.split("/"))

    def clear_partials(self) -> None:
        """Remove what processes of this machine were writing when they were killed."""
        if self._location.is_s3:
            return  # an upload that is broken off leaves no object
        mine = f"{socket.gethostname()}~"
        for path in self._partials().glob(f"{mine}*"):
            if not _lives(int(path.name.removeprefix(mine).split("~")[0])):
                path.unlink(missing_ok=True)

    def _partials(self) -> Path:
        """Where files are written before they have their name: on the same disk."""
        folder = self._path(".partial")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _name(self, key: str) -> str:
        return "/".join(filter(None, [self._location.prefix, "objects", key]))

    def _path(self, key: str) -> Path:
        return Path(self.uri(key))

    def _write(self, key: str, data: bytes) -> None:
        """Whole or not at all: a reader never sees half an object."""
        if self._location.is_s3:
            self._location.s3.put_object(
                Bucket=self._location.bucket, Key=self._name(key), Body=data
            )
            return
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, partial = tempfile.mkstemp(dir=self._partials(), prefix=_writer())
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(partial).replace(path)
        except BaseException:
            Path(partial).unlink(missing_ok=True)
            raise


def _writer() -> str:
    """Names the process that writes a file."""
    return f"{socket.gethostname()}~{os.getpid()}~"


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # somebody else's
    return True
