"""What lies in a folder: picture files, in a fixed order, and what was passed over."""

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from vsig_core.errors import SourceError

# Names that are listed. What they hold is for `read_picture` to say; HEIC, for
# instance, is listed to be refused by name.
# fmt: off
PICTURE_EXTENSIONS = frozenset({
    ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".gif", ".bmp", ".tif", ".tiff",
    ".webp", ".avif", ".jp2", ".j2k", ".jpx", ".jpf", ".ppm", ".pgm", ".pbm", ".pnm", ".heic",
    ".heif",
})
# fmt: on
METADATA_NAME = "metadata.csv"
# Tables and texts beside pictures are no surprise; other files are counted in a note.
_EXPECTED_EXTENSIONS = frozenset({".txt", ".csv", ".tsv", ".json", ".md", ".toml", ".xml"})


@dataclass
class FolderContent:
    """Relative paths of the picture files with `/`, sorted, and notes for a person."""

    paths: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def walk(root: Path) -> FolderContent:
    """Find the picture files under a folder.

    Hidden files and folders, links to folders, links out of the root and folders
    that hold a vsig store are passed over.

    Parameters
    ----------
    root
        A resolved path.

    Raises
    ------
    SourceError
        A folder cannot be read: without it its pictures would count as removed.
    """
    content = FolderContent()
    others: Counter[str] = Counter()
    for folder, folders, names in os.walk(root, onerror=_refuse):
        here = Path(folder)
        folders[:] = sorted(name for name in folders if _enters(here / name, root, content.notes))
        for name in sorted(names):
            path = here / name
            extension = path.suffix.lower()
            if name.startswith("."):
                continue
            if extension not in PICTURE_EXTENSIONS:
                others[extension or "no extension"] += extension not in _EXPECTED_EXTENSIONS
            elif _is_ours(path, root, content.notes):
                content.paths.append(path.relative_to(root).as_posix())
    content.paths.sort()
    if +others:
        counts = ", ".join(f"{extension} {n}" for extension, n in sorted((+others).items()))
        content.notes.append(f"{root}: files that are no pictures passed over: {counts}.")
    return content


def _refuse(error: OSError) -> None:
    raise SourceError(
        f"Folder {error.filename} cannot be read: {error.strerror}. Its pictures would seem to be "
        "removed; make it readable, or take it out of the source."
    ) from error


def _enters(folder: Path, root: Path, notes: list[str]) -> bool:
    if folder.name.startswith("."):
        return False
    if folder.is_symlink():
        notes.append(
            f"{folder.relative_to(root)} is a link to a folder: not followed. Name "
            f"{folder.resolve()} as a source of its own."
        )
        return False
    return not ((folder / "tables").is_dir() and (folder / "objects").is_dir())


def _is_ours(path: Path, root: Path, notes: list[str]) -> bool:
    """Whether a file may be listed: its name is text, and it lies under the root."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        shown = str(path.relative_to(root)).encode("utf-8", "backslashreplace").decode()
        notes.append(f"{shown}: the name is not UTF-8; left out. Rename the file.")
        return False
    if path.is_symlink() and not path.resolve().is_relative_to(root):
        notes.append(f"{path.relative_to(root)} is a link out of {root}: refused.")
        return False
    return True
