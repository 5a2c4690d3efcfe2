"""Taking a package in: an exported project, elsewhere.

Everything is read and checked before the first table is written, and the table that says what
counts is written last: an import that was broken off can be done again.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from vsig_core.errors import InputError, StoreError
from vsig_core.exchange.package import KIND, PACKAGED, shaping_settings
from vsig_core.exchange.tabular import read_table
from vsig_core.exchange.writing import REPORT
from vsig_core.project import Project
from vsig_core.store import TABLES, Provenance, Store, digest
from vsig_core.upkeep.references import object_columns

_STEP = "import"


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
    report = _read_json(folder / REPORT)
    if report.get("kind") != KIND:
        raise InputError(f"{folder} is no package of a project: its {REPORT} is no {KIND!r}.")
    files = _files(report, folder)
    _refuse_mixing(project.store)
    tables = {name: read_table(name, folder / "tables") for name in _tables(files, folder)}
    objects = _bring_objects(project.store, tables, folder / "objects")
    run_id = f"import-{digest(sorted(files.items()))}"
    versions: dict[str, int] = {}
    for name, rows in tables.items():
        _write(
            project.store, name, _settled(name, rows, versions, report), versions, report, run_id
        )
    return Imported(
        {name: rows.num_rows for name, rows in tables.items()},
        objects,
        _differing(report.get("settings", {}), shaping_settings(project.settings)),
        bool(report["commits"]),
    )


def _files(report: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Each table's file and its digest, held against what lies there."""
    files = report.get("files")
    if not isinstance(files, dict) or not isinstance(report.get("commits"), list):
        raise InputError(f"{folder / REPORT} does not list the files of the package.")
    for path, expected in files.items():
        file = folder / "tables" / Path(path).name
        try:
            found = hashlib.sha256(file.read_bytes()).hexdigest()
        except OSError as error:
            raise InputError(f"{file} cannot be read: {error.strerror}.") from error
        if found != expected:
            raise InputError(
                f"{file} is not the file that was exported: its digest is {found}, and {REPORT} "
                f"says {expected}. Copy the package once more."
            )
    return files


def _tables(files: Mapping[str, str], folder: Path) -> list[str]:
    """Tables of a package, in the order in which they are written."""
    listed = {Path(path).stem for path in files}
    unknown = sorted(listed - set(PACKAGED))
    if unknown:
        raise InputError(f"{folder} holds tables that this vsig does not know: {unknown}.")
    if not {"images", "corpus"} <= listed:
        raise InputError(f"{folder} lacks the tables images and corpus; it is no whole package.")
    return [name for name in PACKAGED if name in listed]


def _read_json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}. A package is what 'vsig export package' "
            "made, the whole folder."
        ) from error
    except ValueError as error:
        raise InputError(f"{path} is no JSON: {error}.") from error
    if not isinstance(document, dict):
        raise InputError(f"{path} holds no JSON object.")
    return document


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


def _bring_objects(store: Store, tables: dict[str, pa.Table], folder: Path) -> int:
    """Put what the tables name into the store, and thumbnails into their rows."""
    keys = {
        key
        for name, columns in object_columns().items()
        for column in columns
        for key in (tables[name][column].to_pylist() if name in tables else ())
        if key
    }
    for key in sorted(keys):
        data = _object(folder, key)
        kind, extension = key.split("/")[0], key.rsplit(".", 1)[1]
        store.objects.put(kind, data, extension)
    images = tables["images"]
    thumbs = [key and _object(folder, key) for key in images["thumb"].to_pylist()]
    index = images.schema.get_field_index("thumb")
    field = TABLES["images"].schema.field("thumb")
    tables["images"] = images.set_column(index, field, pa.array(thumbs, pa.binary()))
    return len(keys)


def _object(folder: Path, key: str) -> bytes:
    """An object, held against its name."""
    kind, _, name = key.partition("/")
    digest, _, extension = name.partition(".")
    if not (kind.isalnum() and digest.isalnum() and extension.isalnum()):
        raise InputError(f"{key!r} is no name of an object: it would lead out of {folder}.")
    try:
        data = (folder / kind / name).read_bytes()
    except OSError as error:
        raise InputError(f"{folder / key} cannot be read: {error.strerror}.") from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise InputError(f"{folder / key} is damaged: its content is not that of its name.")
    return data


def _settled(
    name: str, rows: pa.Table, versions: Mapping[str, int], report: Mapping[str, Any]
) -> pa.Table:
    """Rows with the numbers that versions have here."""
    if name == "evaluations" and rows.num_rows and "links" in versions:
        # Relative to the newest links of the project they come from.
        newest, here = report["links_version"], versions["links"]
        moved = [number - newest + here for number in rows["links_version"].to_pylist()]
        return _with(rows, "links_version", moved)
    source = {"corpus": "images", "vectors": "embeddings"}.get(name)
    if source is None:
        return rows
    return _with(rows, "version", [versions[source]] * rows.num_rows)


def _with(rows: pa.Table, name: str, values: list[int]) -> pa.Table:
    index = rows.schema.get_field_index(name)
    return rows.set_column(index, rows.schema.field(index), pa.array(values, pa.int64()))


def _write(
    store: Store,
    name: str,
    rows: pa.Table,
    versions: dict[str, int],
    report: Mapping[str, Any],
    run_id: str,
) -> None:
    """Write a table, with what made it where the package tells; notes its version."""
    told = [entry for entry in report["commits"] if entry["table"] == name]
    commits = [_provenance(entry, versions, run_id) for entry in told]
    if not TABLES[name].partitions:
        for made in commits or [Provenance(_STEP, run_id=run_id)]:
            versions[name] = store.write(name, rows, made)
        return
    by_partition = {made.partition: made for made in commits}
    for partition, part in _parts(name, rows):
        words = ",".join(f"{column}={value}" for column, value in partition.items())
        made = by_partition.get(words, Provenance(_STEP, run_id=run_id, partition=words))
        versions[name] = store.write(name, part, made, partition=partition)


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


def _provenance(entry: Mapping[str, Any], versions: Mapping[str, int], run_id: str) -> Provenance:
    """What made a table there, by the versions of here."""
    told = Provenance.from_metadata(entry)
    beside = {table: versions[table] for table in told.beside if table in versions}
    return Provenance(
        step=told.step,
        params=told.params,
        code=told.code,
        run_id=run_id,
        key=told.key,
        data_version=told.data_version,
        partition=told.partition,
        facts=told.facts,
        beside=beside,
    )


def _differing(there: Any, here: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Settings that are not the same, each with both values."""
    if not isinstance(there, dict):
        raise StoreError("The package's settings cannot be read.")
    return {
        f"{section}.{key}": (there[section][key], value)
        for section, keys in here.items()
        for key, value in keys.items()
        if key in there.get(section, {}) and there[section][key] != value
    }
