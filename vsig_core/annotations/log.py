"""The log of judgements: what is new in it, and what waits for its picture."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import pyarrow as pa

from vsig_core.annotations.judgement import table_of, turn
from vsig_core.store.schema import schema

UNKNOWN_IMAGE = "unknown_image"
"""What the reason of a row that waits for its picture begins with."""

_IMAGES = ("img1", "img2")


def new_rows(log: pa.Table, incoming: pa.Table) -> pa.Table:
    """Rows of `incoming` whose annotation_id the log does not have, each once."""
    seen = set(log["annotation_id"].to_pylist())
    keep = []
    for annotation_id in incoming["annotation_id"].to_pylist():
        keep.append(annotation_id not in seen)
        seen.add(annotation_id)
    return incoming.filter(pa.array(keep, pa.bool_()))


def current_uid(uid: str, aliases: Mapping[str, str]) -> str:
    """The id that a picture has now; a ring of aliases is left where it closes."""
    seen = {uid}
    while aliases.get(uid, uid) not in seen:
        uid = aliases[uid]
        seen.add(uid)
    return uid


def follow_aliases(annotations: pa.Table, aliases: Mapping[str, str]) -> pa.Table:
    """The same rows with the ids that their pictures have now.

    Parameters
    ----------
    aliases
        Old uid to its next uid; chains are followed.
    """
    if not aliases:
        return annotations
    return table_of([_renamed(row, aliases) for row in annotations.to_pylist()])


def _renamed(row: dict[str, Any], aliases: Mapping[str, str]) -> dict[str, Any]:
    images = {name: row[name] and current_uid(row[name], aliases) for name in _IMAGES}
    members = row["members"] and sorted({current_uid(uid, aliases) for uid in row["members"]})
    return turn(row | images | {"members": members})


def unknown_images(
    annotations: pa.Table,
    uids: AbstractSet[str],
    aliases: Mapping[str, str] | None = None,
) -> list[tuple[int, str]]:
    """Pictures that rows name and the corpus does not have.

    Returns
    -------
    (index of the row in the table, from 0; uid as the row has it), in order.
    """
    names = dict(aliases or {})
    columns = [annotations[name].to_pylist() for name in (*_IMAGES, "members")]
    return [
        (index, uid)
        for index, (img1, img2, members) in enumerate(zip(*columns, strict=True))
        for uid in _named(img1, img2, members)
        if uid not in uids and current_uid(uid, names) not in uids
    ]


def _named(img1: str | None, img2: str | None, members: list[str] | None) -> Iterator[str]:
    yield from (uid for uid in (img1, img2) if uid)
    yield from members or ()


def waiting_rows(
    annotations: pa.Table,
    uids: AbstractSet[str],
    aliases: Mapping[str, str] | None = None,
) -> pa.Table:
    """Rows of the log that name a picture the corpus does not have, for `rejected_annotations`.

    They stay in the log and take effect when the picture arrives.
    """
    missing: dict[int, list[str]] = {}
    for index, uid in unknown_images(annotations, uids, aliases):
        missing.setdefault(index, []).append(uid)
    rows = annotations.take(pa.array(list(missing), pa.int64())).to_pylist()
    waiting = [
        {
            "file_sha256": row["file_sha256"],
            "file": row["file"],
            "row": row["row"],
            "reason": f"{UNKNOWN_IMAGE} {', '.join(names)}",
            "text": ",".join((row["type"], *_named(row["img1"], row["img2"], row["members"]))),
        }
        for row, names in zip(rows, missing.values(), strict=True)
    ]
    return pa.Table.from_pylist(waiting, schema=schema("rejected_annotations"))
