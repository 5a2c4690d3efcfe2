"""One consistent set of table versions: what the newest queue was made from.

A run writes one table after the other; whoever read the newest of each would see clusters of
one run beside groups of another. So the queue's commit is taken, and what its provenance
names, and what that names in turn; a table that none of them names is read at its newest.
"""

from collections import deque
from collections.abc import Mapping

from vsig_core.store import TABLES, Store

START = "review_queue"


def consistent_versions(store: Store) -> dict[str, int]:
    """Table to version, for every table that has been computed.

    Raises
    ------
    StoreError
        The store cannot be read.
    """
    newest = {name: store.version(name) for name in TABLES}
    pinned = _made_from(store, newest.get(START))
    there = {name: version for name, version in newest.items() if version is not None}
    return there | {name: version for name, version in pinned.items() if name in there}


def _made_from(store: Store, start: int | None) -> dict[str, int]:
    """The nearest first: of a table that is named twice, the version nearer to the queue."""
    pinned: dict[str, int] = {} if start is None else {START: start}
    open_ = deque(pinned.items())
    while open_:
        for name, version in _named_by(store, *open_.popleft()).items():
            if name in TABLES and name not in pinned:
                pinned[name] = version
                open_.append((name, version))
    return pinned


def _named_by(store: Store, name: str, version: int) -> Mapping[str, int]:
    """What a commit was made from, and what was written with it."""
    newest = store.version(name) or 0
    found = [c for c in store.commits(name, newest - version + 1) if c.version == version]
    if not found:
        return {}
    return {**found[0].provenance.inputs, **found[0].provenance.beside}
