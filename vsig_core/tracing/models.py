"""A model: what it learnt from, how it was judged, and what uses it."""

from typing import Any

from vsig_core.registered import model_row
from vsig_core.store import Commit, Store
from vsig_core.tracing.history import History, runs
from vsig_core.tracing.judgements import comes_from


def trace_model(store: Store, model_id: str) -> dict[str, Any]:
    """A model: what it was trained on, its figures, what uses it, and the versions behind it.

    Raises
    ------
    InputError
        There is no such model.
    """
    row = model_row(store, model_id)
    history = History(store)
    made = _made(history, model_id)
    tree = history.up(made)
    return {
        "model": row,
        "figures": [
            entry
            for entry in store.read_or_empty("evaluations").to_pylist()
            if entry["subject"] == model_id and entry["metric"] in ("map", "map_difference")
        ],
        "decisions": _decisions(history, model_id),
        "comes_from": comes_from(_learnt_from(store, history, row), [], runs(tree)),
        "leads_to": {
            "batches_embedded": _batches(history, model_id),
            "vectors_in_use": _share(store, "vectors", model_id),
            "pictures_clustered": _share(store, "clusters", model_id),
        },
        "lineage": tree,
        "descent": history.down("models", made.version),
    }


def _made(history: History, model_id: str) -> Commit:
    """The commit that brought it; what no training made was there from the first one on."""
    commits = history.commits("models")
    trained = [
        commit
        for commit in commits
        if commit.provenance.data_version == model_id
        and commit.provenance.step in ("candidate_model", "register")
    ]
    return (trained or commits)[-1]


def _decisions(history: History, model_id: str) -> list[dict[str, Any]]:
    """What the gate and people decided about it, the oldest first."""
    found = []
    for commit in reversed(history.commits("models")):
        facts = commit.provenance.facts
        about = {facts.get("candidate"), facts.get("champion")}
        if commit.provenance.step == "model" and model_id in about:
            said = {name: facts[name] for name in ("act", "by", "promoted", "why") if name in facts}
            found.append({"at": commit.at, "version": commit.version, **said})
    return found


def _learnt_from(store: Store, history: History, row: dict[str, Any]) -> list[dict[str, Any]]:
    """Judgements that were in the log when its triplets were mined, by file and person."""
    mined = next(
        (
            commit
            for commit in history.commits("triplets")
            if commit.provenance.data_version == row["trained_on"]
        ),
        None,
    )
    links = mined and history.at("links", mined.provenance.inputs.get("links", -1))
    if links is None:
        return []
    log = links.provenance.inputs.get("annotations", -1)
    commit = history.at("annotations", log)
    if commit is None or not commit.readable:
        return []
    return store.read("annotations", version=log, columns=["file", "annotator"]).to_pylist()


def _batches(history: History, model_id: str) -> int:
    """Batches of pictures that have its vectors."""
    mark = f"model_id={model_id},"
    partitions = {commit.provenance.partition for commit in history.commits("embeddings")}
    return sum(partition.startswith(mark) for partition in partitions)


def _share(store: Store, table: str, model_id: str) -> str:
    """How many rows of a table are of this model."""
    column = store.read_or_empty(table, columns=["model_id"])["model_id"].to_pylist()
    return f"{column.count(model_id)} of {len(column)}"
