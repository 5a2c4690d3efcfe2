"""The network: a candidate, its evaluation, and the gate."""

import json
import shutil
from typing import Any

import numpy as np
import pyarrow as pa

from vsig_core.current import champion_id, current_images
from vsig_core.errors import StoreError
from vsig_core.evaluation import REJECTED_APART, Contest, Evaluation, counts, score
from vsig_core.model import (
    COLOURS,
    GREY16,
    Collapse,
    Folders,
    Paired,
    Pictures,
    champion,
    decide,
    known,
    promote,
    register,
    reject,
    train,
)
from vsig_core.promotion import taken_out_by_hand
from vsig_core.queries import judged_now
from vsig_core.registered import register_pretrained
from vsig_core.review import MOST_BYTES, Bar, draw_worst, plot_retrieval, plot_training
from vsig_core.settings import ModelSettings, TrainingSettings
from vsig_pipeline.assets.declare import computes
from vsig_pipeline.execution import Inputs, Outcome

NONE = "none"
# Shown in Dagster; all falls are in `fallen_links`, and `vsig evaluate --worst` shows more.
_DEEPEST, _WORST = 10, 4


@computes("torch")
def candidate_model(inputs: Inputs) -> Outcome:
    """Teaches a network what people judged, always beginning from the pretrained one.

    It learns to see confirmed pairs nearer together than pairs that are not. What was
    retracted is therefore not kept by it. With too few links nothing is trained, and the step
    says why.
    """
    pretrained = register_pretrained(
        inputs.store, inputs.settings.model, inputs.provenance(Outcome())
    )
    if known := _trained_before(inputs):
        return _candidate(inputs, known, {"why": "trained before on the same triplets"})
    links = _training_links(inputs)
    least = inputs.settings.training.min_links
    if links < least:
        why = (
            f"{links} positive links in the training split with a picture that may be held against "
            f"them, {least} are needed ([training] min_links)"
        )
        in_force = champion(inputs.read("models"))
        replaces = (
            in_force is not None
            and in_force["origin"] == "pretrained"
            and in_force["model_id"] != pretrained
        )
        return _candidate(inputs, pretrained if replaces else None, {"why": f"not trained: {why}"})
    return _train(inputs)


def _trained_before(inputs: Inputs) -> str | None:
    """The candidate of an earlier run with the same key."""
    registered = inputs.read("models")["model_id"].to_pylist()
    for commit in inputs.state.commits(inputs.step):
        if commit.provenance.key == inputs.key and commit.provenance.data_version in registered:
            return commit.provenance.data_version
    return None


def _training_links(inputs: Inputs) -> int:
    triplets = inputs.read("triplets", columns=["anchor", "positive", "split"])
    pairs = {
        frozenset((row["anchor"], row["positive"]))
        for row in triplets.to_pylist()
        if row["split"] == "train"
    }
    return len(pairs)


def _candidate(inputs: Inputs, model_id: str | None, facts: dict[str, Any]) -> Outcome:
    """The registry as it stands, with a candidate or none."""
    return Outcome(
        tables={"models": inputs.read("models")},
        facts={"candidate": model_id or NONE, **facts},
        data_version=model_id or NONE,
    )


def _train(inputs: Inputs) -> Outcome:
    from vsig_core.model import model_id

    model, training = inputs.settings.model, inputs.settings.training
    images = current_images(inputs.store, ["uid", "working"])
    copies = dict(zip(images["uid"].to_pylist(), images["working"].to_pylist(), strict=True))
    checkpoints = inputs.project.work / "training"
    for older in set(checkpoints.glob("*")) - {checkpoints / inputs.key}:
        shutil.rmtree(older)  # of a training that was broken off and is not wanted any more
    folders = Folders(checkpoints / inputs.key, inputs.project.work / "trunk")
    trained = train(
        model,
        training,
        inputs.read("triplets"),
        Pictures(copies, inputs.store.objects.get),
        folders,
        inputs.progress("training"),
        lambda epoch: inputs.log(f"training: {epoch}"),
    )
    name = model_id(model, trained.weights)
    row = {
        "model_id": name,
        "weights": inputs.store.objects.put("models", trained.weights, "safetensors"),
        "settings": _settings_json(model, training),
        "metrics": json.dumps({"curve": trained.curve, "seconds": trained.seconds}),
        "trained_on": inputs.state.data_version("triplets"),
        "origin": "trained",
    }
    return Outcome(
        tables={"models": register(inputs.read("models"), row)},
        facts={"candidate": name, "seconds": round(trained.seconds, 1), "curve": trained.curve},
        data_version=name,
        plots={"training curve": plot_training(trained.curve)},
        after=lambda: shutil.rmtree(folders.checkpoints),
    )


