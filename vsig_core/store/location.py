"""A root of the store: a folder, or a prefix of an S3 bucket."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pyarrow.fs as arrow_fs

from vsig_core.errors import StoreError
from vsig_core.store.aws import aws
from vsig_core.store.bucket import S3Files
from vsig_core.store.files import open_files


@dataclass(frozen=True)
class Location:
    """Where a store lies.

    Parameters
    ----------
    root
        Absolute or relative folder, or `s3://bucket/prefix`.

    Raises
    ------
    StoreError
        The name cannot be used.
    """

    root: str

    def __post_init__(self) -> None:
        """Refuse what Delta Lake would read as another path, and what can be no folder."""
        if re.search("%[0-9A-Fa-f]{2}", self.root):
            raise StoreError(
                f"The store {self.root!r} has a '%' followed by two digits in its name, which "
                "Delta Lake decodes as another path. Choose another folder."
            )
        if not self.is_s3:
            _refuse_files(self.folder)
        elif not self.bucket or re.search("[#?]", self.root):
            raise StoreError(
                f"The store {self.root!r} cannot be used: it is s3://bucket/prefix, with a bucket "
                "and without '#' and '?'. Correct 'store' in vsig.toml or VSIG_STORE."
            )

    @property
    def is_s3(self) -> bool:
        """Whether the root is a prefix of a bucket."""
        return self.root.startswith("s3://")

    @property
    def folder(self) -> Path:
        """The root as a folder."""
        return Path(self.root).resolve()

    @property
    def bucket(self) -> str:
        """Name of the bucket."""
        return S3Files(self.root).bucket

    @property
    def prefix(self) -> str:
        """Prefix in the bucket, without slashes at its ends."""
        return S3Files(self.root).prefix

    def uri(self, *parts: str) -> str:
        """Where a part of the store lies."""
        if self.is_s3:
            return S3Files(self.root).uri("/".join(parts))
        return str(self.folder.joinpath(*parts))

    @staticmethod
    def arrow_path(uri: str) -> str:
        """The path that Arrow's reader wants for a file that Delta Lake's log names."""
        return unquote(uri.removeprefix("s3://").removeprefix("file://"))

    def check(self) -> None:
        """Fail soon, before any work, where the root cannot be read; see `Files.check`."""
        open_files(self.root if self.is_s3 else str(self.folder)).check()

    @property
    def vanished(self) -> bool:
        """Whether a root that was there is not any more, as when a folder is moved away."""
        return not self.is_s3 and not self.folder.is_dir()

    @property
    def emptied(self) -> bool:
        """Whether a root that held tables holds none: a disk that is unmounted leaves a folder."""
        return not self.is_s3 and not (self.folder / "tables").is_dir()

    @property
    def storage_options(self) -> dict[str, str]:
        """Options for Delta Lake, with the credentials of the moment; empty for a folder."""
        return aws().delta_options(self.bucket) if self.is_s3 else {}

    @property
    def filesystem(self) -> arrow_fs.FileSystem:
        """For Arrow's reader, with the credentials of the moment."""
        return aws().arrow() if self.is_s3 else arrow_fs.LocalFileSystem()


def _refuse_files(folder: Path) -> None:
    """Tables under a file would look as if nothing had been computed yet."""
    try:
        there = next(place for place in (folder, *folder.parents) if place.exists())
    except OSError as error:
        raise StoreError(f"The store {folder} cannot be opened: {error.strerror}.") from error
    if not there.is_dir():
        raise StoreError(
            f"The store {folder} cannot be a folder: {there} is a file. Correct 'store' in "
            "vsig.toml or VSIG_STORE."
        )
