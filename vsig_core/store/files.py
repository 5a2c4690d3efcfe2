"""Files below a root: a folder, or a prefix of an S3 bucket. The same words for both."""

import os
import stat
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from vsig_core.errors import StoreError
from vsig_core.store.aws import aws, refusal
from vsig_core.store.patience import passes, patiently

_T = TypeVar("_T")
_MISSING = {"404", "NoSuchKey", "NotFound"}
_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict", "412"}
PARTIAL = ".partial-"


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


class Files(Protocol):
    """Files below a root.

    Raises
    ------
    StoreError
        Of each method: the folder or the server refuses it, or does not answer.
    """

    @property
    def root(self) -> str:
        """The folder, or `s3://bucket/prefix`."""
        ...

    def uri(self, name: str = "") -> str:
        """Where a file lies."""
        ...

    def list(self, folder: str = "", *, deep: bool = False) -> Iterator[File]:
        """Files of a folder, by name; with `deep` those of the folders in it too."""
        ...

    def find(self, name: str) -> File | None:
        """A file; None where there is none."""
        ...

    def read(self, name: str) -> bytes | None:
        """A file's content; None where there is no such file."""
        ...

    def write(self, name: str, data: bytes) -> None:
        """Write a file, whole or not at all: a reader never sees half of it."""
        ...

    def create(self, name: str, data: bytes) -> bool:
        """Like `write`, only where there is no such file; False where there is one."""
        ...

    def remove(self, name: str, tag: str | None = None) -> None:
        """Remove a file, where it is there; with `tag` only where it is still that one."""
        ...


def open_files(root: str) -> Files:
    """Files below a folder or below `s3://bucket/prefix`."""
    return S3Files(root) if root.startswith("s3://") else FolderFiles(root)


@dataclass(frozen=True)
class FolderFiles:
    """Files below a folder."""

    root: str

    @property
    def folder(self) -> Path:
        """The root."""
        return Path(self.root)

    def uri(self, name: str = "") -> str:
        """See `Files`."""
        return str(self.folder / name)

    def list(self, folder: str = "", *, deep: bool = False) -> Iterator[File]:
        """See `Files`."""
        base = self.folder / folder
        if not base.is_dir():
            return
        with _told("listed", str(base)):
            paths = sorted(base.rglob("*") if deep else base.iterdir())
        for path in paths:
            found = self.find(path.relative_to(self.folder).as_posix())
            if found and not path.name.startswith(PARTIAL):
                yield found

    def find(self, name: str) -> File | None:
        """See `Files`."""
        with _told("looked up", self.uri(name)):
            try:
                status = (self.folder / name).stat()
            except (FileNotFoundError, NotADirectoryError):
                return None
        if not stat.S_ISREG(status.st_mode):
            return None
        modified = datetime.fromtimestamp(status.st_mtime, UTC)
        tag = f"{status.st_ino}-{status.st_mtime_ns}-{status.st_size}"
        return File(name, status.st_size, modified, tag)

    def read(self, name: str) -> bytes | None:
        """See `Files`."""
        with _told("read", self.uri(name)):
            try:
                return (self.folder / name).read_bytes()
            except FileNotFoundError:
                return None

    def write(self, name: str, data: bytes) -> None:
        """See `Files`."""
        with _told("written", self.uri(name)):
            self._put(name, data, lambda partial, place: partial.replace(place))

    def create(self, name: str, data: bytes) -> bool:
        """See `Files`."""
        with _told("written", self.uri(name)):
            try:
                self._put(name, data, _link)
            except FileExistsError:
                return False
        return True

    def remove(self, name: str, tag: str | None = None) -> None:
        """See `Files`."""
        found = self.find(name)
        if found and tag in (None, found.tag):
            with _told("removed", self.uri(name)):
                (self.folder / name).unlink(missing_ok=True)

    def _put(self, name: str, data: bytes, place_it: Callable[[Path, Path], object]) -> None:
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        partial = place.with_name(f"{PARTIAL}{uuid.uuid4().hex}")
        try:
            with partial.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            place_it(partial, place)
        finally:
            partial.unlink(missing_ok=True)


