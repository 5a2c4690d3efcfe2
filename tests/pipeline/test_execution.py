"""How a step is carried out where something comes between: a failure, a crash, another commit."""

from importlib import import_module

import pytest
from small_project import edit_settings, materialise

from vsig_core.errors import TrainingError
from vsig_core.project import Project
from vsig_pipeline.state import State
from vsig_pipeline.steps import STEPS


def test_a_training_that_failed_after_a_change_of_backbone_is_computed_again(
    grown: Project, monkeypatch: pytest.MonkeyPatch
):
    project = edit_settings(
        grown,
        ('backbone = "resnet18"', 'backbone = "resnet34"'),
        ("min_links = 4", "min_links = 1000"),
    )

    def dies(_: object) -> int:
        raise TrainingError("the loss is not a number")

    with monkeypatch.context() as broken:
        broken.setattr(import_module("vsig_pipeline.assets.model"), "_training_links", dies)
        assert not materialise(project, "candidate_model").success
    assert materialise(project, "candidate_model").success
    facts = State(project).commits(STEPS["candidate_model"])[0].provenance.facts
    assert "not trained" in facts["why"]
    made = State(project).data_version("candidate_model")
    assert made in {"none", *project.store.read("models")["model_id"].to_pylist()}
