"""Places that pictures come from, all asked in the same way; see `folders` and `buckets`."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import Protocol

from vsig_core.corpus.metadata import MetadataRow

# Names that are listed. What they hold is for `read_picture` to say; HEIC, for
# instance, is listed to be refused by name.
# fmt: off
PICTURE_EXTENSIONS = frozenset({
    ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".gif", ".bmp", ".tif", ".tiff",
    ".webp", ".avif", ".jp2", ".j2k", ".jpx", ".jpf", ".ppm", ".pgm", ".pbm", ".pnm", ".heic",
    ".heif",
})
# fmt: on
# Beside pictures, the first that is there; the second as Hugging Face `imagefolder` has it.
METADATA_NAMES = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
# Tables and texts beside pictures are no surprise; other files are counted in a note.
_EXPECTED_EXTENSIONS = frozenset(
    {".txt", ".csv", ".tsv", ".json", ".jsonl", ".parquet", ".md", ".toml", ".xml"}
)


@dataclass(frozen=True, slots=True)
class Found:
    """One picture: `path` relative to the root, with `/`; `uri` is where it is read.

    `size` in bytes, `modified` in UTC; None where only the picture's server knows. Equal
    `etag` and size mean equal content; a folder has none. `row` is what the source itself
    says of the picture. `path` is then whatever names it there.
    """

    path: str
    uri: str
    size: int | None
    modified: datetime | None
    etag: str | None = None
    row: MetadataRow | None = None


@dataclass
class Content:
    """The picture files of a source, by path, and notes for a person.

    `refused` says what the source names and is not taken, and why. `unreached` are manifests,
    or addresses of pictures, that could not be had now: what was there is not gone for it.
    """

    files: list[Found] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    unreached: set[str] = field(default_factory=set)
    passed_over: dict[str, int] = field(default_factory=dict)

    def pass_over(self, name: str) -> None:
        """Count a file that is no picture by name, where that may surprise."""
        extension = PurePosixPath(name).suffix.lower()
        if extension not in _EXPECTED_EXTENSIONS:
            shown = printable(extension) or "no extension"
            self.passed_over[shown] = self.passed_over.get(shown, 0) + 1

    def closed(self, name: str) -> "Content":
        """The same, sorted, with what was passed over in a note."""
        self.files.sort(key=lambda file: file.path)
        if self.passed_over:
            counts = ", ".join(f"{what} {n}" for what, n in sorted(self.passed_over.items()))
            self.notes.append(f"{name}: files that are no pictures passed over: {counts}.")
        return self


@dataclass(frozen=True)
class Described:
    """A metadata file: its name for people, its bytes, and the path from its folder to the root.

    By the end of its name it is told what it is.
    """

    name: str
    data: bytes
    base: str


class Source(Protocol):
    """What a kind of source answers."""

    @property
    def name(self) -> str:
        """How a person would find it."""
        ...

    def content(self) -> Content:
        """Its picture files now; none is opened.

        Raises
        ------
        SourceError, StoreError
            It cannot be listed as a whole: what is missing would count as removed.
        """
        ...

    def described(self) -> Described | None:
        """The metadata file in the source, else beside it; see `METADATA_NAMES`.

        Raises
        ------
        SourceError, StoreError
            It is there and cannot be read.
        """
        ...


def is_picture(name: str) -> bool:
    """Whether a file is listed, by its extension."""
    return PurePosixPath(name).suffix.lower() in PICTURE_EXTENSIONS


def name_problem(path: str) -> str | None:
    """Why a file cannot be called by its path; None where it can.

    Control characters would steer the terminal of whoever reads the name, and break
    lists of one name a line.
    """
    try:
        path.encode()
    except UnicodeEncodeError:
        return f"{printable(path)}: the name is not UTF-8; left out. Rename the file."
    if not is_printable(path):
        return f"{printable(path)}: the name holds control characters; left out. Rename the file."
    return None


def is_printable(name: str) -> bool:
    """Whether a name has no control characters and no line ends."""
    return not any(ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u2028\u2029" for c in name)


def printable(name: str) -> str:
    """A name as it can be shown: what is not text, and control characters, as escapes."""
    text = name.encode("utf-8", "backslashreplace").decode()
    return "".join(c if is_printable(c) else ascii(c)[1:-1] for c in text)
