"""`vsig verify`: is every file of the store what it was when it was written?

Objects are named by their content. Data files and entries of the log are held against
the digest that was kept when they were committed; data files also against the size and
the rows that the log claims, and Parquet's own structure. Each reference from a table
to an object must lead somewhere. Contents are streamed; what stays in memory is names.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from vsig_core.errors import NewerStoreError, StoreError
from vsig_core.store import DataFile, File, Seal, Store, TableLog, content, sha256_of
from vsig_core.store.faults import passes, said
from vsig_core.store.patience import patiently
from vsig_core.store.seals import KIND as SEALS
from vsig_core.upkeep.damage import Damage, Report
from vsig_core.upkeep.dependents import Dependents
from vsig_core.upkeep.references import live_files, read_logs, removed_versions, used_objects

Progress = Callable[[int, int], None]
_OBJECT = re.compile(r"^objects/(?P<key>[^/]+/(?P<sha256>[0-9a-f]{64})\.[^/]+)$")
_READERS = 8
_WINDOW = 64  # files in hand at a time

_File = TypeVar("_File")
_Found = TypeVar("_Found")


def verify(store: Store, progress: Callable[[str], Progress]) -> Report:
    """Check a whole store; changes nothing.

    Parameters
    ----------
    store
        The store.
    progress
        Makes a callback `(done, total)` for a label.

    Raises
    ------
    StoreError
        It cannot be listed, does not answer any more, or was written by a newer vsig.
    """
    return _Verifier(store, progress).run()


class _Verifier:
    def __init__(self, store: Store, progress: Callable[[str], Progress]) -> None:
        self._store = store
        self._progress = progress
        self._removed = removed_versions(store)
        self._logs = read_logs(store)
        self._live = {
            name: live_files(log, self._removed.get(name, set()))
            for name, log in self._logs.items()
        }
        self._seals: dict[str, str] = {}
        self._dependents = Dependents(store)

    def run(self) -> Report:
        """Objects first: the seals are among them."""
        stored = list(self._store.files.list("objects", deep=True))
        keys = {found["key"]: file for file in stored if (found := _OBJECT.match(file.name))}
        wrong = self._check_objects(list(keys.values()))
        damaged = [*self._check_logs(), *self._check_data()]
        whole = self._readable({damage.name for damage in damaged})
        used: dict[str, str] = {}
        for table, key in used_objects(self._store, whole):
            used.setdefault(key, table)
        wrong |= {
            f"objects/{key}": "is missing, though the table names it"
            for key in used
            if key not in keys
        }
        damaged += [
            self._dependents.of_object(name, what, used.get(name.removeprefix("objects/"), ""))
            for name, what in sorted(wrong.items())
        ]
        partial = [file for file in stored if not _OBJECT.match(file.name)]
        unused = [f for key, f in keys.items() if key not in used and not key.startswith(SEALS)]
        lost = [file for log in self._logs.values() for file in log.orphans]
        files = [file for live in self._live.values() for file in live]
        return Report(
            damaged=damaged,
            objects=len(keys),
            tables=len(self._logs),
            versions=sum(log.newest - log.oldest + 1 for log in self._logs.values()),
            removed_versions=sum(map(len, self._removed.values())),
            files=len(files),
            bytes=sum(file.size for file in [*stored, *files]),
            unsealed=sum(file.name not in self._seals for file in files),
            orphan_objects=len(unused) + len(partial),
            orphan_files=len(lost),
            orphan_bytes=sum(file.size for file in [*unused, *partial, *lost]),
        )

    def _check_objects(self, objects: Sequence[File]) -> dict[str, str]:
        """Name to what is wrong, of objects whose content is not what their name says."""
        found = self._each("objects", objects, self._object_problem)
        return {file.name: what for file, what in found if what is not None}

    def _object_problem(self, file: File) -> str | None:
        named = _OBJECT.match(file.name)
        assert named is not None
        try:
            if sha256_of(self._store.files, file.name) != named["sha256"]:
                return "its content is not what its name says (sha256)"
            if named["key"].startswith(f"{SEALS}/"):
                self._seals.update(Seal.from_json(content(self._store.files, file.name)).files)
        except StoreError as error:
            if passes(error):  # the server fails, not the object: nothing is to be mended
                raise
            return f"cannot be read: {error}"
        return None

    def _check_logs(self) -> Iterator[Damage]:
        for name, log in self._logs.items():
            problems = dict(log.problems)
            entries = [
                entry
                for version, entry in log.entries.items()
                if version >= log.oldest and entry.name in self._seals
            ]
            for entry, same in self._each(f"log of {name}", entries, self._as_sealed):
                if not same:
                    problems.setdefault(entry.name, "was changed since it was written (sha256)")
            try:
                Store(self._store.location.root).version(name)  # opens it, whatever was read
            except NewerStoreError:  # no damage, and no back-up is to take its place
                raise
            except StoreError as error:
                problems.setdefault(f"tables/{name}/_delta_log", f"{error}".rstrip("."))
            for file, what in sorted(problems.items()):
                yield self._dependents.of_log(name, file, what)

    def _check_data(self) -> Iterator[Damage]:
        for name, log in self._logs.items():
            files = self._live[name]
            for file, what in self._each(
                f"files of {name}", files, lambda file, log=log: self._data_problem(log, file)
            ):
                if what is not None:
                    yield self._dependents.of_data(log, file, what)

    def _data_problem(self, log: TableLog, file: DataFile) -> str | None:
        there = log.stored.get(file.name)
        if there is None:
            return "is missing, though the log names it"
        if there.size != file.size:
            return f"has {there.size} bytes, the log says {file.size}"
        try:
            if file.name in self._seals and not self._as_sealed(file):
                return "its content was changed since it was written (sha256)"
            # A server that is busy for a moment is no damage.
            rows = patiently(lambda: self._rows(file.name, read=file.name not in self._seals))
        except (StoreError, pa.ArrowException, OSError) as error:
            if passes(error):
                raise StoreError(f"{file.name} cannot be read: {said(error)}.") from error
            return f"cannot be read as Parquet: {error}".strip().rstrip(".")
        if file.rows is not None and rows != file.rows:
            return f"has {rows} rows, the log says {file.rows}"
        return None

    def _rows(self, name: str, *, read: bool) -> int:
        """Rows of a Parquet file; what has no digest is decoded from end to end."""
        place = self._store.location.uri(name).removeprefix("s3://")
        with self._store.location.filesystem.open_input_file(place) as source:
            parquet = pq.ParquetFile(source)
            if not read:
                return parquet.metadata.num_rows
            return sum(batch.num_rows for batch in parquet.iter_batches(batch_size=1024))

    def _as_sealed(self, file: DataFile | File) -> bool:
        return sha256_of(self._store.files, file.name) == self._seals[file.name]

    def _readable(self, damaged: set[str]) -> Mapping[str, list[DataFile]]:
        """The data files that references can be read from."""
        return {
            table: [file for file in live if file.name not in damaged]
            for table, live in self._live.items()
        }

    def _each(
        self, label: str, files: Sequence[_File], check: Callable[[_File], _Found]
    ) -> Iterable[tuple[_File, _Found]]:
        """What a check says of each file, some files at a time."""
        report = self._progress(label)
        with ThreadPoolExecutor(_READERS) as executor:
            for start in range(0, len(files), _WINDOW):
                window = files[start : start + _WINDOW]
                yield from zip(window, executor.map(check, window), strict=True)
                report(start + len(window), len(files))
