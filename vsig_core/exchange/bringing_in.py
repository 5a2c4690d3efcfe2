"""Taking a package in: an exported project, elsewhere.

The table that says what counts is written last: an import that was broken off can be done
again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from vsig_core.errors import InputError
from vsig_core.exchange.package import PACKAGED, shaping_settings
from vsig_core.exchange.received import Received, read_package
from vsig_core.project import Project
from vsig_core.store import TABLES, Provenance, Store

_STEP = "import"
# Tables that speak of a version of another one.
_POINTING = {"corpus": "images", "vectors": "embeddings"}


@dataclass(frozen=True)
class Imported:
    """What was taken in.

    Parameters
    ----------
    rows
        Table to its number of rows.
    objects
        Number of objects.
    settings
        Settings that are not those of the exporting project: `section.key` to both values.
    is_whole
        Whether nothing had stayed in there: then a run here knows the work as done.
    """

    rows: Mapping[str, int]
    objects: int
    settings: Mapping[str, tuple[Any, Any]]
    is_whole: bool

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        differing = {
            name: {"there": there, "here": here} for name, (there, here) in self.settings.items()
        }
        return {
            "rows": dict(self.rows),
            "objects": self.objects,
            "settings": differing,
            "is_whole": self.is_whole,
        }

    def sentences(self) -> list[str]:
        """For a person."""
        total = sum(self.rows.values())
        lines = [f"Took in {len(self.rows)} tables with {total:,} rows, {self.objects:,} objects."]
        lines += [
            f"The setting {name} was {there!r} there and is {here!r} here: a run would differ."
            for name, (there, here) in self.settings.items()
        ]
        if not self.is_whole:
            lines.append("The package is a part of its project: a run computes everything anew.")
        lines.append(
            "Name the folder of the pictures under [[source]] in vsig.toml before 'vsig run': "
            "pictures that no source has leave the corpus."
        )
        return lines


def import_package(project: Project, folder: Path) -> Imported:
    """Take a package into a project that has no tables of its own.

    Raises
    ------
    InputError
        The folder is no package, a file of it is missing, damaged or not of its table, or
        the project has tables already.
    StoreError
        The store cannot be written; the import can be done again.
    """
    received = read_package(folder)
    _refuse_mixing(project.store)
    for key in received.objects:
        kind, extension = key.split("/")[0], key.rsplit(".", 1)[1]
        project.store.objects.put(kind, received.object(key), extension)
    versions: dict[str, int] = {}
    for name in received.tables:
        versions[name] = _write(project.store, name, received, versions)
    return Imported(
        {name: rows.num_rows for name, rows in received.tables.items()},
        len(received.objects),
        _differing(received.settings, shaping_settings(project.settings)),
        bool(received.made),
    )


def _refuse_mixing(store: Store) -> None:
    """Two projects' ids do not mix; what an import began, it may finish."""
    for name in PACKAGED:
        commits = store.commits(name, limit=1)
        if commits and not commits[0].provenance.run_id.startswith("import-"):
            raise InputError(
                f"This project has a table {name!r} already; ids of two projects do not mix. Make "
                "a new project with 'vsig init', and import there. Judgements alone can be added: "
                "'vsig export csv' there, and the file into the inbox here."
            )


def _write(store: Store, name: str, received: Received, versions: Mapping[str, int]) -> int:
    """Write a table, with what made it where the package tells; returns its version here."""
    rows = _settled(name, received, versions)
    run_id = f"{_STEP}-{received.name}"
    made = [_by_versions_here(told, versions, run_id) for told in received.made.get(name, ())]
    unknown, version = Provenance(_STEP, run_id=run_id), 0
    if not TABLES[name].partitions:
        for provenance in made or [unknown]:
            version = store.write(name, rows, provenance)
        return version
    by_partition = {provenance.partition: provenance for provenance in made}
    for partition, part in _parts(name, rows):
        words = ",".join(f"{column}={value}" for column, value in partition.items())
        provenance = by_partition.get(words, replace(unknown, partition=words))
        version = store.write(name, part, provenance, partition=partition)
    return version


def _settled(name: str, received: Received, versions: Mapping[str, int]) -> pa.Table:
    """Rows with the numbers that versions have here."""
    rows = received.tables[name]
    if name in _POINTING:
        return _with(rows, "version", [versions.get(_POINTING[name], 0)] * rows.num_rows)
    if name == "evaluations":
        # Relative to the newest links of the project they come from.
        moved = versions.get("links", 0) - received.links_version
        return _with(
            rows, "links_version", [number + moved for number in rows["links_version"].to_pylist()]
        )
    return rows


def _with(rows: pa.Table, name: str, values: list[int]) -> pa.Table:
    index = rows.schema.get_field_index(name)
    return rows.set_column(index, rows.schema.field(index), pa.array(values, pa.int64()))


def _parts(name: str, rows: pa.Table) -> list[tuple[dict[str, str], pa.Table]]:
    """Each partition of a table, and its rows."""
    columns = TABLES[name].partitions
    found: dict[tuple[str, ...], list[int]] = {}
    for index, row in enumerate(rows.select(list(columns)).to_pylist()):
        found.setdefault(tuple(row[column] for column in columns), []).append(index)
    return [
        (dict(zip(columns, values, strict=True)), rows.take(pa.array(indices)))
        for values, indices in found.items()
    ]


def _by_versions_here(told: Provenance, versions: Mapping[str, int], run_id: str) -> Provenance:
    """What made a table there: its key holds here too, the numbers of its inputs do not."""
    beside = {table: versions[table] for table in told.beside if table in versions}
    return replace(told, run_id=run_id, inputs={}, beside=beside)


def _differing(there: Mapping[str, Any], here: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Settings that are not the same, each with both values; new ones have only one."""
    pairs = {
        f"{section}.{key}": (there[section][key], value)
        for section, keys in here.items()
        if isinstance(there.get(section), dict)
        for key, value in keys.items()
        if key in there[section]
    }
    return {name: (before, now) for name, (before, now) in pairs.items() if before != now}
