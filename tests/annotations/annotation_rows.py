"""Rows of the log, written short."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from vsig_core.annotations import Morphograph
from vsig_core.annotations.judgement import identity, table_of, turn

DAY = datetime(2026, 3, 1, tzinfo=UTC)


def row(kind: str, img1: str | None = None, img2: str | None = None, **more: Any) -> dict[str, Any]:
    """One row; `day` is its time in days, `by` its annotator, `id` its annotation_id."""
    said: dict[str, Any] = {"type": kind, "img1": img1, "img2": img2}
    if "day" in more:
        said["made_at"] = DAY + timedelta(days=more.pop("day"))
    if "by" in more:
        said["annotator"] = more.pop("by")
    if "id" in more:
        said["annotation_id"] = more.pop("id")
    return said | more


def table(*rows: dict[str, Any]) -> pa.Table:
    """Rows as the log has them."""
    turned = [turn(one) for one in rows]
    return table_of([{"annotation_id": identity(one)} | one for one in turned])


def verdicts(graph: Morphograph) -> dict[str, str]:
    """ "a b" to verdict, with "?" where contested."""
    return {
        f"{link['img1']} {link['img2']}": link["verdict"] + "?" * link["contested"]
        for link in graph.links.to_pylist()
    }


def groups(graph: Morphograph) -> set[frozenset[str]]:
    """Components as sets of pictures."""
    return gather(graph.components, "component")


def motifs(graph: Morphograph) -> set[frozenset[str]]:
    """Motifs as sets of pictures."""
    return gather(graph.motif_members, "motif")


def gather(members: pa.Table, name: str) -> set[frozenset[str]]:
    found: dict[str, set[str]] = {}
    for one in members.to_pylist():
        found.setdefault(one[name], set()).add(one["uid"])
    return {frozenset(uids) for uids in found.values()}
