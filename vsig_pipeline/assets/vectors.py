"""Pictures as vectors: one batch at a time, and which are in force."""

import pyarrow as pa

from vsig_core.executors import embedding
from vsig_core.registered import stored_model
from vsig_core.store import digest, schema
from vsig_core.vectors import embed_known, vector_column
from vsig_pipeline.assets.declare import computes
from vsig_pipeline.execution import Inputs, Outcome
from vsig_pipeline.state import State
from vsig_pipeline.steps import STEPS


@computes("torch")
def embeddings(inputs: Inputs) -> Outcome:
    """Describes each picture of a batch by numbers: alike for the network means close together.

    One unit vector for each picture, by the model in force. It is known by the picture's
    content and the model; none is computed twice, and a renamed file keeps its own.
    """
    model_id = inputs.state.champion
    assert model_id is not None  # without one this step has no key
    images = inputs.read(
        "images", columns=["uid", "sha256", "working"], where={"batch": inputs.batch}
    )
    found = embed_known(
        inputs.store,
        stored_model(inputs.store, model_id),
        images,
        inputs.settings.model.batch_size,
        embedding(inputs.settings),
        inputs.progress(f"embedding pictures with {model_id}"),
    )
    rows = pa.table(
        {
            "model_id": [model_id] * images.num_rows,
            "uid": images["uid"],
            "batch": [inputs.batch] * images.num_rows,
            "sha256": images["sha256"],
            "vector": vector_column(found.vectors),
        },
        schema=schema("embeddings"),
    )
    return Outcome({"embeddings": rows}, facts={"model": model_id, "images": images.num_rows})


@computes("python")
def vectors(inputs: Inputs) -> Outcome:
    """Says which descriptions all that follows works with, and that none is missing.

    Until every batch is described by a new network, the old one's descriptions stay in force:
    pictures of two networks are never compared with one another.
    """
    state: State = inputs.state
    done = state.embedded_batches()
    missing = [batch for batch, key in state.vector_keys.items() if done.get(batch) != key]
    if missing:
        table = inputs.store.read_or_empty("vectors")
        waiting = {"waiting for batches": len(missing)}
        return Outcome({"vectors": table}, facts=waiting, data_version=_vectors_digest(table))
    rows = []
    for batch, key in state.vector_keys.items():
        partition = f"model_id={state.champion},batch={batch}"
        commit = state.commits(STEPS["embeddings"], partition)[0]
        rows.append(
            {
                "batch": batch,
                "model_id": state.champion,
                "version": commit.version,
                "images": commit.provenance.facts["images"],
                "digest": key,
            }
        )
    table = pa.Table.from_pylist(rows, schema("vectors"))
    facts = {"model": state.champion, "images": sum(row["images"] for row in rows)}
    return Outcome({"vectors": table}, facts=facts, data_version=_vectors_digest(table))


def _vectors_digest(table: pa.Table) -> str:
    return digest(sorted(table["digest"].to_pylist()))
