"""What the sources hold now: files, their ids and their metadata. No picture is opened."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from vsig_core.corpus.columns import image_columns
from vsig_core.corpus.folders import METADATA_NAME, walk
from vsig_core.corpus.joining import join
from vsig_core.corpus.metadata import MetadataFile, read_metadata
from vsig_core.errors import SourceError
from vsig_core.settings import SourceSettings

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHOWN = 5


@dataclass(frozen=True)
class ListedFile:
    """One picture file.

    `uri` is its absolute path, `size` in bytes, `modified` in UTC. `metadata` is its
    row of the metadata file (column to cell, blank cells and the id left out), with
    the source's `publish` where the row has none.
    """

    uid: str
    source: str
    uri: str
    size: int
    modified: datetime
    metadata: dict[str, str]


@dataclass(frozen=True)
class Listing:
    """Files by uid; metadata rows that match no picture; notes for a person."""

    files: list[ListedFile] = field(default_factory=list)
    unmatched_rows: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def list_sources(sources: Iterable[SourceSettings], project: Path) -> Listing:
    """List all sources of a project as one.

    Raises
    ------
    SourceError
        A source cannot be listed, or two files of different sources have one uid.
    """
    whole = Listing()
    owners: dict[str, ListedFile] = {}
    for source in sources:
        listing = list_source(source, project)
        for file in listing.files:
            other = owners.setdefault(file.uid, file)
            if other is not file:
                raise SourceError(
                    f"Two pictures have the id {file.uid!r}: {other.uri} (source {other.source!r}) "
                    f"and {file.uri} (source {file.source!r}). Give one of the sources a 'prefix' "
                    "in vsig.toml."
                )
        whole.files.extend(listing.files)
        whole.unmatched_rows.extend(listing.unmatched_rows)
        whole.notes.extend(listing.notes)
    whole.files.sort(key=lambda file: file.uid)
    return whole


def list_source(source: SourceSettings, project: Path) -> Listing:
    """List the pictures of one source.

    Parameters
    ----------
    source
        `uri` is a folder, or a `file://` address of one.
    project
        What relative paths are relative to.

    Raises
    ------
    SourceError
        There is no such folder, it cannot be read, or its metadata file is unusable.
    """
    root = _root(source, project)
    content = walk(root)
    metadata_path = _metadata_path(source, root, project)
    described = read_metadata(metadata_path) if metadata_path else MetadataFile([], [])
    joined = join(content.paths, described.rows, _base(root, metadata_path))
    files = []
    for path in content.paths:
        file = _listed(source, root / path, joined.uids[path], joined.metadata.get(path, {}))
        files += [file] if file else []
    notes = [*content.notes, *described.notes, *joined.notes]
    if not files:
        notes.append(f"{root} holds no pictures.")
    if metadata_path:
        bare = [path for path in content.paths if path not in joined.metadata]
        notes += summary(f"pictures without a row in {metadata_path}", bare)
    notes += summary("metadata cells that could not be used", _problems(files))
    unmatched = [f"{metadata_path}, {row}" for row in joined.unmatched]
    return Listing(sorted(files, key=lambda file: file.uid), unmatched, notes)


def _root(source: SourceSettings, project: Path) -> Path:
    parts = urlsplit(source.uri)
    if parts.scheme == "file":
        folder = Path(unquote(parts.path))
    elif "://" in source.uri:
        raise SourceError(
            f"Source {source.uri!r} cannot be listed: pictures are read from folders. Copy or "
            "mount them, and name the folder in vsig.toml."
        )
    else:
        folder = project / Path(source.uri).expanduser()
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.is_file() else "does not exist"
        raise SourceError(
            f"Source {source.uri!r}: {folder} {what}. Correct 'uri' of this source in vsig.toml."
        )
    return folder.resolve()


def _metadata_path(source: SourceSettings, root: Path, project: Path) -> Path | None:
    if source.metadata is not None:
        return (project / Path(source.metadata).expanduser()).resolve()
    beside = (root / METADATA_NAME, root.parent / METADATA_NAME)
    return next((path for path in beside if path.is_file()), None)


def _base(root: Path, metadata_path: Path | None) -> str:
    """Path from the metadata file's folder down to the pictures; "" where there is none."""
    if metadata_path is None or not root.is_relative_to(metadata_path.parent):
        return ""
    base = root.relative_to(metadata_path.parent).as_posix()
    return "" if base == "." else base


def _listed(
    source: SourceSettings, path: Path, uid: str, metadata: dict[str, str]
) -> ListedFile | None:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None  # gone since the folder was read, or a link to nothing
    if source.publish != "none":
        metadata = {"publish": source.publish, **metadata}
    modified = _EPOCH + timedelta(microseconds=stat.st_mtime_ns // 1000)
    return ListedFile(source.prefix + uid, source.uri, str(path), stat.st_size, modified, metadata)


def _problems(files: Sequence[ListedFile]) -> list[str]:
    return [
        f"{file.uid}: {problem}"
        for file in files
        if file.metadata
        for problem in image_columns(file.metadata).problems
    ]


def summary(what: str, items: list[str]) -> list[str]:
    """A sentence on a list, long ones by their beginning; none where it is empty."""
    if not items:
        return []
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return [f"{len(items)} {what}: {', '.join(items[:_SHOWN])}{more}."]
