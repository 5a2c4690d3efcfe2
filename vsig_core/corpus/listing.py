"""What the sources hold now: files, their ids and their metadata. No picture is opened."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from vsig_core.corpus.buckets import BucketSource, read_key
from vsig_core.corpus.columns import unusable_cells
from vsig_core.corpus.folders import FolderSource, read_description
from vsig_core.corpus.iiif import IiifSource
from vsig_core.corpus.joining import Joined, join
from vsig_core.corpus.metadata import MetadataFile
from vsig_core.corpus.sources import Described, Found, Source
from vsig_core.corpus.tabled import TableSource
from vsig_core.corpus.tables import is_table, read_table
from vsig_core.errors import FetchError, SourceError
from vsig_core.settings import SourceSettings, WebSettings, scheme_of
from vsig_core.web import Web

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One picture file.

    `uri` is its absolute path, or its address on S3 or the web; `size` in bytes, `modified`
    in UTC, both None on the web. `metadata` is its row of the metadata file (column to cell,
    blank cells and the id left out) and what the source itself says of it, with the source's
    `publish` where neither has one. Equal `etag` and size mean equal content; files of
    folders and of the web have none.
    """

    uid: str
    source: str
    uri: str
    size: int | None
    modified: datetime | None
    metadata: dict[str, str]
    etag: str | None = None


@dataclass(frozen=True)
class Listing:
    """Files by uid; metadata rows that match no picture; notes for a person.

    `refused` says what a table or a manifest names that is no picture of this project, and
    why. `unreached` are manifests, or addresses of pictures, that could not be had now.
    """

    files: list[ListedFile] = field(default_factory=list)
    unmatched_rows: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    unreached: set[str] = field(default_factory=set)


def list_sources(
    sources: Iterable[SourceSettings], project: Path, web: Web | None = None
) -> Listing:
    """List all sources of a project as one; see `list_source`.

    Raises
    ------
    SourceError
        A source cannot be listed, or two files of different sources have one uid.
    """
    whole = Listing()
    owners: dict[str, ListedFile] = {}
    for source in sources:
        listing = list_source(source, project, web)
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
        whole.refused.extend(listing.refused)
        whole.unreached.update(listing.unreached)
    whole.files.sort(key=lambda file: file.uid)
    return whole


def list_source(source: SourceSettings, project: Path, web: Web | None = None) -> Listing:
    """List the pictures of one source.

    Parameters
    ----------
    source
        Of any of the kinds that docs/sources.md tells apart.
    project
        What relative paths are relative to.
    web
        What is fetched, and was; of this project by the default settings where left out.

    Raises
    ------
    SourceError
        There is no such folder, it cannot be read, or its metadata file is unusable.
    StoreError
        A bucket cannot be listed or read.
    """
    web = web or Web(project / ".vsig" / "web", WebSettings())
    place = open_source(source, project, web)
    content = place.content()
    described = _described(source, place, project, web)
    rows = read_table(described.data, described.name) if described else MetadataFile([], [])
    paths = [file.path for file in content.files]
    own = {file.path: file.row for file in content.files if file.row}
    joined = join(paths, rows.rows, described.base if described else "", own)
    files = [_listed(source, file, joined) for file in content.files]
    files.sort(key=lambda file: file.uid)
    left_out = summary("metadata rows were left out", rows.refused)
    notes = [*content.notes, *rows.notes, *left_out, *joined.notes]
    if not files:
        notes.append(f"{place.name} holds no pictures.")
    unmatched: list[str] = []
    if described:
        bare = [path for path in paths if path not in joined.metadata]
        notes += summary(f"pictures without a row in {described.name}", bare)
        unmatched = [f"{described.name}, {row}" for row in joined.unmatched]
    notes += summary("metadata cells that could not be used", _problems(files))
    return Listing(files, unmatched, notes, content.refused, content.unreached)


def open_source(source: SourceSettings, project: Path, web: Web) -> Source:
    """The source behind its settings.

    Raises
    ------
    SourceError
        There is no such folder, or the address is of an unknown kind.
    """
    scheme, rest = scheme_of(source.uri)
    if scheme == "s3":
        return TableSource(source.uri, web) if is_table(rest) else BucketSource(source.uri)
    if scheme in {"http", "https"}:
        return _on_the_web(source, web)
    path = Path(unquote(rest)) if scheme else project / Path(rest).expanduser()
    if is_table(path.name) and path.is_file():
        return TableSource(str(path.absolute()), web)
    if path.suffix.lower() == ".json" and path.is_file():
        return IiifSource(str(path.absolute()), web, source.work)
    return FolderSource(path, source.uri)


def _on_the_web(source: SourceSettings, web: Web) -> Source:
    """A table by its name; else what looks like JSON or a web page is read as IIIF."""
    if not is_table(urlsplit(source.uri).path):
        try:
            document = web.root_document(source.uri)
        except FetchError as error:
            raise SourceError(f"Source {source.uri!r}: {error.detail}") from error
        if document.data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[", b"<")):
            return IiifSource(source.uri, web, source.work)
    return TableSource(source.uri, web)


def _described(source: SourceSettings, place: Source, project: Path, web: Web) -> Described | None:
    """The metadata file that the settings name, else the one beside the pictures."""
    if source.metadata is None:
        return place.described()
    scheme, _ = scheme_of(source.metadata)
    if scheme == "s3":
        return Described(source.metadata, read_key(source.metadata), "")
    if scheme:
        return Described(source.metadata, _fetched(source.metadata, web), "")
    path = (project / Path(source.metadata).expanduser()).resolve()
    root = Path(place.name)
    inside = root.is_absolute() and root.is_relative_to(path.parent)
    base = root.relative_to(path.parent).as_posix() if inside else "."
    return Described(str(path), read_description(path), "" if base == "." else base)


def _fetched(url: str, web: Web) -> bytes:
    try:
        return web.root_document(url).data
    except FetchError as error:
        raise SourceError(
            f"Metadata file {url}: {error.detail}. Correct 'metadata' of this source in "
            "vsig.toml, or take the line out."
        ) from error


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
        for problem in unusable_cells(file.metadata)
    ]


def summary(what: str, items: list[str]) -> list[str]:
    """A sentence on a list, long ones by their beginning; none where it is empty."""
    if not items:
        return []
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return [f"{len(items)} {what}: {', '.join(items[:_SHOWN])}{more}."]
