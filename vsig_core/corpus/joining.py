"""Which metadata row belongs to which picture, and so what each picture is called.

Rows are joined by what they say, never by their order, and one file at most goes
to one row. Names are compared without regard to case, to Unicode composition and
to `\\` or `/`; where that leaves several files, the exact name decides, and where
that does not the row is reported rather than given to one of them.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from vsig_core.corpus.metadata import FILE_COLUMNS, ID_COLUMNS, URL_COLUMN, MetadataRow
from vsig_core.corpus.sources import is_printable, printable

_LONGEST_ID = 1024  # characters


@dataclass
class Joined:
    """For each relative path its uid (without prefix) and metadata; what did not match."""

    uids: dict[str, str]
    metadata: dict[str, dict[str, str]] = field(default_factory=dict)
    unmatched: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def join(
    paths: list[str],
    rows: Sequence[MetadataRow],
    base: str,
    own: Mapping[str, MetadataRow] | None = None,
) -> Joined:
    """Join metadata rows to files.

    Parameters
    ----------
    paths
        Relative paths of the picture files.
    rows
        Of the metadata file.
    base
        Path from the metadata file's folder to the pictures' root: "" where they
        are one, else such as "images". Rows may give paths from either.
    own
        What the source itself says, by path. Rows add to it, and stand where both speak.
    """
    joined = Joined(uids=_path_uids(paths))
    if own:
        joined.metadata |= {path: row.values for path, row in own.items()}
        _take_ids(joined, {path: row.line for path, row in own.items()})
    if not rows:
        return joined
    files = _Files(paths, base, joined.uids)
    taken: dict[str, int] = {}
    for row in rows:
        found = files.of_row(row)
        if len(found) != 1:
            joined.unmatched.append(_unmatched(row, found))
        elif found[0] in taken:
            joined.unmatched.append(
                f"{_shown(row)}: {found[0]} is described by line {taken[found[0]]} already"
            )
        else:
            taken[found[0]] = row.line
            joined.metadata[found[0]] = joined.metadata.get(found[0], {}) | row.values
    _take_ids(joined, taken)
    return joined


def _path_uids(paths: list[str]) -> dict[str, str]:
    """Paths as uids, composed (NFC) so that a copy made on a Mac keeps its ids."""
    owners: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        owners[unicodedata.normalize("NFC", path)].append(path)
    return {path: uid if len(same) == 1 else path for uid, same in owners.items() for path in same}


def _take_ids(joined: Joined, lines: dict[str, int]) -> None:
    """Let the id column name the pictures, except where two would share a name.

    An id that several pictures have (a museum's object number, say) names none of
    them: they keep their paths, and the id stays in their metadata.
    """
    ids = {
        path: values[column]
        for path in lines
        if (values := joined.metadata[path])
        and (column := next((name for name in ID_COLUMNS if name in values), None))
    }
    for path in [path for path, uid in ids.items() if not _names(uid)]:
        joined.notes.append(
            f"line {lines[path]}: the id {printable(ids.pop(path)[:80])!r} is too long or holds "
            f"control characters; {path} keeps its path as id"
        )
    while shared := _shared(joined.uids | ids):
        for uid, paths in shared.items():
            named = [path for path in paths if ids.pop(path, None) is not None]
            where = ", ".join(f"{path} (line {lines[path]})" for path in named)
            joined.notes.append(
                f"id {uid!r} would name {len(paths)} pictures; these keep their path as id: {where}"
            )
    for path, uid in ids.items():
        joined.uids[path] = uid
        values = joined.metadata[path]
        joined.metadata[path] = {
            name: cell for name, cell in values.items() if not (name in ID_COLUMNS and cell == uid)
        }


def _names(uid: str) -> bool:
    return len(uid) <= _LONGEST_ID and is_printable(uid)


def _shared(uids: dict[str, str]) -> dict[str, list[str]]:
    owners: dict[str, list[str]] = defaultdict(list)
    for path, uid in uids.items():
        owners[uid].append(path)
    return {uid: paths for uid, paths in owners.items() if len(paths) > 1}


class _Files:
    """The files by path, by the id they have, by name, and by path or name without extension."""

    def __init__(self, paths: list[str], base: str, uids: Mapping[str, str]) -> None:
        self._by_path: dict[str, list[str]] = defaultdict(list)
        self._by_name: dict[str, list[str]] = defaultdict(list)
        self._by_stem: dict[str, list[str]] = defaultdict(list)
        for path in paths:
            folder, slash, name = _folded(path).rpartition("/")
            stem = name.rpartition(".")[0]
            for start in {"", _folded(f"{base}/") if base else ""}:
                self._by_path[f"{start}{folder}{slash}{name}"].append(path)
                self._by_stem[f"{start}{folder}{slash}{stem}"].append(path)
            self._by_name[name].append(path)
            if slash:
                self._by_stem[stem].append(path)
            if _folded(uids[path]) != _folded(path):
                self._by_path[_folded(uids[path])].append(path)

    def of_row(self, row: MetadataRow) -> list[str]:
        """Files that a row may mean; what it says of the file goes before its id."""
        for column in FILE_COLUMNS:
            if column in row.values:
                return self._find(row.values[column], self._by_path, self._by_name)
        tables = (self._by_path, self._by_name, self._by_stem)
        for column in ID_COLUMNS:
            if column in row.values and (found := self._find(row.values[column], *tables)):
                return found
        if URL_COLUMN in row.values:
            name = PurePosixPath(unquote(urlsplit(row.values[URL_COLUMN]).path)).name
            return self._find(name, self._by_name)
        return []

    def _find(self, name: str, *tables: dict[str, list[str]]) -> list[str]:
        for table in tables:
            if found := table.get(_folded(name)):
                exact = [path for path in found if path.endswith(name)]
                return exact if len(exact) == 1 else found
        return []


def _folded(name: str) -> str:
    plain = unicodedata.normalize("NFC", name).casefold().replace("\\", "/")
    return unicodedata.normalize("NFC", plain).removeprefix("./").lstrip("/")


def _unmatched(row: MetadataRow, found: list[str]) -> str:
    if found:
        return f"{_shown(row)}: may mean {len(found)} pictures: {', '.join(found[:3])}"
    return f"{_shown(row)}: no such picture"


def _shown(row: MetadataRow) -> str:
    naming = (*FILE_COLUMNS, *ID_COLUMNS, URL_COLUMN)
    name = next((f"{n}={row.values[n]!r}" for n in naming if n in row.values), "names no picture")
    return f"line {row.line}, {name}"
