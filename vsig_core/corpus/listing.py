"""What the sources hold now: files, their ids and their metadata. No picture is opened."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from vsig_core.corpus.buckets import BucketSource, read_key
from vsig_core.corpus.columns import image_columns
from vsig_core.corpus.folders import FolderSource, read_description
from vsig_core.corpus.joining import Joined, join
from vsig_core.corpus.metadata import MetadataFile, read_metadata
from vsig_core.corpus.sources import Described, Found, Source
from vsig_core.errors import SourceError
from vsig_core.settings import SourceSettings

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One picture file.

    `uri` is its absolute path or s3:// address, `size` in bytes, `modified` in UTC.
    `metadata` is its row of the metadata file (column to cell, blank cells and the id
    left out), with the source's `publish` where the row has none. Equal `etag` and size
    mean equal content; files of folders have none.
    """

    uid: str
    source: str
    uri: str
    size: int
    modified: datetime
    metadata: dict[str, str]
    etag: str | None = None


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
        `uri` is a folder, a `file://` address of one, or `s3://bucket/prefix`.
    project
        What relative paths are relative to.

    Raises
    ------
    SourceError
        There is no such folder, it cannot be read, or its metadata file is unusable.
    StoreError
        A bucket cannot be listed or read.
    """
    place = open_source(source, project)
    content = place.content()
    described = _described(source, place, project)
    rows = read_metadata(described.data, described.name) if described else MetadataFile([], [])
    paths = [file.path for file in content.files]
    joined = join(paths, rows.rows, described.base if described else "")
    files = [_listed(source, file, joined) for file in content.files]
    files.sort(key=lambda file: file.uid)
    notes = [*content.notes, *rows.notes, *joined.notes]
    if not files:
        notes.append(f"{place.name} holds no pictures.")
    unmatched: list[str] = []
    if described:
        bare = [path for path in paths if path not in joined.metadata]
        notes += summary(f"pictures without a row in {described.name}", bare)
        unmatched = [f"{described.name}, {row}" for row in joined.unmatched]
    notes += summary("metadata cells that could not be used", _problems(files))
    return Listing(files, unmatched, notes)


def open_source(source: SourceSettings, project: Path) -> Source:
    """The source behind its settings.

    Raises
    ------
    SourceError
        There is no such folder, or the address is of an unknown kind.
    """
    parts = urlsplit(source.uri)
    if parts.scheme == "s3":
        return BucketSource(source.uri)
    if parts.scheme == "file":
        return FolderSource(Path(unquote(parts.path)), source.uri)
    if "://" in source.uri:
        raise SourceError(
            f"Source {source.uri!r} cannot be listed: pictures are read from folders and from "
            "s3://bucket/prefix. Copy or mount them, and name the folder in vsig.toml."
        )
    return FolderSource(project / Path(source.uri).expanduser(), source.uri)


def _described(source: SourceSettings, place: Source, project: Path) -> Described | None:
    """The metadata file that the settings name, else the one beside the pictures."""
    if source.metadata is None:
        return place.described()
    if source.metadata.startswith("s3://"):
        return Described(source.metadata, read_key(source.metadata), "")
    path = (project / Path(source.metadata).expanduser()).resolve()
    root = Path(place.name)
    inside = root.is_absolute() and root.is_relative_to(path.parent)
    base = root.relative_to(path.parent).as_posix() if inside else "."
    return Described(str(path), read_description(path), "" if base == "." else base)


def _listed(source: SourceSettings, file: Found, joined: Joined) -> ListedFile:
    metadata = joined.metadata.get(file.path, {})
    if source.publish != "none":
        metadata = {"publish": source.publish, **metadata}
    uid = source.prefix + joined.uids[file.path]
    return ListedFile(uid, source.uri, file.uri, file.size, file.modified, metadata, file.etag)


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