def _settings_json(model: ModelSettings, training: TrainingSettings) -> str:
    return json.dumps(
        {"model": model.model_dump(), "training": training.model_dump()}, sort_keys=True
    )


@computes("numpy")
def evaluation(inputs: Inputs) -> Outcome:
    """Examines each network: how early does it find pictures that share a signature?

    Asked about signatures that are put aside to validate and test; the gate leaves out those of
    which a champion learnt a part before they grew together. Candidate, champion, the
    pretrained network and two ways without any (grey thumbnail, colour histogram) answer the
    same queries over the same pool.
    """
    in_force = champion_id(inputs.store)
    candidate = inputs.state.data_version("candidate_model")
    provenance = inputs.provenance(Outcome())
    pretrained = register_pretrained(inputs.store, inputs.settings.model, provenance)
    asked = in_force if candidate == NONE else candidate
    contest = Contest([asked, in_force, pretrained], asked, in_force if asked != in_force else None)
    judged = judged_now(inputs.store, inputs.settings.annotations.same_work)
    found = score(inputs.project, contest, judged, provenance, inputs.progress)
    return Outcome(
        tables={
            "fallen_links": _merged_links(inputs.read("fallen_links"), found.fallen, asked),
            "evaluations": _merged(inputs.read("evaluations"), found.rows),
        },
        facts=_headline(found, asked, in_force, pretrained) | _fallen(found.fallen),
        plots={
            "retrieval": plot_retrieval(_bars(found, pretrained, in_force, asked)),
            **_worst(found),
        },
    )


def _merged(before: pa.Table, rows: pa.Table) -> pa.Table:
    """An evaluation that is made again replaces its own rows, also those it has no more."""
    key = ["model_id", "links_version"]
    new = {tuple(row[name] for name in key) for row in rows.to_pylist()}
    kept = [tuple(row[name] for name in key) not in new for row in before.to_pylist()]
    return pa.concat_tables([before.filter(pa.array(kept, pa.bool_())), rows])


def _worst(found: Evaluation) -> dict[str, bytes]:
    """The contact sheet of what got worse, as large as the log may hold."""
    worst = found.worst[:_WORST]
    if not worst:
        return {}
    sheet = b""
    for side in (112, 88, 64, 48):
        sheet = draw_worst(worst, found.thumbs, side, "webp")
        if len(sheet) <= MOST_BYTES:
            break
    return {"queries that got worse": sheet}


def _merged_links(before: pa.Table, rows: pa.Table, candidate: str) -> pa.Table:
    """Those of other candidates stay."""
    others = [name != candidate for name in before["model_id"].to_pylist()]
    return pa.concat_tables([before.filter(pa.array(others, pa.bool_())), rows])


def _fallen(links: pa.Table) -> dict[str, Any]:
    """How many confirmed links rank lower than before, and the deepest falls."""
    deepest = [
        f"{row['img1']} · {row['img2']}: {row['rank_before']:g} → {row['rank']:g}"
        for row in links.slice(0, _DEEPEST).to_pylist()
    ]
    return {"confirmed links that fell": links.num_rows, "deepest falls": deepest}


def _headline(found: Evaluation, candidate: str, in_force: str, pretrained: str) -> dict[str, Any]:
    """Test and validation mAP of each subject, with its interval."""
    named = {"candidate": candidate, "champion": in_force, "pretrained": pretrained}
    named |= {name: name for name in (GREY16, COLOURS)}
    facts: dict[str, Any] = {
        f"{split} pool": counts(found.reports[candidate, split]) for split in ("val", "test")
    }
    for label, subject in named.items():
        for split in ("val", "test"):
            figure = found.reports[subject, split].figures["map"]
            if not np.isnan(figure.value):
                facts[f"{split} mAP {label}"] = {
                    "value": round(figure.value, 4),
                    "interval": [
                        known(round(figure.ci_low, 4)),
                        known(round(figure.ci_high, 4)),
                    ],
                    "components": figure.n,
                }
    return facts


