"""A candidate that was ruined on purpose: the gate stops it, whoever starts it, and all goes on."""

import importlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
import torch
from small_project import make_project, materialise, run_quietly

from vsig_core.model import Trained, champion, load_network, train
from vsig_core.model.backbones import save_weights
from vsig_core.project import Project, open_project
from vsig_core.settings import ModelSettings

PACKAGED = """
[model]
resolution = 96

[training]
views = 2
epochs = 1
learning_rate = 1e-5
min_links = 4

[triplets]
hard_negatives = 2
random_negatives = 1

[evaluation]
bootstrap = 200
min_components = 1
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Project:
    """A project whose first round is done, with the second sitting in its inbox."""
    made = make_project(tmp_path_factory.mktemp("ruin") / "project", sample, PACKAGED)
    shutil.copy(sample / "annotations-1.csv", made.inbox.uri())
    run_quietly(made)
    shutil.copy(sample / "annotations-2.csv", made.inbox.uri())
    return made


def random_weights(settings: ModelSettings, trained: Trained) -> Trained:
    network = load_network(settings)
    torch.manual_seed(0)
    for parameter in network.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.05)
    return replace(trained, weights=save_weights(network))


def collapsed_weights(settings: ModelSettings, trained: Trained) -> Trained:
    """The last norm says the same of every picture."""
    network = load_network(settings)
    *_, last = (m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d))
    with torch.no_grad():
        last.weight.mul_(1e-3)
        last.bias.fill_(1.0)
    return replace(trained, weights=save_weights(network))


def swapped_labels(settings: ModelSettings, *arguments: object) -> Trained:
    """Really trained, on the wrong side of every judgement."""
    training, triplets, *rest = arguments
    assert isinstance(triplets, pa.Table)
    names = {"positive": "negative", "negative": "positive"}
    swapped = triplets.rename_columns([names.get(name, name) for name in triplets.column_names])
    wrong = training.model_copy(update={"learning_rate": 3e-3, "epochs": 3, "blend": 1.0})  # type: ignore[attr-defined]
    return train(settings, wrong, swapped, *rest)  # type: ignore[arg-type]


def ruined(spoil: Callable[..., Trained]) -> Callable[..., Trained]:
    def trained(settings: ModelSettings, *arguments: object) -> Trained:
        if spoil is swapped_labels:
            return spoil(settings, *arguments)
        return spoil(settings, train(settings, *arguments))  # type: ignore[arg-type]

    return trained


@pytest.mark.parametrize("alone", [False, True], ids=["in one run", "asset by asset"])
@pytest.mark.parametrize("spoil", [random_weights, collapsed_weights, swapped_labels])
def test_a_ruined_candidate_is_stopped_and_the_champion_goes_on(
    judged: Project,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[..., Trained],
    *,
    alone: bool,
):
    folder = tmp_path / "project"
    shutil.copytree(judged.folder, folder)
    project = open_project(folder)
    known = project.store.read("models")
    before = champion(known)
    step = importlib.import_module("vsig_pipeline.assets.model")  # its name is the asset's too
    monkeypatch.setattr(step, "train", ruined(spoil))
    if alone:
        for name in ("annotations", "morphograph", "triplets", "candidate_model", "evaluation"):
            assert materialise(project, name).success
        assert materialise(project, "model").success, "a rejection is a result"
    run_quietly(project)
    models = project.store.read("models").to_pylist()
    after = champion(project.store.read("models"))
    assert before is not None and after is not None
    assert after["model_id"] == before["model_id"]
    (fallen,) = [row for row in models if row["model_id"] not in known["model_id"].to_pylist()]
    assert fallen["status"] == "rejected" and fallen["reason"]
    load_network(project.settings.model, project.store.objects.get(fallen["weights"]))
    assert set(project.store.read("clusters")["model_id"].to_pylist()) == {before["model_id"]}
    assert project.store.read("links").num_rows > judged.store.read("links").num_rows
