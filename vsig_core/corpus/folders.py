"""A folder of pictures as a source."""

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

from vsig_core.corpus.sources import (
    METADATA_NAMES,
    Content,
    Described,
    Found,
    is_picture,
    name_problem,
    printable,
)
from vsig_core.errors import SourceError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FolderSource:
    """The picture files under a folder.

    Hidden files and folders, links to folders, links out of the root, pipes and
    devices, and folders that hold a vsig store are passed over.

    Parameters
    ----------
    root
        The folder.
    named
        How the settings call it.

    Raises
    ------
    SourceError
        There is no such folder.
    """

    def __init__(self, root: Path, named: str) -> None:
        if not root.is_dir():
            what = "is a file, not a folder" if root.is_file() else "does not exist"
            raise SourceError(
                f"Source {named!r}: {root} {what}. Correct 'uri' of this source in vsig.toml."
            )
        self._root = root.resolve()

    @property
    def name(self) -> str:
        """The folder's whole path."""
        return str(self._root)

    def content(self) -> Content:
        """See `Source`. A folder that cannot be read is refused."""
        content = Content()
        waiting = [(self.name, "")]
        while waiting:
            folder, inside = waiting.pop()
            for entry in _entries(folder):
                path = f"{inside}{entry.name}"
                if entry.name.startswith("."):
                    continue
                if _is_folder(entry):
                    if self._enters(entry, path, content):
                        waiting.append((entry.path, f"{path}/"))
                elif is_picture(entry.name):
                    self._take(entry, path, content)
                else:
                    content.pass_over(entry.name)
        return content.closed(self.name)

    def described(self) -> Described | None:
        """See `Source`. A link that leads elsewhere is not followed."""
        for folder, base in ((self._root, ""), (self._root.parent, self._root.name)):
            for path in (folder / name for name in METADATA_NAMES):
                if path.is_file() and path.resolve().is_relative_to(self._root.parent):
                    return Described(str(path), read_description(path), base)
        return None

    def _enters(self, entry: os.DirEntry[str], path: str, content: Content) -> bool:
        if entry.is_symlink():
            content.notes.append(
                f"{printable(path)} is a link to a folder: not followed. Name "
                f"{printable(os.path.realpath(entry.path))} as a source of its own."
            )
            return False
        place = Path(entry.path)
        return not ((place / "tables").is_dir() and (place / "objects").is_dir())

    def _take(self, entry: os.DirEntry[str], path: str, content: Content) -> None:
        if problem := name_problem(path):
            content.notes.append(problem)
            return
        if entry.is_symlink() and not self._holds(entry.path):
            content.notes.append(f"{path} is a link out of {self.name}: refused.")
            return
        try:
            found = entry.stat()
        except FileNotFoundError:
            return  # gone since the folder was read, or a link to nothing
        except OSError as error:
            content.notes.append(f"{path} cannot be looked at: {error.strerror}; left out.")
            return
        if not stat.S_ISREG(found.st_mode):
            content.notes.append(f"{path} is no file (a pipe, a socket or a device): left out.")
            return
        modified = _EPOCH + timedelta(microseconds=found.st_mtime_ns // 1000)
        content.files.append(Found(path, entry.path, found.st_size, modified))

    def _holds(self, path: str) -> bool:
        return Path(os.path.realpath(path)).is_relative_to(self._root)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a ring of links
        return False


def read_description(path: Path) -> bytes:
    """The bytes of a metadata file.

    Raises
    ------
    SourceError
        It cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceError(
            f"Metadata file {path} cannot be read: {error.strerror}. Correct 'metadata' of this "
            "source in vsig.toml, or take the line out."
        ) from error


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise SourceError(
            f"Folder {folder} cannot be read: {error.strerror}. Its pictures would seem to be "
            "removed; make it readable, or take it out of the source."
        ) from error
