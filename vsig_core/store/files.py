"""Files below a root: a folder, or a prefix of an S3 bucket. The same words for both."""

from collections.abc import Iterator
from typing import Protocol

from vsig_core.store.bucket import S3Files
from vsig_core.store.file import File
from vsig_core.store.folder import FolderFiles

__all__ = ["File", "Files", "FolderFiles", "open_files"]


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

    def make(self) -> None:
        """Make the folder where it is missing; a bucket is not ours to make."""
        ...

    def check(self) -> None:
        """Fail within seconds, where it lasts, rather than wait for what may pass."""
        ...

    def check_writable(self) -> None:
        """Fail, before any work, where nothing may be written; leaves nothing behind."""
        ...

    def list(self, folder: str = "", *, deep: bool = False) -> Iterator[File]:
        """Files of a folder in it, by name; with `deep` those of the folders in that too.

        A folder that is not there has none; the root itself has to be there.
        """
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

    def clear_partials(self) -> None:
        """Remove what processes of this machine were writing when they were killed."""
        ...


def open_files(root: str) -> Files:
    """Files below a folder or below `s3://bucket/prefix`."""
    return S3Files(root) if root.startswith("s3://") else FolderFiles(root)
