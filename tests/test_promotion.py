"""Decisions by hand about which model is in force."""

import json

import pyarrow as pa
import pytest

from vsig_core.errors import ConflictError, InputError, StoreError
from vsig_core.model import champion, promote, register, reject
from vsig_core.promotion import (
    Request,
    listed,
    promote_by_hand,
    reigns,
    roll_back,
    succession,
    taken_out_by_hand,
)
from vsig_core.store import Provenance, Store, empty, schema
from vsig_core.upkeep import plan_renaming, rename_annotator

ANNA = Request("Anna", "it finds the hands")


@pytest.fixture
def store(tmp_path) -> Store:
    """Model a, pretrained; b that the gate took; c that it turned down."""
    made = Store(str(tmp_path))
    models = empty("models")
    for name in "abc":
        weights = made.objects.put("models", name.encode(), "safetensors")
        models = register(models, {"model_id": name, "weights": weights, "origin": "trained"})
        step = "register" if name == "a" else "candidate_model"
        made.write("models", models, Provenance(step, key=name, data_version=name))
        if name != "a":
            change = promote if name == "b" else reject
            models = change(models, name, "by the gate")
            gate = Provenance(
                "model", key=f"gate {name}", data_version="b", facts={"why": "not worse"}
            )
            made.write("models", models, gate)
    return made


def in_force(store: Store) -> str:
    models = store.read("models")
    assert models["status"].to_pylist().count("champion") == 1
    return champion(models)["model_id"]  # type: ignore[index]


def test_a_rejected_model_takes_over_by_hand_and_who_when_and_why_are_kept(store: Store):
    change = promote_by_hand(store, "c", ANNA)
    assert in_force(store) == "c"
    assert change is not None and (change.replaced, change.by) == ("b", "Anna")
    assert reigns(store.commits("models"))[-1] == change
    (row,) = [row for row in store.read("models").to_pylist() if row["model_id"] == "c"]
    assert "Anna" in row["reason"] and "it finds the hands" in row["reason"]
    assert [entry.model_id for entry in listed(store)] == ["a", "b", "c"]


def test_the_gates_work_stays_known_so_that_it_does_not_decide_against_a_person(store: Store):
    gate = store.commits("models")[0].provenance
    promote_by_hand(store, "c", ANNA)
    newest = store.commits("models")[0].provenance
    assert (newest.step, newest.key, newest.data_version) == ("model", gate.key, "c")


def test_two_rollbacks_go_back_two_steps_and_not_forth_again(store: Store):
    promote_by_hand(store, "c", ANNA)
    roll_back(store, ANNA)
    assert in_force(store) == "b"
    roll_back(store, ANNA)
    assert in_force(store) == "a"
    with pytest.raises(InputError, match="nothing to roll back to"):
        roll_back(store, ANNA)


def test_a_rollback_may_name_a_model_further_back(store: Store):
    promote_by_hand(store, "c", ANNA)
    roll_back(store, ANNA, "a")
    assert in_force(store) == "a"
    assert succession(reigns(store.commits("models"))) == ["a"]


def test_a_rollback_to_a_model_that_never_ruled_is_refused_and_says_what_can_be_done(store: Store):
    with pytest.raises(InputError, match=r"latest first: a\..*vsig model promote c"):
        roll_back(store, ANNA, "c")
    with pytest.raises(InputError, match="Known: a, b, c"):
        roll_back(store, ANNA, "d")
    assert in_force(store) == "b"


def test_what_is_in_force_already_is_left_alone(store: Store):
    before = store.version("models")
    assert promote_by_hand(store, "b", ANNA) is None
    assert store.version("models") == before


def test_a_model_whose_weights_are_gone_is_refused(store: Store):
    models = store.read("models").to_pylist()
    rows = [{**row, "weights": "models/gone.safetensors"} for row in models]
    store.write("models", pa.Table.from_pylist(rows, schema("models")), Provenance("test"))
    with pytest.raises(StoreError, match=r"gone\.safetensors.*backup"):
        promote_by_hand(store, "c", ANNA)
    assert in_force(store) == "b"


def test_a_person_who_comes_second_is_told(store: Store, monkeypatch: pytest.MonkeyPatch):
    behind = store.commits("models")
    promote_by_hand(store, "c", ANNA)
    monkeypatch.setattr(store, "commits", lambda _name: behind)
    with pytest.raises(ConflictError, match="try again"):
        promote_by_hand(store, "a", Request("Luca"))
    assert in_force(store) == "c"


def test_only_what_a_person_took_out_of_force_stays_out(store: Store):
    assert taken_out_by_hand(store.commits("models"), "a") is None  # the gate replaced it
    roll_back(store, ANNA)
    fall = taken_out_by_hand(store.commits("models"), "b")
    assert fall is not None and fall.by == "Anna"
    promote_by_hand(store, "b", ANNA)
    assert taken_out_by_hand(store.commits("models"), "c") is None


def test_a_purge_of_a_person_takes_the_name_out_of_decisions_too(store: Store, tmp_path):
    from vsig_core.store import open_files

    inbox = open_files(str(tmp_path / "inbox"))
    inbox.make()
    promote_by_hand(store, "c", ANNA)
    plan = plan_renaming(store, "Anna", inbox)
    rename_annotator(store, plan)
    assert in_force(store) == "c"
    changes = reigns(store.commits("models"))
    assert [change.by for change in changes] == ["", "", plan.pseudonym]
    kept = json.dumps([row["reason"] for row in store.read("models").to_pylist()])
    assert "Anna" not in kept and plan.pseudonym in kept
