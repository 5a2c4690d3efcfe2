"""What a table's log says, entry by entry: which data file belongs to which versions.

Delta's own reader opens one version at a time and stops at the first damage; who
checks or cleans a table needs all versions at once, and what is damaged by name.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from vsig_core.errors import StoreError
from vsig_core.store.contents import content
from vsig_core.store.faults import passes
from vsig_core.store.files import File, Files

ENTRY = re.compile(r"/_delta_log/(\d{20})\.json$")
_CHECKPOINT = re.compile(r"/_delta_log/(\d{20})\.checkpoint\.parquet$")
READERS = 8  # requests at a time


@dataclass(frozen=True)
class DataFile:
    """One Parquet file that the log names.

    Parameters
    ----------
    name
        Relative to the root of the store.
    size, rows
        Bytes, and rows where the log says how many.
    partition
        Partition column to value.
    first, last
        Versions that hold it, both ends included.
    """

    name: str
    size: int
    rows: int | None
    partition: Mapping[str, str]
    first: int
    last: int


@dataclass(frozen=True)
class TableLog:
    """A table's log, read whole.

    Parameters
    ----------
    table
        Name.
    oldest, newest
        Versions between which it can be opened.
    files
        Every data file that one of these versions holds, by name.
    entries
        Version to the log's file that made it.
    checkpoints
        Version to the log's file that sums it up.
    stored
        All other files that lie in the table's folder.
    problems
        Name of a damaged file of the log to what is wrong with it.
    """

    table: str
    oldest: int
    newest: int
    files: Mapping[str, DataFile]
    entries: Mapping[int, File]
    checkpoints: Mapping[int, File]
    stored: Mapping[str, File]
    problems: Mapping[str, str] = field(default_factory=dict)

    def versions_of(self, file: DataFile) -> range:
        """Versions that hold a file."""
        return range(file.first, file.last + 1)

    def files_of(self, version: int) -> list[DataFile]:
        """Data files of one version."""
        return [file for file in self.files.values() if file.first <= version <= file.last]

    def require_whole(self) -> "TableLog":
        """Itself.

        Raises
        ------
        StoreError
            It is damaged.
        """
        for name, what in self.problems.items():
            raise StoreError(
                f"Nothing was removed: the log of {self.table!r} is damaged ({name}: {what}). "
                "'vsig verify' says more."
            )
        return self

    @property
    def orphans(self) -> list[File]:
        """Files in the table's folder that no version names."""
        return [file for name, file in self.stored.items() if name not in self.files]


def entry_name(table: str, version: int) -> str:
    """The file of a table's log that makes a version, relative to the root of the store."""
    return f"tables/{table}/_delta_log/{version:020d}.json"


def actions_of(entry: bytes) -> list[dict[str, Any]]:
    """What an entry of a log says, line by line.

    Raises
    ------
    ValueError
        It is no such entry.
    """
    actions = [json.loads(line) for line in entry.decode().splitlines() if line.strip()]
    if not all(isinstance(action, dict) for action in actions):
        raise ValueError("a line is no JSON object")
    return actions


def read_log(files: Files, table: str) -> TableLog | None:
    """Read a table's log; None where the table has not been computed yet.

    What is damaged is named in `problems`, and read over where a later checkpoint allows it.

    Raises
    ------
    StoreError
        The store cannot be listed, or does not answer any more.
    """
    stored: dict[str, File] = {}
    entries: dict[int, File] = {}
    checkpoints: dict[int, File] = {}
    for file in files.list(f"tables/{table}", deep=True):
        if found := ENTRY.search(file.name):
            entries[int(found[1])] = file
        elif found := _CHECKPOINT.search(file.name):
            checkpoints[int(found[1])] = file
        elif not file.name.endswith("/_delta_log/_last_checkpoint"):
            stored[file.name] = file
    if not entries and not checkpoints and not stored:
        return None
    return _Replay(files, table, entries, checkpoints, stored).run()


