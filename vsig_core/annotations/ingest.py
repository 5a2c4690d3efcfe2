"""Taking one file into the log: what is new, what is bad, what waits."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from vsig_core.annotations.aliases import NO_ALIASES, Aliases
from vsig_core.annotations.formats import AnnotationFile, read_annotations
from vsig_core.annotations.judgement import identity, table_of, turn
from vsig_core.annotations.kinds import PAIR_TYPES
from vsig_core.annotations.log import new_rows, waiting_rows
from vsig_core.store.schema import schema


@dataclass(frozen=True)
class Known:
    """What the project has: pictures (None: not looked at), old ids, contents by uid."""

    uids: AbstractSet[str] | None = None
    aliases: Aliases = NO_ALIASES
    hashes: Mapping[str, str] | None = None


@dataclass(frozen=True)
class IngestResult:
    """Rows to add to the log, rows for `rejected_annotations`, and a report.

    The report: file, rows, by_type, new, known, new_links, folded_verdicts, bad,
    waiting, notes. `cut_off`: what the file ends within, as a file that can be mended.
    """

    annotations: pa.Table
    rejected: pa.Table
    report: dict[str, Any]
    cut_off: str | None = None


def ingest_file(data: bytes, file: str, log: pa.Table, known: Known | None = None) -> IngestResult:
    """Read a file of judgements and tell what it adds to the log.

    Rows that name a picture the corpus does not have are added too, listed as
    "unknown_image …", and take effect when the picture arrives. Ingesting a file, a
    copy or a part of it again adds nothing.

    Raises
    ------
    AnnotationError
        The file is structurally unreadable.
    """
    known = known or Known()
    read = read_annotations(data, file)
    fresh = _with_contents(new_rows(log, read.annotations), known)
    waiting = _waiting(read.annotations, known)
    reused = _reused_ids(log, read)
    rejected = pa.concat_tables([read.rejected, reused, waiting]).sort_by("row")
    report = _report(file, read, fresh, rejected, waiting)
    return IngestResult(fresh, rejected, report, read.cut_off)


def _report(
    file: str, read: AnnotationFile, fresh: pa.Table, rejected: pa.Table, waiting: pa.Table
) -> dict[str, Any]:
    kinds = fresh["type"].to_pylist()
    return {
        "file": file,
        "rows": read.rows,
        "by_type": read.by_type,
        "new": fresh.num_rows,
        "known": read.annotations.num_rows - fresh.num_rows,
        "new_links": sum(kind in PAIR_TYPES for kind in kinds),
        "folded_verdicts": read.folded_verdicts,
        "bad": rejected.num_rows - waiting.num_rows,
        "waiting": waiting.num_rows,
        "notes": read.notes,
    }


def _waiting(annotations: pa.Table, known: Known) -> pa.Table:
    if known.uids is None:
        return schema("rejected_annotations").empty_table()
    return waiting_rows(annotations, known.uids, known.aliases)


def _with_contents(rows: pa.Table, known: Known) -> pa.Table:
    """Note the content that each picture has now, so that a replaced one is noticed later."""
    if not known.hashes:
        return rows
    stamped = rows.to_pylist()
    for row in stamped:
        for image, content in (("img1", "sha1"), ("img2", "sha2")):
            if row[image] and not row[content]:
                row[content] = known.hashes.get(known.aliases.now(row[image]))
    return table_of(stamped)


def _reused_ids(log: pa.Table, read: AnnotationFile) -> pa.Table:
    """Rows whose annotation_id the log has for another judgement: the log's stands."""
    ids = set(read.annotations["annotation_id"].to_pylist())
    known = log.filter(pa.array([name in ids for name in log["annotation_id"].to_pylist()], "bool"))
    said = {row["annotation_id"]: identity(turn(row)) for row in known.to_pylist()}
    bad = [
        {
            "file_sha256": row["file_sha256"],
            "file": row["file"],
            "row": row["row"],
            "reason": f"repeated_id: {row['annotation_id']} is another judgement in the log; "
            "nothing is overwritten: RETRACT that one, and judge with a new id",
            "text": ",".join(str(row[name] or "") for name in ("type", "img1", "img2")),
        }
        for row in read.annotations.to_pylist()
        if said.get(row["annotation_id"], identity(row)) != identity(row)
    ]
    return pa.Table.from_pylist(bad, schema=schema("rejected_annotations"))
