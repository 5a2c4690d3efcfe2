"""`vsig verify --mend`: damaged working copies are made anew by the next run.

The copy goes, and with it the row of each picture that needs it; the batch has then no key
under which it was read, so that it is due, and reads these pictures alone.
"""

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa

from vsig_core.store import Commit, Store, remove_all
from vsig_core.upkeep.damage import Damage


def mend(store: Store, damaged: Sequence[Damage]) -> list[str]:
    """Make due what the next run can make again; gives the batches.

    Parameters
    ----------
    store
        The store.
    damaged
        What `verify` found; what is no working copy is left as it is.

    Raises
    ------
    ConflictError
        Somebody else wrote to a table meanwhile; the same command again goes on from there.
    StoreError
        The store cannot be read or written.
    """
    copies = [damage for damage in damaged if damage.kind == "object" and damage.table == "images"]
    keys = {damage.name.removeprefix("objects/") for damage in copies}
    named = store.read_or_empty(
        "images", columns=["uid", "batch", "working"], among={"working": sorted(keys)}
    )
    batches = sorted(set(named["batch"].to_pylist()))
    if batches:
        _forget(store, batches)
    for batch in batches:
        where = {"batch": batch}
        version = store.version("images")
        rows = store.read("images", version=version, where=where)
        whole = [key not in keys for key in rows["working"].to_pylist()]
        made = _newest(store, "images", f"batch={batch}")
        kept = rows.filter(pa.array(whole, pa.bool_()))
        store.write("images", kept, replace(made.provenance, key=""), partition=where, base=version)
    remove_all(store.files, (damage.name for damage in copies))
    return batches


def _forget(store: Store, batches: Sequence[str]) -> None:
    """Take batches out of the corpus; the next run puts them back."""
    version = store.version("corpus")
    rows = store.read("corpus", version=version)
    others = [batch not in batches for batch in rows["batch"].to_pylist()]
    made = _newest(store, "corpus", "")
    kept = rows.filter(pa.array(others, pa.bool_()))
    store.write("corpus", kept, replace(made.provenance, key=""), base=version)


def _newest(store: Store, table: str, partition: str) -> Commit:
    """The newest commit of the step of a table's own name."""
    return next(
        commit
        for commit in store.commits(table)
        if commit.provenance.step == table and commit.provenance.partition == partition
    )
