"""The tables of a project as they may leave it: the rule of `corpus.publishing`, on rows.

A row that names a picture which stays in stays in with it. Where a row only mentions such a
picture among others (a list of neighbours), the mention goes and the row stays.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from vsig_core.annotations import follow_aliases
from vsig_core.corpus import Leaving
from vsig_core.current import aliases, current_images, leaving_now, require_pictures
from vsig_core.errors import InputError
from vsig_core.project import Project

_NAMES = ("uid", "img1", "img2", "anchor", "positive", "negative")
# Columns of lists of which each picture must be free to leave, or the row would say less than
# a person said.
_WHOLE_LISTS = {"annotations": "members", "conflicts": "images"}
_Trim = Callable[[pa.Table, Leaving], pa.Table]
_WEB = re.compile(r"(https?|s3)://")


class Outgoing:
    """What of a project's tables may leave it today.

    Parameters
    ----------
    project
        Where they are.

    Raises
    ------
    TableMissingError
        The project has no pictures yet.
    InputError
        None of its pictures may leave.
    """

    def __init__(self, project: Project) -> None:
        store = project.store
        require_pictures(store)
        self.project = project
        self.store = store
        self.leaving = leaving_now(store)
        self.left_out: Counter[str] = Counter()
        if not self.leaving.uids:
            reasons = ", ".join(f"{n:,} {why}" for why, n in self.leaving.left_out().items())
            raise InputError(
                f"No picture may leave this project ({reasons}). Set publish to thumb or full "
                "under [[source]] in vsig.toml, or in the column publish of the metadata, then "
                "run 'vsig run'."
            )

    @property
    def is_whole(self) -> bool:
        """Whether nothing of what was read so far stayed in."""
        return not self.left_out and self.leaving.uids == self.leaving.full

    def read(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Rows of a table that may leave; empty where it has not been computed yet."""
        return self._take(name, self.store.read_or_empty(name, columns=columns))

    def images(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Rows of the pictures in force that may leave, by uid."""
        wanted = None if columns is None else list(dict.fromkeys(("uid", *columns)))
        return self._take("images", current_images(self.store, wanted))

    def judgements(self) -> pa.Table:
        """The log of judgements that may leave, by the ids that the pictures have now.

        A RETRACT or SETTLE leaves with what it names.
        """
        log = follow_aliases(self.store.read_or_empty("annotations"), aliases(self.store))
        return self._take("annotations", log)

    def _take(self, name: str, rows: pa.Table) -> pa.Table:
        kept = _free(name, rows, self.leaving)
        if name == "annotations":
            kept = _with_targets(rows, kept)
        if name in _TRIMS:
            kept = _TRIMS[name](kept, self.leaving)
        if kept.num_rows < rows.num_rows:
            self.left_out[name] = rows.num_rows - kept.num_rows
        return kept


def _free(name: str, rows: pa.Table, leaving: Leaving) -> pa.Table:
    """Rows that name only pictures that may leave."""
    uids = pa.array(sorted(leaving.uids), pa.string())
    for column in (column for column in _NAMES if column in rows.column_names):
        rows = rows.filter(pc.field(column).isin(uids) | pc.field(column).is_null())
    listed = _WHOLE_LISTS.get(name)
    if listed in rows.column_names:
        lists = rows[listed].to_pylist()
        whole = [all(uid in leaving for uid in pictures or ()) for pictures in lists]
        rows = rows.filter(pa.array(whole, pa.bool_()))
    return rows


def _with_targets(log: pa.Table, kept: pa.Table) -> pa.Table:
    """Without the RETRACT rows of judgements that stay in: they would name nothing."""
    names = ("annotation_id", "act")
    staying = {row for name in names for row in log[name].to_pylist()}
    staying -= {row for name in names for row in kept[name].to_pylist()}
    retracted = zip(kept["type"].to_pylist(), kept["retracts"].to_pylist(), strict=True)
    free = [kind != "RETRACT" or target not in staying for kind, target in retracted]
    return kept.filter(pa.array(free, pa.bool_()))


def _trim_images(rows: pa.Table, leaving: Leaving) -> pa.Table:
    """Working copies only of pictures that leave in full; no paths of this machine."""
    full = [uid in leaving.full for uid in rows["uid"].to_pylist()]
    for name in {"working", "uri", "source"} & set(rows.column_names):
        texts = rows[name].to_pylist()
        allowed = full if name == "working" else [_WEB.match(text or "") for text in texts]
        kept = [text if free else None for text, free in zip(texts, allowed, strict=True)]
        index = rows.schema.get_field_index(name)
        rows = rows.set_column(index, rows.schema.field(index), pa.array(kept, pa.string()))
    return rows


def _trim_models(row: dict[str, Any], _leaving: Leaving) -> None:
    """A file of weights by its name alone; the weights themselves are an object."""
    settings = json.loads(row["settings"])
    weights = settings.get("model", {}).get("weights")
    if weights:
        settings["model"]["weights"] = Path(weights).name
        row["settings"] = json.dumps(settings, sort_keys=True)


def _by_row(change: Callable[[dict[str, Any], Leaving], None]) -> _Trim:
    """A trim that changes each row."""

    def trim(rows: pa.Table, leaving: Leaving) -> pa.Table:
        changed = rows.to_pylist()
        for row in changed:
            change(row, leaving)
        return pa.Table.from_pylist(changed, schema=rows.schema) if changed else rows

    return trim


def _trim_neighbours(row: dict[str, Any], leaving: Leaving) -> None:
    near = [pair for pair in zip(row["ids"], row["distances"], strict=True) if pair[0] in leaving]
    row["ids"], row["distances"] = [uid for uid, _ in near], [distance for _, distance in near]


def _trim_clusters(row: dict[str, Any], leaving: Leaving) -> None:
    if row.get("predecessor") not in leaving:
        row["predecessor"] = None


def _trim_changes(row: dict[str, Any], leaving: Leaving) -> None:
    row["images"] = [uid for uid in row["images"] or () if uid in leaving]


def _trim_groups(row: dict[str, Any], leaving: Leaving) -> None:
    for reason in ("duplicate of ", "same work as "):
        if row["why"].startswith(reason) and row["why"].removeprefix(reason) not in leaving:
            row["why"] = reason + "one that stays in"


_TRIMS: dict[str, _Trim] = {
    "images": _trim_images,
    "models": _by_row(_trim_models),
    "neighbours": _by_row(_trim_neighbours),
    "clusters": _by_row(_trim_clusters),
    "cluster_changes": _by_row(_trim_changes),
    "groups": _by_row(_trim_groups),
}
