"""`vsig purge UID…`: a picture out of every version of every table, every object, every cache.

What is left of it are a tombstone and what people said of it: judgements, and what follows
from them alone, name a picture by its id. Old versions of the tables that held the picture
go as a whole; the table `provenance` says where they came from.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from vsig_core.errors import UnknownImageError
from vsig_core.store import TABLES, DataFile, Provenance, Store, TableLog, read_log, schema
from vsig_core.upkeep.references import batches, object_columns, read_logs
from vsig_core.upkeep.removal import plan_removal, remove

# Where contents stand beside ids, also of pictures whose rows of `images` a clean removed.
_PAIRS = (
    ("tombstones", "sha256"),
    ("batches", "sha256"),
    ("embeddings", "sha256"),
    ("replaced_images", "before"),
    ("replaced_images", "after"),
)
# They hold ids, counts and words of people, but nothing of a picture.
_ONLY_NAMES = frozenset(
    {
        "aliases", "annotations", "cluster_ids", "components", "conflicts", "corpus",
        "drawn_splits", "evaluations", "links", "models", "motif_members", "motifs",
        "provenance", "rejected_annotations", "split_moves", "tombstones", "vectors",
    }
)  # fmt: skip
_LISTED = pa.list_(pa.string())


@dataclass(frozen=True)
class Holding:
    """What one table holds of the pictures: rows of its newest version, and versions in all."""

    table: str
    rows: int
    versions: int


@dataclass(frozen=True)
class TakeDown:
    """What is to be taken down.

    Parameters
    ----------
    uids
        The pictures that were named, and all others with the same content.
    sha256s
        Contents that they have or had.
    holdings
        Where they are.
    unreachable
        What no purge can take away, for a person to see to.
    """

    uids: list[str]
    sha256s: list[str]
    holdings: list[Holding]
    unreachable: list[str]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Request:
    """Who wants a picture taken down, and why: both are kept with its tombstone."""

    by: str
    reason: str


def plan_take_down(store: Store, uids: Sequence[str]) -> TakeDown:
    """Find pictures wherever they are; changes nothing.

    Parameters
    ----------
    store
        The store.
    uids
        Pictures, as they are or were called.

    Raises
    ------
    UnknownImageError
        One was never here.
    StoreError
        A table is damaged.
    """
    logs = {name: log.require_whole() for name, log in read_logs(store).items()}
    names, contents = _closure(store, logs, uids)
    wanted = names | contents
    holdings = [
        Holding(name, rows, log.newest - log.oldest + 1)
        for name, log in logs.items()
        if name not in _ONLY_NAMES
        for rows in [_rows_naming(store, log, wanted)]
        if rows is not None
    ]
    return TakeDown(sorted(names), sorted(contents), holdings, _unreachable(store, names))


def take_down(store: Store, plan: TakeDown, request: Request) -> None:
    """Carry a plan out. Killed at any moment, the same command again ends it.

    Raises
    ------
    ConflictError
        Somebody else wrote to a table meanwhile; the same command again ends it.
    StoreError
        Something cannot be read, written or deleted.
    """
    store.check_writable()
    for holding in plan.holdings:
        store.version(
            holding.table
        )  # one that a newer vsig wrote is refused before anything is done
    _write_tombstones(store, plan, request)
    wanted = {*plan.uids, *plan.sha256s}
    made = Provenance("purge")
    for holding in plan.holdings:
        for partition in _partitions_naming(store, holding.table, wanted):
            version = store.version(holding.table)
            assert version is not None  # the plan found pictures in it
            rows = store.read(holding.table, version=version, where=partition)
            provenance = Provenance("purge", {holding.table: version})
            kept = without(holding.table, rows, wanted)
            store.write(holding.table, kept, provenance, partition=partition or None, base=version)
    newest = {holding.table: {store.version(holding.table) or 0} for holding in plan.holdings}
    remove(store, plan_removal(store, newest, before=None, cut=newest.keys()), made)


def without(name: str, rows: pa.Table, wanted: Collection[str]) -> pa.Table:
    """The rows of a table that say nothing of some pictures.

    Parameters
    ----------
    name
        Table.
    rows
        Of that table.
    wanted
        Uids and sha256s.
    """
    if _is_of_all(name):
        return rows.slice(0, 0)
    if name == "batches":  # the file may still lie in its source: its place stays, no word of it
        return _wordless(rows, wanted)
    if name == "neighbours":
        rows = _unlisted(rows, wanted)
    spec = TABLES[name]
    stays = [True] * rows.num_rows
    for field in map(spec.schema.field, _naming(name)):
        values = rows[field.name].to_pylist()
        if field.type == _LISTED:
            stays = [
                s and not set(v or ()) & set(wanted) for s, v in zip(stays, values, strict=True)
            ]
        elif field.type == pa.string():
            named = [value in wanted for value in values]
            if field.name in {*spec.key, "uid", "sha256"}:
                stays = [s and not n for s, n in zip(stays, named, strict=True)]
            elif any(named):
                blank = [None if n else v for n, v in zip(named, values, strict=True)]
                place = rows.schema.get_field_index(field.name)
                rows = rows.set_column(place, field, pa.array(blank, field.type))
    return rows.filter(pa.array(stays, pa.bool_()))


def _is_of_all(name: str) -> bool:
    """Whether each row shows many pictures at once, as the map does."""
    return name in object_columns() and not {"uid", "sha256"} & set(TABLES[name].schema.names)


def _wordless(rows: pa.Table, wanted: Collection[str]) -> pa.Table:
    pairs = zip(rows["uid"].to_pylist(), rows["metadata"].to_pylist(), strict=True)
    words = ["{}" if uid in wanted else metadata for uid, metadata in pairs]
    place = rows.schema.get_field_index("metadata")
    return rows.set_column(place, rows.schema.field(place), pa.array(words, pa.string()))


def _unlisted(rows: pa.Table, wanted: Collection[str]) -> pa.Table:
    """Lists of neighbours without the pictures, and without their distances."""
    kept = []
    for row in rows.to_pylist():
        near = [
            (i, d) for i, d in zip(row["ids"], row["distances"], strict=True) if i not in wanted
        ]
        kept.append({**row, "ids": [i for i, _ in near], "distances": [d for _, d in near]})
    return pa.Table.from_pylist(kept, schema("neighbours"))


def _closure(
    store: Store, logs: Mapping[str, TableLog], uids: Sequence[str]
) -> tuple[set[str], set[str]]:
    """All ids and all contents that the pictures go or went by, in any version."""
    pairs = _known_pairs(store, logs)
    listed = {uid for uid, _ in pairs} | _listed(store)
    unknown = [uid for uid in uids if uid not in listed]
    if unknown:
        raise UnknownImageError(
            f"No version of the corpus has a picture {unknown[0]!r}. 'vsig similar FILE' finds "
            "what a file is called here."
        )
    names, contents = set(uids), set[str]()
    while True:
        more = {sha for uid, sha in pairs if uid in names and sha} - contents
        contents |= more
        others = {uid for uid, sha in pairs if sha in contents} - names
        names |= others
        if not more and not others:
            return names, contents


def _known_pairs(store: Store, logs: Mapping[str, TableLog]) -> set[tuple[str, str]]:
    """(uid, sha256) of each picture that there is or was, or was taken down."""
    pairs: set[tuple[str, str]] = set()
    for table, column in _PAIRS:
        for row in store.read_or_empty(table, columns=["uid", column]).to_pylist():
            pairs.add((row["uid"], row[column] or ""))
    if "images" in logs:
        columns = ["uid", "sha256"]
        for batch in batches(store, _there(logs["images"]), schema("images"), columns):
            pairs |= set(zip(*(batch[name].to_pylist() for name in columns), strict=True))
    return pairs


def _listed(store: Store) -> set[str]:
    return {
        uid
        for table in ("batches", "rejected_images")
        for uid in store.read_or_empty(table, columns=["uid"])["uid"].to_pylist()
    }


def _there(log: TableLog) -> list[DataFile]:
    """Data files of any version that are still there."""
    return [file for file in log.files.values() if file.name in log.stored]


def _rows_naming(store: Store, log: TableLog, wanted: Collection[str]) -> int | None:
    """Rows of the newest version that name the pictures; None where no version does."""
    counts = {file: _count(store, log.table, file, wanted) for file in map(_hashable, _there(log))}
    if not any(counts.values()):
        return None
    return sum(count for file, count in counts.items() if file[1] == log.newest)


def _hashable(file: DataFile) -> tuple[str, int]:
    return file.name, file.last


def _count(store: Store, table: str, file: tuple[str, int], wanted: Collection[str]) -> int:
    """Rows of a data file that name the pictures."""
    columns = _naming(table)
    read = [*columns, "metadata"] if table == "batches" else columns
    count = 0
    named = DataFile(file[0], 0, None, {}, 0, 0)
    for batch in batches(store, [named], schema(table), read):
        if _is_of_all(table):
            count += batch.num_rows
            continue
        hits = [False] * batch.num_rows
        for name in columns:
            values = batch[name].to_pylist()
            hits = [h or _names(v, wanted) for h, v in zip(hits, values, strict=True)]
        if table == "batches":  # a place without a word was purged before
            words = batch["metadata"].to_pylist()
            hits = [h and w not in (None, "{}") for h, w in zip(hits, words, strict=True)]
        count += sum(hits)
    return count


def _naming(table: str) -> list[str]:
    """Columns that may name a picture: in the catalogue's own words an equal text is chance."""
    spec = TABLES[table]
    if table in ("images", "batches"):
        return [name for name in ("uid", "sha256") if name in spec.schema.names]
    return [
        field.name
        for field in spec.schema
        if field.type in (pa.string(), _LISTED) and field.name not in spec.partitions
    ]