def _bars(found: Evaluation, pretrained: str, in_force: str, asked: str) -> list[Bar]:
    """Test mAP of each subject once, those without a network first."""
    labels = {COLOURS: "colour histogram", GREY16: "grey thumbnail", pretrained: "pretrained"}
    labels[in_force] = labels.get(in_force, "in force")
    labels[asked] = labels.get(asked, "candidate")
    figures = {subject: found.reports[subject, "test"].figures["map"] for subject in labels}
    return [
        Bar(label, figures[subject].value, figures[subject].ci_low, figures[subject].ci_high)
        for subject, label in labels.items()
    ]


@computes("python")
def model(inputs: Inputs) -> Outcome:
    """The gate: the candidate takes over only if it is not worse on links it never saw.

    A rejection is a result, not a failure: the run succeeds and everything after it goes on
    with the model in force.
    """
    models = inputs.read("models")
    candidate = inputs.state.data_version("candidate_model")
    in_force = champion(models)
    assert in_force is not None
    if why := _no_contest(inputs, candidate, in_force["model_id"]):
        return _in_force(models, {"why": why})
    figures = _figures(inputs.read("evaluations"), candidate)
    decision = decide(
        _paired(figures, "map_difference", "val"),
        _collapse(figures),
        inputs.settings.evaluation,
        _paired(figures, REJECTED_APART, "pool"),
    )
    change = promote if decision.promote else reject
    return _in_force(
        change(models, candidate, decision.reason),
        {"candidate": candidate, "promoted": decision.promote, "why": decision.reason},
    )


def _no_contest(inputs: Inputs, candidate: str, in_force: str) -> str | None:
    """Why there is nothing to decide."""
    if candidate == NONE:
        return "no candidate"
    if candidate == in_force:
        return "the candidate is in force already"
    fall = taken_out_by_hand(inputs.store.commits("models"), candidate)
    return fall and (
        f"{candidate} was taken out of force by {fall.by} ({fall.reason or 'no reason given'}); "
        f"'vsig model promote {candidate}' brings it back"
    )


def _in_force(models: pa.Table, facts: dict[str, Any]) -> Outcome:
    """The registry, with the champion as data version: a rejection leaves what is below fresh."""
    row = champion(models)
    assert row is not None
    return Outcome(
        {"models": models},
        facts={"champion": row["model_id"], **facts},
        data_version=row["model_id"],
    )


_Figures = dict[tuple[str, str], dict[str, Any]]


def _figures(rows: pa.Table, candidate: str) -> _Figures:
    """(metric, split) to the row of a candidate's newest evaluation: an older one knew other links.

    Raises
    ------
    StoreError
        It has not been evaluated.
    """
    own = [row for row in rows.to_pylist() if row["model_id"] == row["subject"] == candidate]
    if not own:
        raise StoreError(
            f"{candidate} has not been evaluated, so nothing can be decided: bring 'evaluation' "
            "up to date first ('vsig run' does)."
        )
    newest = max(row["links_version"] for row in own)
    return {(row["metric"], row["split"]): row for row in own if row["links_version"] == newest}


def _paired(figures: _Figures, metric: str, split: str) -> Paired | None:
    row = figures.get((metric, split))
    if row is None:
        return None
    low, high = (np.nan if row[end] is None else row[end] for end in ("ci_low", "ci_high"))
    return Paired(row["value"], low, high, row["n"])


def _collapse(figures: _Figures) -> Collapse:
    cosine, rank = figures["mean_cosine", "pool"], figures["effective_rank", "pool"]
    absent = float("nan")
    return Collapse(
        absent if cosine["value"] is None else cosine["value"],
        absent if rank["value"] is None else rank["value"],
        cosine["n"],
    )
