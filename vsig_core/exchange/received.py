"""A package as it arrives from elsewhere: read and checked, before anything is written."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from vsig_core.errors import InputError
from vsig_core.exchange.package import KIND, PACKAGED
from vsig_core.exchange.tabular import read_table
from vsig_core.exchange.writing import REPORT
from vsig_core.store import TABLES, Provenance, digest
from vsig_core.upkeep.references import object_columns


@dataclass(frozen=True)
class Received:
    """What a package holds, found whole.

    Parameters
    ----------
    folder
        Where it lies.
    tables
        Table to its rows, in the order in which they are written.
    objects
        Keys of the objects that the tables name; each is there and is what its name says.
    made
        Table to what made it there, oldest first; empty where something had stayed in.
    links_version
        Version of `links` there, which `evaluations` speak of.
    settings
        Settings that shaped the results there, by section.
    name
        A digest of all tables.
    """

    folder: Path
    tables: dict[str, pa.Table]
    objects: list[str]
    made: dict[str, list[Provenance]]
    links_version: int
    settings: dict[str, dict[str, Any]]
    name: str

    def object(self, key: str) -> bytes:
        """The content of an object."""
        return _object(self.folder / "objects", key)


def read_package(folder: Path) -> Received:
    """Read a package and check all of it.

    Raises
    ------
    InputError
        The folder is no package, or a file of it is missing, damaged or not of its table.
    """
    report = _read_json(folder / REPORT)
    if report.get("kind") != KIND:
        raise InputError(f"{folder} is no package of a project: its {REPORT} is no {KIND!r}.")
    files = _files(report, folder)
    tables = {name: read_table(name, folder / "tables") for name in _listed(files, folder)}
    objects = _keys(tables)
    for key in objects:
        _object(folder / "objects", key)
    tables["images"] = _with_thumbs(tables["images"], folder / "objects")
    try:
        made = _made(report["commits"])
        links_version, settings = int(report["links_version"] or 0), dict(report["settings"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{folder / REPORT} is not as 'vsig export package' writes it: {error!r}."
        ) from error
    name = digest(sorted(files.items()))
    return Received(folder, tables, objects, made, links_version, settings, name)


def _files(report: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Each table's file and its digest, held against what lies there."""
    files = report.get("files")
    if not isinstance(files, dict):
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


def _listed(files: Mapping[str, str], folder: Path) -> list[str]:
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


def _keys(tables: Mapping[str, pa.Table]) -> list[str]:
    named = [
        tables[name][column].to_pylist()
        for name, columns in object_columns().items()
        for column in columns
        if name in tables
    ]
    return sorted({key for keys in named for key in keys if key})


def _with_thumbs(images: pa.Table, folder: Path) -> pa.Table:
    """Thumbnails in the place of the keys that stand for them."""
    thumbs = [key and _object(folder, key) for key in images["thumb"].to_pylist()]
    index = images.schema.get_field_index("thumb")
    field = TABLES["images"].schema.field("thumb")
    return images.set_column(index, field, pa.array(thumbs, pa.binary()))


def _object(folder: Path, key: str) -> bytes:
    """An object, held against its name."""
    kind, _, name = key.partition("/")
    content, _, extension = name.partition(".")
    if not (kind.isalnum() and content.isalnum() and extension.isalnum()):
        raise InputError(f"{key!r} is no name of an object: it would lead out of {folder}.")
    try:
        data = (folder / kind / name).read_bytes()
    except OSError as error:
        raise InputError(f"{folder / key} cannot be read: {error.strerror}.") from error
    if hashlib.sha256(data).hexdigest() != content:
        raise InputError(f"{folder / key} is damaged: its content is not that of its name.")
    return data


def _made(commits: list[dict[str, Any]]) -> dict[str, list[Provenance]]:
    found: dict[str, list[Provenance]] = {}
    for entry in commits:
        found.setdefault(entry["table"], []).append(Provenance.from_metadata(entry))
    return found
