"""A table of pictures as a source: each row names one, by a path or an address.

Paths lead to files below the folder of the table, and nowhere else: a table may have been
written by somebody else.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote, urljoin

from vsig_core.corpus.buckets import read_key
from vsig_core.corpus.folders import read_description
from vsig_core.corpus.metadata import FILE_COLUMNS, URL_COLUMN, MetadataRow
from vsig_core.corpus.sources import Content, Described, Found, name_problem, printable
from vsig_core.corpus.tables import read_table
from vsig_core.errors import FetchError, SourceError, StoreError
from vsig_core.settings import scheme_of
from vsig_core.store.faults import is_of_one_file
from vsig_core.store.files import open_files
from vsig_core.web import Web
from vsig_core.web.addresses import host_of

_ADDRESS_COLUMNS = (*FILE_COLUMNS, URL_COLUMN)


class _RefusedError(Exception):
    """Why a row is not taken."""


class TableSource:
    """The pictures that the rows of a table name.

    A column `path`, `file_name` or `filename` names a file below the table's folder; it or
    `url` may be an `https://`, `http://` or `s3://` address. All other columns are the
    picture's metadata, and `uid` or `id` its name.

    Parameters
    ----------
    address
        Absolute path, `s3://bucket/key` or web address of a CSV, JSON Lines or Parquet file.
    web
        Fetches it, where it is on the web.
    """

    def __init__(self, address: str, web: Web) -> None:
        self._address = address
        self._web = web
        bare = address.partition("?")[0] if scheme_of(address)[0].startswith("http") else address
        self._root, _, self._file_name = bare.rpartition("/")

    @property
    def name(self) -> str:
        """The table's address."""
        return self._address

    def content(self) -> Content:
        """See `Source`. A row whose picture cannot be named is refused, and said."""
        content = Content()
        data = self._data(content)
        table = read_table(data, self._address, self._file_name)
        content.notes += table.notes
        content.refused += table.refused
        lines: dict[str, int] = {}
        find = self._finder(content.unreached)
        for row in table.rows:
            try:
                found = find(row)
                if found.path in lines:
                    raise _RefusedError(f"{found.path} is listed by row {lines[found.path]}")
            except _RefusedError as refusal:
                content.refused.append(f"{self._address}, row {row.line}: {refusal}")
                continue
            lines[found.path] = row.line
            content.files.append(found)
        return content.closed(self.name)

    def described(self) -> Described | None:
        """None: the rows themselves describe the pictures."""
        return None

    def _data(self, content: Content) -> bytes:
        if self._address.startswith("s3://"):
            return read_key(self._address)
        if "://" not in self._address:
            return read_description(Path(self._address))
        try:
            fetched = self._web.root_document(self._address)
        except FetchError as error:
            raise SourceError(f"Source {self._address!r}: {error.detail}") from error
        if fetched.stale:
            content.notes.append(f"{self._address} is listed as it was: {fetched.stale}")
        return fetched.data

    def _finder(self, unreached: set[str]) -> Callable[[MetadataRow], Found]:
        """What finds the file of a row; a bucket is listed once for all rows."""
        place = _Bucket(self._root) if self._root.startswith("s3://") else None
        others = _OtherBuckets(unreached)

        def find(row: MetadataRow) -> Found:
            value = next((row.values[n] for n in _ADDRESS_COLUMNS if n in row.values), None)
            if value is None:
                raise _RefusedError(f"it names no picture; one of {', '.join(_ADDRESS_COLUMNS)}")
            left = {n: cell for n, cell in row.values.items() if n not in _ADDRESS_COLUMNS}
            own = MetadataRow(row.line, left)
            if value.lower().startswith("s3://"):
                return others.found(value, own)
            if "://" in value:
                return _at_address(value, own)
            if place is not None:
                return place.found(value, own)
            if "://" in self._root:
                return self._beside_on_the_web(value, own)
            return self._in_folder(value, own)

        return find

    def _in_folder(self, value: str, row: MetadataRow) -> Found:
        root = Path(self._root or "/").resolve()
        path = root / value.replace("\\", "/")
        try:
            place = path.resolve()
            if not place.is_relative_to(root):
                raise _RefusedError(f"{printable(value)} lies outside {root}")
            if not place.is_file():
                raise _RefusedError(f"{printable(value)}: no such file")
            found = place.stat()
        except (OSError, ValueError) as error:
            raise _RefusedError(f"{printable(value)} cannot be looked at: {error}") from error
        inside = place.relative_to(root).as_posix()
        if problem := name_problem(inside):
            raise _RefusedError(problem)
        modified = datetime.fromtimestamp(found.st_mtime_ns // 1000 / 1e6, UTC)
        return Found(inside, str(place), found.st_size, modified, row=row)

    def _beside_on_the_web(self, value: str, row: MetadataRow) -> Found:
        address = urljoin(f"{self._root}/", quote(value.replace("\\", "/"), safe="/%"))
        if not address.startswith(f"{self._root}/"):
            raise _RefusedError(f"{printable(value)} lies outside {self._root}")
        return Found(_plain(value), address, None, None, row=row)


def _at_address(value: str, row: MetadataRow) -> Found:
    """A picture of the web by its address; its name is that without the scheme."""
    if problem := name_problem(value):
        raise _RefusedError(problem)
    try:
        host_of(value)
    except FetchError as error:
        raise _RefusedError(error.detail) from error
    return Found(unquote(value.partition("://")[2]), value, None, None, row=row)


class _OtherBuckets:
    """Pictures by their whole s3:// addresses, in buckets that may not let themselves be asked.

    Parameters
    ----------
    unreached
        Gets the addresses that nothing can be said of now.
    """

    def __init__(self, unreached: set[str]) -> None:
        self._unreached = unreached
        self._silent: dict[str, StoreError] = {}

    def found(self, value: str, row: MetadataRow) -> Found:
        """A picture; its name is the address without the scheme."""
        if problem := name_problem(value):
            raise _RefusedError(problem)
        named = value.partition("://")[2]
        bucket, _, key = named.partition("/")
        try:
            if bucket in self._silent:
                raise self._silent[bucket]
            return _Bucket(f"s3://{bucket}", listed=False).found(key, row, named)
        except StoreError as error:
            if not is_of_one_file(error):
                self._silent[bucket] = error  # the next row would wait as long, in vain
            self._unreached.add(f"s3://{bucket}/{_plain(key)}")
            raise _RefusedError(f"{printable(value)}: {error}") from error


class _Bucket:
    """Files below an s3:// address."""

    def __init__(self, root: str, *, listed: bool = True) -> None:
        self._root = root
        self._files = open_files(root)
        self._known = {file.name: file for file in self._files.list(deep=True)} if listed else None

    def found(self, value: str, row: MetadataRow, named: str | None = None) -> Found:
        key = _plain(value)
        if ".." in PurePosixPath(key).parts:
            raise _RefusedError(f"{printable(value)} lies outside {self._root}")
        if problem := name_problem(key):
            raise _RefusedError(problem)
        file = self._files.find(key) if self._known is None else self._known.get(key)
        if file is None:
            raise _RefusedError(f"{printable(value)}: no such object in {self._root}")
        uri = f"{self._root}/{file.name}"
        return Found(named or key, uri, file.size, file.modified, file.tag.strip('"'), row)


def _plain(value: str) -> str:
    """A relative path with `/` alone and no "./" before it."""
    return value.replace("\\", "/").removeprefix("./").lstrip("/")
