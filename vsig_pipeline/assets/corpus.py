"""Pictures: one batch at a time, and what the corpus is now."""

import time

import pyarrow as pa
import pyarrow.compute as pc

from vsig_core.annotations import nearly_same
from vsig_core.corpus import present, read_batch, replacements
from vsig_core.executors import decoding
from vsig_core.store import digest, schema
from vsig_pipeline.assets.declare import computes
from vsig_pipeline.execution import Inputs, Outcome
from vsig_pipeline.listing import require_sources
from vsig_pipeline.readings import known_pictures, unchanged_files
from vsig_pipeline.steps import STEPS
from vsig_pipeline.upcoming import next_batch


@computes("python", "pillow")
def images(inputs: Inputs) -> Outcome:
    """Reads the pictures of one batch: a thumbnail, a working copy and the catalogue's words.

    A file that is still listed as it was read is not opened, one whose content is known not
    decoded again. One that cannot be read becomes a row of `rejected_images` with its reason.
    """
    started = time.monotonic()
    planned = present(inputs.read("batches", among={"batch": [inputs.batch]}))
    known = known_pictures(inputs, planned)
    batch = read_batch(
        planned,
        known,
        inputs.store.objects,
        inputs.settings.images,
        decoding(inputs.settings),
        inputs.progress(f"reading pictures of {inputs.batch}"),
        unchanged=unchanged_files(inputs, planned),
        decode_again=inputs.state.read_as_now(inputs.batch) is None,
        taken_down=inputs.state.taken_down,
        web=inputs.project.web,
        following=next_batch(inputs),
    )
    missing = set(batch.rejected.filter(pc.field("reason") == "missing")["uid"].to_pylist())
    require_sources(
        inputs.project, [row["source"] for row in planned.to_pylist() if row["uid"] in missing]
    )
    return Outcome(
        tables={"rejected_images": batch.rejected, "images": batch.images},
        added={
            "contents": _new_contents(inputs, batch.images),
            "replaced_images": _replaced(inputs, known, batch.images),
        },
        facts={
            "images": batch.images.num_rows,
            "rejected": batch.rejected.num_rows,
            "decoded": batch.decoded,
            "contents": digest(batch.images.select(["uid", "sha256"]).to_pylist()),
            "seconds": round(time.monotonic() - started, 1),
        },
        data_version=batch.digest,
    )


def _new_contents(inputs: Inputs, images: pa.Table) -> pa.Table:
    """Contents that no picture had before: they outlast the rows of `images` they come from."""
    phashes = dict(zip(images["sha256"].to_pylist(), images["phash"].to_pylist(), strict=True))
    among = {"sha256": list(phashes)}
    known = inputs.store.read_or_empty("contents", columns=["sha256"], among=among)
    missing = sorted(phashes.keys() - set(known["sha256"].to_pylist()))
    new = [{"sha256": sha256, "phash": phashes[sha256]} for sha256 in missing]
    return pa.Table.from_pylist(new, schema("contents"))


def _replaced(inputs: Inputs, known: pa.Table, images: pa.Table) -> pa.Table:
    """Pictures that show something else than when they were read last; each said once."""
    seen = inputs.store.read_or_empty("replaced_images", columns=["uid", "after"]).to_pylist()
    told = {row["uid"]: row["after"] for row in seen}
    hashes = [*known["sha256"].to_pylist(), *images["sha256"].to_pylist()]
    phashes = [*known["phash"].to_pylist(), *images["phash"].to_pylist()]
    looks_same = nearly_same(dict(zip(hashes, phashes, strict=True)))
    rows = [
        row
        for row in replacements(known, images, looks_same)
        if told.get(row["uid"]) != row["after"]
    ]
    return pa.Table.from_pylist(rows, schema("replaced_images"))


@computes("python")
def corpus(inputs: Inputs) -> Outcome:
    """What the corpus is now: which version holds the pictures of each batch."""
    rows = []
    for batch in inputs.state.read_batches():
        commit = inputs.state.commits(STEPS["images"], f"batch={batch}")[0]
        rows.append(
            {
                "batch": batch,
                "version": commit.version,
                "planned": commit.provenance.key,
                "images": commit.provenance.facts["images"],
                "rejected": commit.provenance.facts["rejected"],
                "digest": commit.provenance.data_version,
                "contents": commit.provenance.facts["contents"],
            }
        )
    return Outcome(
        tables={"corpus": pa.Table.from_pylist(rows, schema("corpus"))},
        facts={
            "batches": len(rows),
            "images": sum(row["images"] for row in rows),
            "rejected": sum(row["rejected"] for row in rows),
        },
        data_version=digest([[row["batch"], row["digest"]] for row in rows]),
    )