class _Replay:
    """The log's entries, one after another."""

    def __init__(
        self,
        files: Files,
        table: str,
        entries: Mapping[int, File],
        checkpoints: Mapping[int, File],
        stored: Mapping[str, File],
    ) -> None:
        self._store = files
        self._table = table
        self._entries = entries
        self._checkpoints = checkpoints
        self._stored = stored
        self._live: dict[str, DataFile] = {}
        self._gone: dict[str, DataFile] = {}
        self._problems: dict[str, str] = {}

    def run(self) -> TableLog:
        """Follow the log from its oldest version that can be opened."""
        newest = max([*self._entries, *self._checkpoints], default=-1)
        oldest = self._beginning()
        if oldest is None:
            self._problems[f"tables/{self._table}/_delta_log"] = (
                "the beginning of the log is missing, and no checkpoint stands for it"
            )
            return self._result(0, newest)
        if oldest > 0:
            self._restart(oldest)
        after = range(oldest + 1 if oldest > 0 else 0, newest + 1)
        for version, actions in zip(after, self._actions(after), strict=True):
            if actions is None:
                if version in self._checkpoints:
                    self._restart(version)
                continue
            self._apply(version, actions)
        return self._result(oldest, newest)

    def _beginning(self) -> int | None:
        """A log that was cleaned begins with a checkpoint."""
        if 0 in self._entries:
            return 0
        whole = (version for version in sorted(self._checkpoints) if version in self._entries)
        return next(whole, None)

    def _actions(self, versions: Sequence[int]) -> Iterator[list[dict[str, Any]] | None]:
        """What each entry says; None for one that is damaged or missing."""
        with ThreadPoolExecutor(READERS) as executor:
            yield from executor.map(self._read, versions)

    def _read(self, version: int) -> list[dict[str, Any]] | None:
        name = entry_name(self._table, version)
        if version not in self._entries:
            self._problems[name] = "this entry of the log is missing"
            return None
        try:
            return actions_of(content(self._store, name))
        except (ValueError, StoreError) as error:
            if passes(error):
                raise
            self._problems[name] = f"this entry of the log is unreadable: {error}"
            return None

    def _restart(self, version: int) -> None:
        """Take the state of a table from a checkpoint."""
        name = self._checkpoints[version].name
        try:
            data = pa.BufferReader(content(self._store, name))
            rows = pq.read_table(data, columns=["add"]).to_pylist()
        except (pa.ArrowException, OSError, StoreError) as error:
            if passes(error):
                raise
            self._problems[name] = f"this checkpoint of the log is unreadable: {error}"
            return
        for file in self._live.values():
            self._end(file, version - 1)
        self._live = {}
        for row in rows:
            if row["add"] is not None:
                self._add(version, row["add"])

    def _apply(self, version: int, actions: list[dict[str, Any]]) -> None:
        for action in actions:
            if "remove" in action:
                removed = self._live.pop(self._name(action["remove"]["path"]), None)
                if removed is not None:
                    self._end(removed, version - 1)
        for action in actions:
            if "add" in action:
                self._add(version, action["add"])

    def _add(self, version: int, add: Mapping[str, Any]) -> None:
        name = self._name(add["path"])
        stats = json.loads(add.get("stats") or "{}")
        before = self._gone.pop(name, None)  # named again: by a restored version, a checkpoint
        self._live[name] = DataFile(
            name,
            add["size"],
            stats.get("numRecords"),
            dict(add["partitionValues"]),
            version if before is None else before.first,
            version,
        )

    def _end(self, file: DataFile, last: int) -> None:
        self._gone[file.name] = replace(file, last=last)

    def _name(self, path: str) -> str:
        return f"tables/{self._table}/{unquote(path)}"

    def _result(self, oldest: int, newest: int) -> TableLog:
        live = {name: replace(file, last=newest) for name, file in self._live.items()}
        return TableLog(
            self._table,
            oldest,
            newest,
            {**self._gone, **live},
            self._entries,
            self._checkpoints,
            self._stored,
            self._problems,
        )
