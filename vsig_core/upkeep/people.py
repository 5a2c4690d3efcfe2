"""`vsig purge --annotator NAME`: a person's name out of every version of every table.

The judgements stay, under a pseudonym that tells nothing of the name.
"""

import json
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from vsig_core.errors import InputError
from vsig_core.store import TABLES, Files, Provenance, Store, read_log, schema
from vsig_core.upkeep.references import batches
from vsig_core.upkeep.removal import plan_removal, remove

# Where the name is a cell by itself, and where it may stand among other words.
_CELLS = {"annotations": ["annotator"], "links": ["annotators"], "tombstones": ["by"]}
_WORDS = {
    "annotations": ["note", "context"],
    "rejected_annotations": ["reason", "text"],
    "models": ["reason"],
    "tombstones": ["reason"],
    "provenance": ["facts"],
}
_TABLES = ("annotations", "links", "rejected_annotations", "models", "tombstones", "provenance")


@dataclass(frozen=True)
class Renaming:
    """A person to be renamed.

    Parameters
    ----------
    name, pseudonym
        Before and after.
    rows
        Table to the rows of its newest version that name the person.
    unreachable
        What no purge can change, for somebody to see to.
    """

    name: str
    pseudonym: str
    rows: dict[str, int]
    unreachable: list[str]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def plan_renaming(store: Store, name: str, inbox: Files) -> Renaming:
    """Find a person's name wherever it is; changes nothing.

    Parameters
    ----------
    store
        The store.
    name
        As the annotation files write it.
    inbox
        Where annotation files lie: they are named, not changed.

    Raises
    ------
    InputError
        No version of any table has it.
    """
    rename = _renaming(name, name + "'")  # any other name shows where it would change
    held = {table: _held(store, table, rename) for table in _TABLES}
    found = {table: count for table, count in held.items() if count is not None}
    if not found:
        known = store.read_or_empty("annotations", columns=["annotator"])["annotator"]
        names = ", ".join(sorted(filter(None, set(known.to_pylist())))) or "none"
        raise InputError(f"Nobody is called {name!r} here. Known annotators: {names}.")
    pseudonym = f"anon-{secrets.token_hex(3)}"
    return Renaming(name, pseudonym, found, _unreachable(name, inbox))


def rename_annotator(store: Store, plan: Renaming) -> None:
    """Carry a plan out. Killed at any moment, the same command again ends it.

    Raises
    ------
    ConflictError
        Judgements came meanwhile; the same command again takes them in.
    StoreError
        Something cannot be read, written or deleted.
    """
    store.check_writable()
    rename = _renaming(plan.name, plan.pseudonym)
    # Provenance last: it takes in what the versions before it reported of that person.
    tables = [table for table in _TABLES[:-1] if table in plan.rows]
    _rewrite(store, tables, rename)
    if store.version("provenance") is not None:
        _rewrite(store, ["provenance"], rename)


def _rewrite(store: Store, tables: list[str], rename: "_Rename") -> None:
    for table in tables:
        version = store.version(table)
        assert version is not None  # the plan found the name in it
        rows = [rename.row(table, row) for row in store.read(table, version=version).to_pylist()]
        made = Provenance("purge", {table: version})
        store.write(table, pa.Table.from_pylist(rows, schema(table)), made, base=version)
    newest = {table: {store.version(table) or 0} for table in tables}
    removal = plan_removal(store, newest, before=None, cut=newest.keys())
    remove(store, removal, Provenance("purge"))


@dataclass(frozen=True)
class _Rename:
    cell: Callable[[str], str]
    words: Callable[[str], str]

    def row(self, table: str, row: dict[str, Any]) -> dict[str, Any]:
        """A row with the name replaced."""
        changed = dict(row)
        for column in _CELLS.get(table, ()):
            changed[column] = _apply(self.cell, row[column])
        for column in _WORDS.get(table, ()):
            changed[column] = _apply(self.words, row[column])
        return changed


def _renaming(name: str, pseudonym: str) -> _Rename:
    # In the JSON of facts and in its own words.
    forms = {name, json.dumps(name)[1:-1], json.dumps(name, ensure_ascii=False)[1:-1]}
    pattern = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
    word = re.compile(rf"(?<!\w)(?:{pattern})(?!\w)")
    return _Rename(
        lambda cell: pseudonym if cell == name else cell, lambda text: word.sub(pseudonym, text)
    )


def _apply(rename: Callable[[str], str], value: Any) -> Any:
    if isinstance(value, list):
        return [_apply(rename, item) for item in value]
    return rename(value) if isinstance(value, str) else value


def _held(store: Store, table: str, rename: _Rename) -> int | None:
    """Rows of the newest version with the name; None where no version has it."""
    columns = [*_CELLS.get(table, ()), *_WORDS.get(table, ())]
    if store.version(table) is None:
        return None
    in_force = store.read(table, columns=columns).to_pylist()
    count = sum(rename.row(table, row) != row for row in in_force)
    return count if count or any(_before(store, table, columns, rename)) else None


def _before(store: Store, table: str, columns: list[str], rename: _Rename) -> Iterator[bool]:
    """Whether rows and reports of older versions have the name, one after another."""
    for commit in store.commits(table):
        facts = json.dumps(dict(commit.provenance.facts), sort_keys=True)
        yield rename.words(facts) != facts
    log = read_log(store.files, table)
    assert log is not None  # it has commits
    files = [file for file in log.files.values() if file.name in log.stored]
    for batch in batches(store, files, TABLES[table].schema, columns):
        yield any(rename.row(table, row) != row for row in batch.to_pylist())


def _unreachable(name: str, inbox: Files) -> list[str]:
    files = [file.name for file in inbox.list(deep=True)]
    naming = [inbox.uri(file) for file in files if name.encode() in (inbox.read(file) or b"")]
    return [
        *(f"The annotation file {path}: change or delete it by hand." for path in naming),
        "Exports, backups, older versions of objects that a bucket keeps.",
        "Judgements to come under this name: they are taken in as those of another person.",
    ]
