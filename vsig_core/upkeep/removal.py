"""Taking versions, files and objects out of a store, so that it can be killed at any moment.

First the provenance of what goes is copied to the table `provenance`; from then on these
versions count as removed, whether their files are still there or not. Then the beginnings
of logs go, which a checkpoint stands for, then data files, then objects. Whatever is left
by a kill, the next removal finds as what no version needs.
"""

from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import pyarrow as pa

from vsig_core.store import File, Provenance, Seal, Store, TableLog, content, remove_all, schema
from vsig_core.store.seals import KIND as SEALS
from vsig_core.upkeep.references import read_logs, removed_versions, used_objects


@dataclass(frozen=True)
class TableRemoval:
    """What goes of one table.

    Parameters
    ----------
    table
        Name.
    versions
        Those that can no longer be read.
    data
        Data files that go.
    start
        Oldest version that the log begins with; it is cut up to there.
    log
        Files of the log that go.
    """

    table: str
    versions: list[int]
    data: list[File]
    start: int
    log: list[File]

    @property
    def bytes(self) -> int:
        """What it frees."""
        return sum(file.size for file in [*self.data, *self.log])


@dataclass(frozen=True)
class Removal:
    """What goes of a store."""

    tables: list[TableRemoval]
    objects: list[File]
    seals: list[File] = field(default_factory=list)

    @cached_property
    def bytes(self) -> int:
        """What it frees in all."""
        files = [*self.objects, *self.seals]
        return sum(table.bytes for table in self.tables) + sum(file.size for file in files)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        kinds, sizes = Counter[str](), Counter[str]()
        for file in [*self.objects, *self.seals]:
            kind = file.name.split("/")[1]
            kinds[kind] += 1
            sizes[kind] += file.size
        return {
            "tables": [
                {
                    "table": table.table,
                    "versions": table.versions,
                    "files": len(table.data),
                    "bytes": table.bytes,
                }
                for table in self.tables
            ],
            "objects": [
                {"kind": kind, "files": count, "bytes": sizes[kind]}
                for kind, count in sorted(kinds.items())
            ],
            "bytes": self.bytes,
        }


def plan_removal(
    store: Store,
    kept: Mapping[str, AbstractSet[int]],
    before: datetime | None,
    cut: AbstractSet[str] = frozenset(),
) -> Removal:
    """What no kept version needs.

    Parameters
    ----------
    store
        The store.
    kept
        Table to the versions that must stay readable; of tables that are not named all do.
    before
        What no version names goes only if it is older: somebody may be about to commit it.
        None where it goes whatever its age.
    cut
        Tables whose log is cut at the oldest version that is kept, whatever could still be
        read without it.

    Raises
    ------
    StoreError
        A log is damaged: nothing is removed from what is not understood.
    """
    removed = removed_versions(store)
    logs = {name: log.require_whole() for name, log in read_logs(store).items()}
    tables, needed = [], {}
    for name, log in logs.items():
        gone = removed.get(name, set())
        stay = kept.get(name, _all(log) - gone)
        needed[name] = {file.name: file for v in stay for file in log.files_of(v)}
        start = min(stay) if name in cut else log.oldest
        tables.append(_of_table(log, needed[name], gone, before, start))
    used = {
        f"objects/{key}"
        for _, key in used_objects(store, {t: list(files.values()) for t, files in needed.items()})
    }
    objects, seals = [], []
    for file in store.files.list("objects", deep=True):
        if file.name.startswith(f"objects/{SEALS}/") and not _is_partial(file):
            seals.append(file)
        elif file.name not in used and _is_old(file, before):
            objects.append(file)
    going = {file.name for table in tables for file in [*table.data, *table.log]}
    there = {
        file.name
        for log in logs.values()
        for file in [*log.stored.values(), *log.entries.values()]
        if file.name not in going
    }
    useless = [seal for seal in seals if not _seals_any(store, seal, there)]
    tables = [table for table in tables if table.versions or table.data or table.log]
    return Removal(tables, objects, useless)


def remove(store: Store, removal: Removal, provenance: Provenance) -> None:
    """Carry a removal out; `provenance` is of the commit that copies what goes.

    Raises
    ------
    StoreError
        Something cannot be deleted; a second try goes on from there.
    """
    rows = []
    for table in removal.tables:
        going = set(table.versions)
        rows += [c.to_row() for c in store.commits(table.table) if c.version in going]
    if rows:
        store.append("provenance", pa.Table.from_pylist(rows, schema("provenance")), provenance)
    for table in removal.tables:
        if table.log:
            store.checkpoint(table.table, table.start)
        # With its checkpoints and its first entry gone, the log begins at the new checkpoint,
        # however many of the other entries are left.
        entries = [file.name for file in table.log if file.name.endswith(".json")]
        remove_all(store.files, [file.name for file in table.log if file.name not in entries])
        remove_all(store.files, entries[:1])
        remove_all(store.files, entries[1:])
        remove_all(store.files, [file.name for file in table.data])
    remove_all(store.files, [file.name for file in [*removal.objects, *removal.seals]])


def _of_table(
    log: TableLog,
    needed: Mapping[str, Any],
    removed: AbstractSet[int],
    before: datetime | None,
    start: int,
) -> TableRemoval:
    going = [file for file in log.files.values() if file.name not in needed]
    lost = {version for file in going for version in log.versions_of(file)}
    lost |= set(range(log.oldest, start))
    readable = (v for v in sorted(_all(log)) if v not in lost and v not in removed)
    start = next(readable, log.newest)
    orphans = [file for file in log.orphans if _is_old(file, before)]
    data = [log.stored[file.name] for file in going if file.name in log.stored]
    entries = [file for version, file in sorted(log.entries.items()) if version < start]
    sums = [file for version, file in sorted(log.checkpoints.items()) if version < start]
    return TableRemoval(
        log.table, sorted(lost - removed), [*data, *orphans], start, [*entries, *sums]
    )


def _all(log: TableLog) -> set[int]:
    return set(range(log.oldest, log.newest + 1))


def _is_old(file: File, before: datetime | None) -> bool:
    return before is None or file.modified < before


def _is_partial(file: File) -> bool:
    return "/.partial/" in file.name


def _seals_any(store: Store, seal: File, there: AbstractSet[str]) -> bool:
    """Whether a seal still says something of a file that stays."""
    return any(name in there for name in Seal.from_json(content(store.files, seal.name)).files)