def _link(partial: Path, place: Path) -> None:
    """Give a file its name, where that is free: two at once never overwrite one another."""
    try:
        place.hardlink_to(partial)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if place.exists():
            raise FileExistsError(place) from None
        partial.replace(place)


class _told:  # noqa: N801  reads as a word of the sentence it makes
    """Turns the system's errors into ours: what was to be done, and where."""

    def __init__(self, done: str, place: str) -> None:
        self._done, self._place = done, place

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OSError):
            raise StoreError(
                f"{self._place} cannot be {self._done}: {error.strerror or error}."
            ) from error


@dataclass(frozen=True)
class S3Files:
    """Files below a prefix of a bucket."""

    root: str

    @property
    def bucket(self) -> str:
        """Name of the bucket."""
        return self.root.removeprefix("s3://").partition("/")[0]

    @property
    def prefix(self) -> str:
        """Prefix in the bucket, without slashes at its ends."""
        return self.root.removeprefix("s3://").partition("/")[2].strip("/")

    def uri(self, name: str = "") -> str:
        """See `Files`."""
        return "/".join(["s3:/", self.bucket, *filter(None, [self.prefix, name])])

    def list(self, folder: str = "", *, deep: bool = False) -> Iterator[File]:
        """See `Files`."""
        base = "".join(f"{part}/" for part in (self.prefix, folder) if part)
        more: dict[str, str] = {} if deep else {"Delimiter": "/"}
        while True:
            page = self._ask(
                "listed",
                folder,
                lambda: aws().client.list_objects_v2(Bucket=self.bucket, Prefix=base, **more),
            )
            for found in page.get("Contents", []):
                if not found["Key"].endswith("/"):  # what some programs put there for a folder
                    name = found["Key"].removeprefix(f"{self.prefix}/" if self.prefix else "")
                    yield File(name, found["Size"], found["LastModified"], found["ETag"])
            if not page.get("IsTruncated"):
                return
            more["ContinuationToken"] = page["NextContinuationToken"]

    def find(self, name: str) -> File | None:
        """See `Files`."""
        found = self._unless(_MISSING, "looked up", name, lambda: self._call("head_object", name))
        if found is None:
            return None
        return File(name, found["ContentLength"], found["LastModified"], found["ETag"])

    def read(self, name: str) -> bytes | None:
        """See `Files`."""
        # The body comes after the answer: boto3 does not ask again where it is cut off.
        return self._unless(
            _MISSING, "read", name, lambda: self._call("get_object", name)["Body"].read()
        )

    def write(self, name: str, data: bytes) -> None:
        """See `Files`."""
        self._ask("written", name, lambda: self._call("put_object", name, Body=data))

    def create(self, name: str, data: bytes) -> bool:
        """See `Files`."""
        if self.find(name):
            return False  # a server that does not know conditions would write over it
        put = {"Body": data, "IfNoneMatch": "*"}
        answer = self._unless(
            _TAKEN, "written", name, lambda: self._call("put_object", name, **put)
        )
        return answer is not None

    def remove(self, name: str, tag: str | None = None) -> None:
        """See `Files`."""
        found = self.find(name)
        if found and tag in (None, found.tag):
            self._ask("removed", name, lambda: self._call("delete_object", name))

    def _call(self, method: str, name: str, **more: object) -> Any:
        key = "/".join(filter(None, [self.prefix, name]))
        return getattr(aws().client, method)(Bucket=self.bucket, Key=key, **more)

    def _unless(self, codes: set[str], done: str, name: str, action: Callable[[], _T]) -> _T | None:
        """What the server answers; None where it answers one of some codes."""
        try:
            return patiently(action, passes)
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and error.response["Error"]["Code"] in codes:
                return None
            raise StoreError(f"{self.uri(name)} cannot be {done}: {refusal(error)}.") from error

    def _ask(self, done: str, name: str, action: Callable[[], _T]) -> _T:
        answer = self._unless(set(), done, name, action)
        assert answer is not None
        return answer
