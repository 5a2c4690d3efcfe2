"""All tables of a project as one folder: a Frictionless data package with a Croissant twin.

::

    datapackage.json  croissant.json  vsig-export.json
    tables/           one file for each table, CSV or (vectors) Parquet
    objects/          thumbnails, working copies of what leaves in full, weights of models

`vsig-export.json` also keeps the settings that shape results, and where nothing stayed in,
what made each table: so a project that takes the package in knows that the work is done.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from vsig_core.exchange.descriptors import Resource, croissant, data_package
from vsig_core.exchange.outgoing import Outgoing
from vsig_core.exchange.tabular import write_table
from vsig_core.exchange.writing import REPORT, write_json
from vsig_core.settings import Settings
from vsig_core.store import TABLES, Commit, Store
from vsig_core.upkeep.references import object_columns

PACKAGED = (
    "models", "images", "contents", "replaced_images", "aliases", "annotations",
    "split_moves", "drawn_splits", "motifs", "motif_members", "conflicts", "components", "links",
    "triplets", "fallen_links", "evaluations", "pool_vectors", "embeddings", "vectors",
    "neighbours", "pair_evidence", "cluster_ids", "cluster_changes", "clusters", "layout", "groups",
    "corpus",
)  # fmt: skip
"""Tables of a package, in the order in which they are taken in: `corpus`, which says what
counts, comes last."""

KEPT = frozenset(
    {"batches", "rejected_images", "rejected_annotations", "tombstones", "provenance"}
    | {"review_queue", "atlas", "regions"}
)
"""Tables that no package holds: what lists files of this machine or was refused, what was taken
down or removed, what is made for one sitting (the queue, the picture of the map), and what is
made anew from the pictures when it is asked for."""

KIND = "vsig package 1"
# Where a project lies and how it works are its own.
_OWN_SETTINGS = {"store", "inbox", "source", "run", "cluster", "review"}


def write_package(outgoing: Outgoing, settings: Settings, folder: Path) -> dict[str, int]:
    """Write a package into an empty folder; returns its numbers of tables, rows and objects."""
    tables, rows = folder / "tables", 0
    tables.mkdir()
    resources: list[Resource] = []
    objects: set[str] = set()
    for name in PACKAGED:
        if outgoing.store.version(name) is None:
            continue
        leaving = _rows(outgoing, name)
        objects |= _keep_objects(outgoing.store, name, leaving, folder / "objects")
        if name == "images":
            leaving = _thumbs_apart(leaving, folder / "objects")
        resources.append(Resource.of(name, write_table(name, leaving, tables), folder))
        rows += leaving.num_rows
    created = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    write_json(folder / "datapackage.json", data_package(resources, created))
    write_json(folder / "croissant.json", croissant(resources, created))
    write_json(folder / REPORT, _report(outgoing, settings, resources, created))
    return {"tables": len(resources), "rows": rows, "objects": len(objects)}


def shaping_settings(settings: Settings) -> dict[str, Any]:
    """The settings that shape results, by section; a file of weights by its name."""
    shaping = settings.model_dump(mode="json", exclude=_OWN_SETTINGS)
    shaping["model"]["weights"] = Path(settings.model.weights).name
    return shaping


def _rows(outgoing: Outgoing, name: str) -> pa.Table:
    """A table as it leaves: of pictures and vectors only those that count now."""
    if name == "images":
        return outgoing.images()
    rows = outgoing.read(name)
    if name == "embeddings":
        return _only(rows, "batch", outgoing.read("corpus")["batch"].to_pylist())
    if name in ("pool_vectors", "contents"):
        seen = outgoing.images(["sha256"])["sha256"].to_pylist()
        log = outgoing.judgements()
        seen += [sha for side in ("sha1", "sha2") for sha in log[side].to_pylist() if sha]
        return _only(rows, "sha256", seen)
    if name == "motifs":
        carried = outgoing.read("motif_members")["motif"].to_pylist()
        return _only(rows, "motif", carried)
    if name in ("corpus", "vectors"):
        return _recounted(rows, outgoing.images(["batch"]))
    return rows


def _only(rows: pa.Table, column: str, values: list[str]) -> pa.Table:
    """Rows that have one of some values."""
    return rows.filter(pc.field(column).isin(pa.array(values, pa.string())))


def _recounted(rows: pa.Table, images: pa.Table) -> pa.Table:
    """Batches with the number of pictures that leave, not of those that there are."""
    counted = images["batch"].to_pylist()
    numbers = [counted.count(batch) for batch in rows["batch"].to_pylist()]
    index = rows.schema.get_field_index("images")
    return rows.set_column(index, rows.schema.field(index), pa.array(numbers, pa.int64()))


def _keep_objects(store: Store, name: str, rows: pa.Table, folder: Path) -> set[str]:
    """Copy what the rows name; returns the keys."""
    columns = object_columns().get(name, [])
    keys = {key for column in columns for key in rows[column].to_pylist() if key}
    for key in keys:
        _put(folder / key, store.objects.get(key))
    return keys


def _thumbs_apart(images: pa.Table, folder: Path) -> pa.Table:
    """Thumbnails as files, named by their content as objects are."""
    keys = []
    for thumb in images["thumb"].to_pylist():
        key = f"thumbs/{hashlib.sha256(thumb).hexdigest()}.jpg" if thumb else None
        if key:
            _put(folder / key, thumb)
        keys.append(key)
    index = images.schema.get_field_index("thumb")
    return images.set_column(index, "thumb", pa.array(keys, pa.string()))


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _report(
    outgoing: Outgoing, settings: Settings, resources: Sequence[Resource], created: str
) -> dict[str, Any]:
    names = [resource.table for resource in resources]
    commits = [commit for name in names for commit in _made_by(outgoing.store, name)]
    return {
        "kind": KIND,
        "created": created,
        "files": {resource.path: resource.sha256 for resource in resources},
        "left_out": outgoing.leaving.left_out(),
        "rows_left_out": dict(outgoing.left_out),
        "settings": shaping_settings(settings),
        "links_version": outgoing.store.version("links"),
        "commits": [_told(commit) for commit in commits] if outgoing.is_whole else [],
    }


def _made_by(store: Store, name: str) -> list[Commit]:
    """The newest commit of each step, and of each partition, that wrote a table; oldest first."""
    newest: dict[tuple[str, str], Commit] = {}
    for commit in store.commits(name):
        partition = commit.provenance.partition if TABLES[name].partitions else ""
        newest.setdefault((commit.provenance.step, partition), commit)
    return sorted(newest.values(), key=lambda commit: commit.version)


def _told(commit: Commit) -> dict[str, Any]:
    """A commit, without the numbers that versions had here."""
    told = {"table": commit.table, **commit.provenance.to_metadata()}
    return {name: value for name, value in told.items() if name != "vsig.inputs"}
