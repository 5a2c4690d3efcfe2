"""What depends on a damaged file, and what to do about it."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from vsig_core.errors import StoreError
from vsig_core.store import TABLES, DataFile, Store, TableLog
from vsig_core.upkeep.damage import Damage
from vsig_core.upkeep.references import object_columns

MEND = "'vsig verify --mend' makes it due; then 'vsig run' makes it anew from its source."
RESTORE = "Bring it back from a backup."
LOGS = ("annotations", "rejected_annotations")


class Dependents:
    """Looks up what a damaged file takes with it; what cannot be read is left out.

    Parameters
    ----------
    store
        The damaged store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def of_object(self, name: str, what: str, table: str) -> Damage:
        """An object whose content is wrong or missing; `table` names it, where one does."""
        key = name.removeprefix("objects/")
        needed: dict[str, list[str]] = {}
        if table:
            rows = self._rows_naming(table, key)
            if table == "models":
                needed["models"] = [f"{row['model_id']} ({row['status']})" for row in rows]
            elif rows and "uid" in rows[0]:
                needed |= self._of_pictures([row["uid"] for row in rows])
            elif rows:
                needed["tables"] = [table]
        needed = {name: items for name, items in needed.items() if items}
        return Damage(
            name=name,
            kind="object",
            what=what,
            table=table,
            in_force=bool(needed),
            needed_by=needed,
            remedy=_remedy_of_object(table, needed),
        )

    def of_data(self, log: TableLog, file: DataFile, what: str) -> Damage:
        """A data file of a table."""
        in_force = file.last == log.newest
        needed: dict[str, list[str]] = {}
        if in_force:
            batch = file.partition.get("batch")
            if batch:
                needed["batches"] = [batch]
                needed |= self._of_pictures(self._members(batch))
            if model := file.partition.get("model_id"):
                needed["models"] = [model]
            needed["tables"] = [log.table, *self._downstream(log.table)]
        return Damage(
            name=file.name,
            kind="data",
            what=what,
            table=log.table,
            versions=(file.first, file.last),
            in_force=in_force,
            needed_by={name: items for name, items in needed.items() if items},
            remedy=_remedy_of_data(log.table),
        )

    def of_log(self, table: str, name: str, what: str) -> Damage:
        """A file of a table's log."""
        needed = {"tables": [table, *self._downstream(table)]}
        return Damage(name, "log", what, table, needed_by=needed, remedy=RESTORE)

    def _rows_naming(self, table: str, key: str) -> list[dict[str, Any]]:
        """Rows of the newest version that name an object."""
        names = [c for c in ("uid", "model_id", "status") if c in TABLES[table].schema.names]
        rows: list[dict[str, Any]] = []
        for column in object_columns()[table]:
            try:
                found = self._store.read_or_empty(
                    table, columns=[*names, column], among={column: [key]}
                )
            except (StoreError, OSError):  # damaged too, and listed as such
                continue
            rows += found.to_pylist()
        return rows

    def _of_pictures(self, uids: Sequence[str]) -> dict[str, list[str]]:
        clusters = {self._clusters[uid] for uid in uids if self._clusters.get(uid)}
        return {"pictures": sorted(uids), "clusters": sorted(filter(None, clusters))}

    @cached_property
    def _clusters(self) -> dict[str, str | None]:
        try:
            rows = self._store.read_or_empty("clusters", columns=["uid", "cluster"])
        except (StoreError, OSError):  # damaged too, and listed as such
            return {}
        return dict(zip(rows["uid"].to_pylist(), rows["cluster"].to_pylist(), strict=True))

    def _members(self, batch: str) -> list[str]:
        try:
            rows = self._store.read_or_empty("batches", columns=["uid"], among={"batch": [batch]})
        except (StoreError, OSError):  # damaged too, and listed as such
            return []
        return rows["uid"].to_pylist()

    def _downstream(self, table: str) -> list[str]:
        """Tables whose newest version was made from this one, directly or not."""
        found = {table}
        grew = True
        while grew:
            more = {name for name, read in self._inputs.items() if read & found} - found
            found |= more
            grew = bool(more)
        return sorted(found - {table})

    @cached_property
    def _inputs(self) -> dict[str, set[str]]:
        """Table to the tables that its newest version was made from."""
        found: dict[str, set[str]] = {}
        for name in TABLES:
            try:
                commits = self._store.commits(name)
            except (StoreError, OSError):  # damaged too, and listed as such
                continue
            made = next((c for c in commits if c.provenance.inputs), None)
            found[name] = set(made.provenance.inputs) if made else set()
        return found


def _remedy_of_object(table: str, needed: dict[str, list[str]]) -> str:
    if table == "images" and needed:
        return MEND
    return RESTORE if needed else "It may be deleted."


def _remedy_of_data(table: str) -> str:
    if table in LOGS:
        return f"{RESTORE} The files that it was read from lie in inbox/done."
    return RESTORE
