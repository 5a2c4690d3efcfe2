"""Pictures: one batch at a time, and what the corpus is now."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.compute as pc

from vsig_core.corpus import read_batch
from vsig_core.store import digest, schema
from vsig_pipeline.assets.declare import computes
from vsig_pipeline.execution import Inputs, Outcome
from vsig_pipeline.steps import STEPS


@computes("python", "pillow")
def images(inputs: Inputs) -> Outcome:
    """Reads the pictures of one batch: a thumbnail, a working copy and the catalogue's words.

    A file whose content is still that of its row is not decoded again. One that cannot be read
    becomes a row of `rejected_images` with its reason.
    """
    planned = inputs.read("batches")
    planned = planned.filter(pc.field("batch") == inputs.batch)
    settings = inputs.settings.images
    started = time.monotonic()
    # Pillow decodes outside the interpreter's lock, so threads keep all cores busy.
    with ThreadPoolExecutor(inputs.settings.run.workers or os.cpu_count()) as executor:
        batch = read_batch(
            planned,
            _same_settings(inputs),
            inputs.store.objects,
            settings,
            executor,
            inputs.progress(f"reading pictures of {inputs.batch}"),
        )
    return Outcome(
        tables={"rejected_images": batch.rejected, "images": batch.images},
        added={"contents": _new_contents(inputs, batch.images)},
        facts={
            "images": batch.images.num_rows,
            "rejected": batch.rejected.num_rows,
            "decoded": batch.decoded,
            "contents": digest(batch.images.select(["uid", "sha256"]).to_pylist()),
            "seconds": round(time.monotonic() - started, 1),
        },
        data_version=batch.digest,
    )


def _same_settings(inputs: Inputs) -> pa.Table:
    """The batch's pictures as they stand, where they were made by the settings of now."""
    before = inputs.state.latest(inputs.step, f"batch={inputs.batch}")
    if before is None or before.params != inputs.state.params(inputs.step):
        return schema("images").empty_table()
    return inputs.read("images", where={"batch": inputs.batch})


def _new_contents(inputs: Inputs, images: pa.Table) -> pa.Table:
    """Contents that the batch did not have: a judgement of one outlives the file's replacement."""
    before = inputs.read("images", columns=["sha256"], where={"batch": inputs.batch})
    known = set(before["sha256"].to_pylist())
    new = pa.array([sha256 not in known for sha256 in images["sha256"].to_pylist()], pa.bool_())
    return images.select(schema("contents").names).filter(new)


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
