"""The commits of all tables, and the two trees they span."""

from collections.abc import Iterator
from typing import Any

from vsig_core.store import TABLES, Commit, Store

Node = dict[str, Any]


class History:
    """Commits, each table's read once.

    Parameters
    ----------
    store
        The store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._commits: dict[str, list[Commit]] = {}

    def commits(self, table: str) -> list[Commit]:
        """Versions of a table, newest first."""
        if table not in self._commits:
            self._commits[table] = self._store.commits(table)
        return self._commits[table]

    def at(self, table: str, version: int) -> Commit | None:
        """One version; None where the table has no such version."""
        found = (commit for commit in self.commits(table) if commit.version == version)
        return next(found, None)

    def newest(self, table: str) -> Commit | None:
        """The version of now; None where the table has not been computed yet."""
        return next(iter(self.commits(table)), None)

    def up(self, commit: Commit) -> Node:
        """A version and all versions that it was made from, as a tree under `inputs`."""
        return self._up(commit, set())

    def down(self, table: str, version: int) -> Node | None:
        """A version and what of now was made from it or a later one, as a tree under `outputs`.

        Of each table the newest work of each step counts; a table stands once, under what it
        is nearest to.
        """
        first = self.at(table, version)
        if first is None:
            return None
        root = _node(first) | {"outputs": []}
        least = {table: version}
        row = [root]
        while row:
            found: list[Node] = []
            for node in row:
                below = [made for made in self._made_from(node) if made.table not in least]
                node["outputs"] = [_node(made) | {"outputs": []} for made in below]
                least |= {made.table: made.version for made in below}
                found += node["outputs"]
            row = found
        return root

    def _up(self, commit: Commit, seen: set[tuple[str, int]]) -> Node:
        """What stands elsewhere in the tree is only named."""
        place = (commit.table, commit.version)
        if place in seen:
            return {**_node(commit), "inputs": "above"}
        seen.add(place)
        return {**_node(commit), "inputs": [self._up(one, seen) for one in self._read(commit)]}

    def _read(self, commit: Commit) -> list[Commit]:
        """What a version read, but for the step's own earlier work: it continues itself."""
        made = commit.provenance
        found = [self.at(table, version) for table, version in sorted(made.inputs.items())]
        return [one for one in found if one and one.provenance.step != made.step]

    def _made_from(self, node: Node) -> Iterator[Commit]:
        """The newest work of each step that read a version of a table, or a later one."""
        for table in TABLES:
            steps: set[str] = set()
            for commit in self.commits(table):
                made = commit.provenance
                if made.step in steps:
                    continue
                steps.add(made.step)
                read = made.inputs.get(node["table"], -1)
                if read >= node["version"] and made.step != node["step"]:
                    yield commit
                    break


def lineage(store: Store, table: str) -> Node | None:
    """The newest version of a table, and all versions it was made from, as a tree."""
    history = History(store)
    newest = history.newest(table)
    return history.up(newest) if newest else None


def descent(store: Store, table: str, version: int) -> Node | None:
    """A version of a table, and what of now was made from it, as a tree."""
    return History(store).down(table, version)


def runs(tree: Node | None) -> list[Node]:
    """The runs of a tree, the earliest first, each with the tables that it wrote."""
    found: dict[str, Node] = {}
    for node in sorted(_nodes(tree), key=lambda node: node["at"]):
        if node["run_id"]:
            run = found.setdefault(
                node["run_id"], {"run_id": node["run_id"], "at": node["at"], "wrote": []}
            )
            run["wrote"].append(f"{node['table']} version {node['version']}")
    return list(found.values())


def _nodes(tree: Node | None) -> Iterator[Node]:
    if tree is None:
        return
    if tree.get("inputs") != "above":
        yield tree
        for below in tree.get("inputs", tree.get("outputs", [])):
            yield from _nodes(below)


def _node(commit: Commit) -> Node:
    made = commit.provenance
    return {
        "table": commit.table,
        "version": commit.version,
        "at": commit.at.isoformat(timespec="seconds"),
        "step": made.step,
        "run_id": made.run_id,
        "partition": made.partition,
        "release": made.release,
        "readable": commit.readable,
    }
