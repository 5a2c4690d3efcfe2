"""The log of judgements: what is new in it, and what waits for its picture."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from vsig_core.annotations.aliases import NO_ALIASES, Aliases
from vsig_core.annotations.conflicts import conflict_id
from vsig_core.annotations.judgement import judgements_of, table_of, turn
from vsig_core.annotations.retraction import in_force
from vsig_core.store.schema import schema

UNKNOWN_IMAGE = "unknown_image"
"""What the reason of a row that waits for its picture begins with."""

_IMAGES = ("img1", "img2")
_CONTENTS = (("img1", "sha1"), ("img2", "sha2"))


def new_rows(log: pa.Table, incoming: pa.Table) -> pa.Table:
    """Rows of `incoming` whose annotation_id the log does not have, each once."""
    seen = set(log["annotation_id"].to_pylist())
    keep = []
    for annotation_id in incoming["annotation_id"].to_pylist():
        keep.append(annotation_id not in seen)
        seen.add(annotation_id)
    return incoming.filter(pa.array(keep, pa.bool_()))


def follow_aliases(annotations: pa.Table, aliases: Aliases) -> pa.Table:
    """The same rows with the ids that their pictures have now; conflicts have new ids with them."""
    if not aliases:
        return annotations
    rows = annotations.to_pylist()
    renamed = [_renamed(row, aliases) for row in rows]
    conflicts = {
        conflict_id((old["img1"], old["img2"])): conflict_id((new["img1"], new["img2"]))
        for old, new in zip(rows, renamed, strict=True)
        if old["img1"] and old["img2"] and (old["img1"], old["img2"]) != (new["img1"], new["img2"])
    }
    for row in renamed:
        if row["type"] == "SETTLE":
            row["retracts"] = conflicts.get(row["retracts"], row["retracts"])
    return table_of(renamed)


def _renamed(row: dict[str, Any], aliases: Aliases) -> dict[str, Any]:
    images = {img: row[img] and aliases.now(row[img], row[sha]) for img, sha in _CONTENTS}
    members = row["members"] and sorted({aliases.now(uid) for uid in row["members"]})
    return turn(row | images | {"members": members})


def unknown_images(
    annotations: pa.Table,
    uids: AbstractSet[str],
    aliases: Aliases = NO_ALIASES,
) -> list[tuple[int, str]]:
    """Pictures that rows name and the corpus does not have.

    Returns
    -------
    (index of the row in the table, from 0; uid as the row has it), in order.
    """
    columns = [annotations[name].to_pylist() for name in (*_IMAGES, "members")]
    return [
        (index, uid)
        for index, (img1, img2, members) in enumerate(zip(*columns, strict=True))
        for uid in _named(img1, img2, members)
        if uid not in uids and aliases.now(uid) not in uids
    ]


def _named(img1: str | None, img2: str | None, members: list[str] | None) -> Iterator[str]:
    yield from (uid for uid in (img1, img2) if uid)
    yield from members or ()


@dataclass(frozen=True)
class MissingPicture:
    """A picture that judgements wait for.

    `judgements` counts those in force that name it, `files` are where they came from;
    `gone` tells that it was there when it was judged: it was moved, renamed or removed.
    """

    uid: str
    judgements: int
    files: list[str]
    gone: bool


def missing_pictures(
    log: pa.Table, uids: AbstractSet[str], aliases: Aliases = NO_ALIASES
) -> list[MissingPicture]:
    """Pictures that judgements in force name and the corpus does not have, by uid."""
    unknown = unknown_images(log, uids, aliases)
    if not unknown:
        return []
    standing = {judgement.annotation_id for judgement in in_force(judgements_of(log))}
    rows = log.to_pylist()
    naming: dict[str, list[dict[str, Any]]] = {}
    for index, uid in unknown:
        if rows[index]["annotation_id"] in standing:
            naming.setdefault(uid, []).append(rows[index])
    return [
        MissingPicture(
            uid,
            len(named),
            sorted({row["file"] for row in named if row["file"]}),
            any(row[sha] for row in named for img, sha in _CONTENTS if row[img] == uid),
        )
        for uid, named in sorted(naming.items())
    ]


def waiting_rows(
    annotations: pa.Table,
    uids: AbstractSet[str],
    aliases: Aliases = NO_ALIASES,
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
