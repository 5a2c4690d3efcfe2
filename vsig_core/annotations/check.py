"""What taking a file in would do, without doing it: `vsig check-annotations`."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import pyarrow as pa

from vsig_core.annotations.aliases import NO_ALIASES, Aliases
from vsig_core.annotations.conflicts import conflict_id
from vsig_core.annotations.forest import Forest
from vsig_core.annotations.formats import read_annotations
from vsig_core.annotations.judgement import Pair
from vsig_core.annotations.kinds import PAIR_TYPES
from vsig_core.annotations.log import new_rows, unknown_images
from vsig_core.annotations.morphograph import build_morphograph
from vsig_core.store.schema import empty


def check_file(
    data: bytes,
    name: str,
    uids: AbstractSet[str] | None = None,
    *,
    log: pa.Table | None = None,
    aliases: Aliases = NO_ALIASES,
    conflicts: AbstractSet[str] = frozenset(),
) -> dict[str, Any]:
    """Report on one file.

    Parameters
    ----------
    data, name
        Content of the file, and how to call it.
    uids
        Pictures of the corpus; None where there is no corpus to compare with.
    log
        What was judged before: conflicts are looked for in both together. None where
        there is no project.
    conflicts
        Ids of the conflicts that the project lists, for a SETTLE to name.

    Returns
    -------
    path, rows (lines with content but the first), by_type (good rows as in the file,
    before folding), link_ids (forms of the original's link ids), folded_verdicts,
    components (count, images, largest: of the file's POSITIVE rows alone), several_types
    (pairs that carry more than one type, by types), unknown_images (None: not compared),
    conflicts (those that the file's rows are part of), conflicts_by_kind (inside: a
    NEGATIVE or DIFFERENT between pictures that POSITIVE links join), unknown_targets (row,
    type and names of each RETRACT or SETTLE that names nothing there is, and so changes
    nothing yet; None: not compared), bad_rows (row, reason, text), notes.

    Raises
    ------
    AnnotationError
        The file is structurally unreadable.
    """
    read = read_annotations(data, name)
    kinds = _kinds_by_pair(read.annotations)
    before = empty("annotations") if log is None else log
    together = pa.concat_tables([before, new_rows(before, read.annotations)])
    found = build_morphograph(together).conflicts
    listed = {*conflicts, *found["conflict_id"].to_pylist()}
    unsettled = _conflicts(read.annotations, found)
    return {
        "path": name,
        "rows": read.rows,
        "by_type": read.by_type,
        "link_ids": read.link_ids,
        "folded_verdicts": read.folded_verdicts,
        "components": _components(kinds),
        "several_types": dict(
            Counter("+".join(sorted(types)) for types in kinds.values() if len(types) > 1)
        ),
        "unknown_images": None if uids is None else _unknown(read.annotations, uids, aliases),
        "conflicts": unsettled,
        "conflicts_by_kind": dict(Counter(row["kind"] for row in unsettled)),
        "unknown_targets": (
            None if log is None else _unknown_targets(read.annotations, together, listed)
        ),
        "bad_rows": read.rejected.select(["row", "reason", "text"]).to_pylist(),
        "notes": read.notes,
    }


def _unknown(annotations: pa.Table, uids: AbstractSet[str], aliases: Aliases) -> list[str]:
    return sorted({uid for _, uid in unknown_images(annotations, uids, aliases)})


def _kinds_by_pair(annotations: pa.Table) -> dict[Pair, set[str]]:
    columns = [annotations[name].to_pylist() for name in ("type", "img1", "img2")]
    kinds: dict[Pair, set[str]] = defaultdict(set)
    for kind, img1, img2 in zip(*columns, strict=True):
        if kind in PAIR_TYPES:
            kinds[img1, img2].add(kind)
    return kinds


def _components(kinds: Mapping[Pair, set[str]]) -> dict[str, int]:
    forest: Forest[str] = Forest()
    for pair, types in kinds.items():
        if "POSITIVE" in types:
            forest.join(*pair)
    sizes = [len(group) for group in forest.groups()]
    return {"count": len(sizes), "images": sum(sizes), "largest": max(sizes, default=0)}


def _conflicts(annotations: pa.Table, found: pa.Table) -> list[dict[str, Any]]:
    ours = set(annotations["annotation_id"].to_pylist())
    unsettled = found.filter(found["settled_by"].is_null()).to_pylist()
    return [
        {name: row[name] for name in ("conflict_id", "kind", "images", "annotations")}
        for row in unsettled
        if ours.intersection(row["annotations"])
    ]


def _unknown_targets(
    annotations: pa.Table, log: pa.Table, conflicts: AbstractSet[str]
) -> list[dict[str, Any]]:
    said = {*log["annotation_id"].to_pylist(), *log["act"].to_pylist()}
    targets = [
        (row, row["retracts"] or conflict_id((row["img1"], row["img2"])))
        for row in annotations.to_pylist()
        if row["type"] in ("RETRACT", "SETTLE")
    ]
    return [
        {"row": row["row"], "type": row["type"], "names": name}
        for row, name in targets
        if name not in (said if row["type"] == "RETRACT" else conflicts)
    ]
