import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsig_core.errors import InputError
from vsig_core.model import champion, promote, register, reject
from vsig_core.store.schema import empty


def statuses(models):
    return dict(zip(models["model_id"].to_pylist(), models["status"].to_pylist(), strict=True))


def two():
    models = register(empty("models"), {"model_id": "m-1", "origin": "pretrained"})
    return register(models, {"model_id": "m-2", "origin": "trained"})


def test_the_first_model_is_the_champion_and_the_next_a_candidate():
    assert statuses(two()) == {"m-1": "champion", "m-2": "candidate"}


def test_promotion_retires_the_champion():
    models = promote(two(), "m-2", "not worse")
    assert statuses(models) == {"m-1": "retired", "m-2": "champion"}
    assert champion(models)["reason"] == "not worse"  # type: ignore[index]


def test_a_retired_model_can_come_back():
    models = promote(promote(two(), "m-2", "better"), "m-1", "rolled back")
    assert statuses(models) == {"m-1": "champion", "m-2": "retired"}


def test_a_rejection_leaves_the_champion():
    assert statuses(reject(two(), "m-2", "worse")) == {"m-1": "champion", "m-2": "rejected"}


def test_registering_again_changes_nothing():
    models = promote(two(), "m-2", "better")
    assert register(models, {"model_id": "m-2"}).equals(models)


@given(st.lists(st.tuples(st.sampled_from(["register", "promote", "reject"]), st.integers(0, 4))))
def test_there_is_exactly_one_champion_at_all_times(acts):
    models = register(empty("models"), {"model_id": "m-0"})
    for act, number in acts:
        name = f"m-{number}"
        try:
            if act == "register":
                models = register(models, {"model_id": name})
            else:
                models = (promote if act == "promote" else reject)(models, name, "because")
        except InputError:
            continue
        assert models["status"].to_pylist().count("champion") == 1


def test_an_empty_registry_has_no_champion():
    assert champion(empty("models")) is None


@pytest.mark.parametrize("act", [promote, reject])
def test_an_unknown_model_is_refused_and_the_known_ones_named(act):
    with pytest.raises(InputError, match="Known: m-1, m-2"):
        act(two(), "m-9", "")


def test_the_champion_cannot_be_rejected():
    with pytest.raises(InputError, match="promote another"):
        reject(two(), "m-1", "")


def test_unknown_columns_are_refused():
    with pytest.raises(InputError, match="wieghts"):
        register(empty("models"), {"model_id": "m-1", "wieghts": "x"})


def test_metrics_gate_and_registry_come_without_torch():
    code = (
        "import sys; from vsig_core.model import retrieval_metrics, decide, register, grey16; "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
