"""Verdicts on whole clusters: right or wrong, until a quarter of the members are new."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

NEW_SHARE = 0.25


@dataclass(frozen=True)
class Verdict:
    """One judgement of a cluster: CORRECT or WRONG, and the pictures that it had."""

    kind: Literal["CORRECT", "WRONG"]
    members: frozenset[str]


def read_verdicts(annotations: pa.Table) -> list[Verdict]:
    """Verdicts in force, oldest first.

    Parameters
    ----------
    annotations
        Table `annotations`, the whole log: a RETRACT takes a verdict back by
        its annotation or its act.
    """
    columns = ["annotation_id", "act", "type", "members", "made_at", "retracts"]
    rows = annotations.select(columns).to_pylist()
    retracted = {row["retracts"] for row in rows if row["type"] == "RETRACT"} - {None}
    verdicts = [
        row
        for row in rows
        if row["type"] in ("CORRECT", "WRONG")
        and row["members"]
        and not {row["annotation_id"], row["act"]} & retracted
    ]
    # A row without a date is older than any that has one; equal dates go by the log.
    verdicts.sort(key=lambda row: (row["made_at"] is not None, row["made_at"] or 0))
    return [Verdict(row["type"], frozenset(row["members"])) for row in verdicts]


def verdict_on(members: Collection[str], verdicts: Sequence[Verdict]) -> Verdict | None:
    """The latest verdict that still holds for these pictures: fewer than a quarter are new."""
    for verdict in reversed(verdicts):
        new = sum(uid not in verdict.members for uid in members)
        if members and new < NEW_SHARE * len(members):
            return verdict
    return None
