"""Judgements as CSV and Parquet: what was said, by whom, when, and what stands."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from vsig_core.annotations import write_annotations
from vsig_core.exchange.evidence import with_evidence
from vsig_core.exchange.outgoing import Outgoing


def write_csv(outgoing: Outgoing, out: Path) -> dict[str, int]:
    """The log as a file of judgements, which an inbox takes in again; evidence beside it.

    Returns
    -------
    Number of judgements.
    """
    log = with_evidence(outgoing.project, outgoing.judgements())
    out.write_bytes(write_annotations(log))
    return {"judgements": log.num_rows}


def write_parquet(outgoing: Outgoing, out: Path) -> dict[str, int]:
    """The same rows, with what stands about each pair beside them.

    Columns are those of the table `annotations`, then `verdict` and `contested` of the
    pair's row in `links`, null where a judgement is no more in force, or is of no pair; then
    what local evidence finds (see `evidence`).

    Returns
    -------
    Numbers of judgements and of judged pairs.
    """
    log, links = outgoing.judgements(), outgoing.read("links")
    standing = {(row["img1"], row["img2"]): row for row in links.to_pylist()}
    pairs = zip(log["img1"].to_pylist(), log["img2"].to_pylist(), strict=True)
    found = [standing.get(pair, {}) for pair in pairs]
    for name in ("verdict", "contested"):
        field = links.schema.field(name)
        log = log.append_column(field, pa.array([row.get(name) for row in found], field.type))
    pq.write_table(with_evidence(outgoing.project, log), out)
    return {"judgements": log.num_rows, "pairs": links.num_rows}