def _names(value: str | list[str] | None, wanted: Collection[str]) -> bool:
    if isinstance(value, list):
        return any(item in wanted for item in value)
    return value in wanted


def _partitions_naming(
    store: Store, table: str, wanted: Collection[str]
) -> Iterator[dict[str, str]]:
    """Partitions of the newest version that name the pictures; an empty one is the whole table."""
    log = read_log(store.files, table)
    assert log is not None  # the plan found pictures in it
    seen: list[dict[str, str]] = []
    for file in _there(log):
        partition = dict(file.partition)
        if file.last != log.newest or partition in seen:
            continue
        if _count(store, table, _hashable(file), wanted):
            seen.append(partition)
    yield from seen


def _write_tombstones(store: Store, plan: TakeDown, request: Request) -> None:
    known = {
        (row["uid"], row["sha256"])
        for row in store.read_or_empty("tombstones", columns=["uid", "sha256"]).to_pylist()
    }
    now = datetime.now(UTC)
    rows = [
        {"uid": uid, "sha256": sha256, "at": now, "by": request.by, "reason": request.reason}
        for uid in plan.uids
        for sha256 in plan.sha256s or [""]
        if (uid, sha256) not in known
    ]
    if rows:
        made = pa.Table.from_pylist(rows, schema("tombstones"))
        store.append("tombstones", made, Provenance("purge"))


def _unreachable(store: Store, uids: Collection[str]) -> list[str]:
    """What lies outside the store, or cannot be parted from other pictures."""
    planned = store.read_or_empty("batches", columns=["uid", "uri"], among={"uid": sorted(uids)})
    found = [
        f"The file {uri} in its source, and its row in the metadata file: take them away; until "
        "then each run rejects it anew."
        for uri in planned["uri"].to_pylist()
        if "://" in uri or Path(uri).exists()
    ]
    models = store.read_or_empty("models", columns=["model_id", "origin"]).to_pylist()
    trained = [row["model_id"] for row in models if row["origin"] == "trained"]
    if trained:
        found.append(
            f"Networks that may have learnt from it: {', '.join(trained)}. Their weights hold no "
            "picture; with its links retracted ('vsig run' leaves it out) the next one is made "
            "without it."
        )
    return [
        *found,
        "Dagster's log (.dagster): it names versions and counts, and shows the map as dots.",
        "Exports, backups, older versions of objects that a bucket keeps, and caches (.vsig) of "
        "other machines.",
    ]
