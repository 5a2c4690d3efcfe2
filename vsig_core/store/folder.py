"""Files below a folder."""

import os
import socket
import stat
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from vsig_core.errors import StoreError, StoreGoneError
from vsig_core.store.file import File


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

    def make(self) -> None:
        """See `Files`."""
        with _told("made", self.root):
            self.folder.mkdir(parents=True, exist_ok=True)

    def check(self) -> None:
        """See `Files`: the folder is there, and may be read."""
        with _told("read", self.root):
            next(self.folder.iterdir(), None)

    def check_writable(self) -> None:
        """See `Files`: by a file that has no name, as large as a disk hands out space."""
        with _told("written", self.root), tempfile.TemporaryFile(dir=self.folder) as file:
            file.write(bytes(4096))

    def list(self, folder: str = "", *, deep: bool = False) -> Iterator[File]:
        """See `Files`."""
        base = self.folder / folder
        if folder and not base.is_dir():
            return
        with _told("listed", str(base)):
            paths = sorted(base.iterdir())
            if deep:
                paths = sorted(base.rglob("*"))
        for path in paths:
            found = self.find(path.relative_to(self.folder).as_posix())
            if found and path.parent != self._partials:
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
        """See `Files`: a root that is gone is not made anew."""
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

    def clear_partials(self) -> None:
        """See `Files`."""
        mine = f"{socket.gethostname()}~"
        with _told("cleared", str(self._partials)):
            for path in self._partials.glob(f"{mine}*"):
                if not _lives(int(path.name.removeprefix(mine).split("~")[0])):
                    path.unlink(missing_ok=True)

    @property
    def _partials(self) -> Path:
        """Where files are written before they have their name: on the same disk."""
        return self.folder / ".partial"

    def _put(self, name: str, data: bytes, place_it: Callable[[Path, Path], object]) -> None:
        place = self.folder / name
        for folder in (self._partials, place.parent):
            self._make_below(folder)
        writer = f"{socket.gethostname()}~{os.getpid()}"
        partial = self._partials / f"{writer}~{uuid.uuid4().hex}"
        try:
            with partial.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            place_it(partial, place)
        finally:
            partial.unlink(missing_ok=True)

    def _make_below(self, folder: Path) -> None:
        """Make a folder in the root, never the root: it was there, and may come back."""
        here = self.folder
        for part in folder.relative_to(here).parts:
            here /= part
            try:
                here.mkdir(exist_ok=True)
            except FileNotFoundError as error:
                raise StoreGoneError(
                    f"The folder {self.folder} is gone: it was moved away, or its disk is not "
                    "mounted. Nothing is written beside it; bring it back, then run again."
                ) from error


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


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # somebody else's
    return True


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
