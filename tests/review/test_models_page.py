"""Which model is in force, decided in the app: asked once more, recorded with a name, undone."""

from collections.abc import Callable

import pytest
from conftest import Browser

from vsig_core.model import champion, promote, register, reject
from vsig_core.project import Project
from vsig_core.promotion import reigns
from vsig_core.store import Provenance, empty


@pytest.fixture(autouse=True)
def models(project: Project) -> None:
    """Model m-a, pretrained; m-b that the gate took; m-c that it turned down."""
    store, rows = project.store, empty("models")
    for name in ("m-a", "m-b", "m-c"):
        weights = store.objects.put("models", name.encode(), "safetensors")
        rows = register(rows, {"model_id": name, "weights": weights, "origin": "trained"})
        step = "register" if name == "m-a" else "candidate_model"
        store.write("models", rows, Provenance(step, key=name, data_version=name))
        if name != "m-a":
            rows = (promote if name == "m-b" else reject)(rows, name, "by the gate")
            gate = Provenance("model", key=f"gate {name}", data_version="m-b")
            store.write("models", rows, gate)


def in_force(project: Project) -> str:
    row = champion(project.store.read("models"))
    assert row is not None
    return row["model_id"]


def decide(browser: Browser, **form: str):
    return browser.post("/learn/model", data={"csrf": browser.token(), **form})


def test_a_rejected_model_is_put_in_force_after_a_question_and_taken_back(
    anna: Browser, project: Project
):
    page = anna.get("/learn").text
    assert "<b>m-b</b> since" in page and "Go back to m-a" in page
    assert 'href="/learn/model?id=m-c"' in page and 'href="/learn/model?id=m-b"' not in page
    asked = anna.get("/learn/model?id=m-c").text
    assert "Put m-c in force?" in asked and "the place of m-b" in asked
    assert in_force(project) == "m-b", "asking changes nothing"
    reason = "it finds <b>the hands</b>"
    told = decide(anna, id="m-c", instead="m-b", reason=reason)
    assert told.status_code == 200 and told.url.path == "/learn"
    assert in_force(project) == "m-c"
    assert "promoted by hand (Anna)" in told.text and "it finds &lt;b&gt;the hands" in told.text
    change = reigns(project.store.commits("models"))[-1]
    assert (change.model_id, change.replaced, change.by) == ("m-c", "m-b", "Anna")
    assert change.reason == reason
    assert "Go back to m-b?" in anna.get("/learn/model?back=1").text
    back = decide(anna, id="m-b", instead="m-c", back="1")
    assert in_force(project) == "m-b" and "rolled back by hand (Anna)" in back.text


def test_a_second_click_and_a_page_that_is_out_of_date_change_nothing(
    open_browser: Callable[..., Browser], project: Project
):
    anna, luca = open_browser("Anna"), open_browser("Luca")
    decide(anna, id="m-c", instead="m-b")
    version = project.store.version("models")
    assert decide(anna, id="m-c", instead="m-b").status_code == 200
    late = decide(luca, id="m-a", instead="m-b")
    assert late.status_code == 400 and "Meanwhile m-c is in force" in late.text
    assert project.store.version("models") == version


@pytest.mark.parametrize("query", ["id=m-b", "id=m-x", "id=", "", "id=%3Cscript%3E"])
def test_what_cannot_be_put_in_force_is_said(anna: Browser, query: str):
    answer = anna.get(f"/learn/model?{query}")
    assert answer.status_code == 400 and "cannot be put in force" in answer.text


def test_a_model_without_its_weights_is_not_offered_and_not_taken(anna: Browser, project: Project):
    (row,) = [r for r in project.store.read("models").to_pylist() if r["model_id"] == "m-c"]
    project.store.files.remove(f"objects/{row['weights']}")
    assert "id=m-c" not in anna.get("/learn").text
    refused = decide(anna, id="m-c", instead="m-b")
    assert refused.status_code == 503 and "weights" in refused.text
    assert in_force(project) == "m-b"
