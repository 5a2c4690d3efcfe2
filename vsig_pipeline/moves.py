"""Moved pictures, written down so that judgements follow them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from vsig_core.corpus import Move
from vsig_core.current import alias_rows
from vsig_core.store import Provenance, Store, digest, schema


def record_moves(store: Store, moves: Sequence[Move], listing: int | None) -> None:
    """Add rows to `aliases`, all of one time, later than any before whatever the clock says.

    Parameters
    ----------
    moves
        Seen at once.
    listing
        Version of `batches` that they were seen against: a crash that left it standing has
        the same moves seen again, and they are known.

    Raises
    ------
    ConflictError
        Somebody else recorded moves meanwhile.
    """
    rows = [vars(move) for move in moves]
    key = digest([listing, rows])
    base = store.version("aliases")
    newest = store.commits("aliases", limit=1)
    if newest and newest[0].provenance.key == key:
        return
    at = datetime.now(UTC)
    if known := alias_rows(store):
        at = max(at, known[-1]["at"] + timedelta(microseconds=1))
    added = pa.Table.from_pylist([{**row, "at": at} for row in rows], schema("aliases"))
    provenance = Provenance("listing", key=key, data_version=key, code="1")
    store.append("aliases", added, provenance, base=base)
