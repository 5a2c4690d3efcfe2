"""Conflicts, morphograph, find, learn and people: what the pages say, also of bad input."""

import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
from conftest import Browser
from judging_project import ALONE, HOSTILE, MANY, PAIR, SEVEN, THREE, take_the_inbox, write_rows
from PIL import Image

from vsig_core.annotations import conflict_id
from vsig_core.project import Project, init_project
from vsig_core.review.app import create_app
from vsig_core.review.app.pages import find, people
from vsig_core.review.learn_requests import asked_to_learn
from vsig_core.review.looking import Seen
from vsig_core.store import Provenance, schema

NOW = datetime(2026, 3, 2, tzinfo=UTC)
PAGES = (
    "/conflicts",
    "/conflicts?settled=1",
    "/morphograph",
    "/find",
    "/learn",
    "/people",
    "/second",
)


@pytest.mark.parametrize("page", PAGES)
def test_a_project_that_was_never_run_has_pages_without_a_fault(page: str, tmp_path: Path):
    empty = create_app(init_project(tmp_path / "empty"))
    with Browser(empty, base_url="http://127.0.0.1", raise_server_exceptions=False) as browser:
        browser.say_name("Anna")
        assert browser.get(page).status_code == 200


def test_a_triangle_is_shown_with_all_judgements_names_and_days(
    open_browser: Callable[..., Browser],
):
    """A = B by Anna, B = C by Luca, A ≠ C by Mia."""
    a, b, c = THREE
    anna = open_browser("Anna")
    assert anna.judge(1, "same", ticked=[a, b]).status_code == 200
    assert "fits together" in anna.get("/conflicts").text
    open_browser("Luca").judge(2, "same", ticked=[b, c])
    mia = open_browser("Mia")
    mia.judge(3, "not_same", ticked=[a, c])
    page = mia.get("/conflicts").text
    today = f"{datetime.now(UTC):%B %Y}"
    assert "1 contradiction open" in page
    assert "Kept apart by one judgement, joined by others" in page
    for name in ("Anna", "Luca", "Mia"):
        assert f"{name}, <time>" in page
    assert today in page


def test_a_settlement_ends_a_conflict_and_undo_opens_it_again(open_browser: Callable[..., Browser]):
    anna = open_browser("Anna")
    anna.judge(1, "same", ticked=PAIR)
    luca = open_browser("Luca")
    luca.judge(2, "not_same", ticked=PAIR)
    target = conflict_id((PAIR[0], PAIR[1]))
    assert "Judged differently" in luca.get("/conflicts").text
    assert luca.judge(3, "settle", target=target, note="POSITIVE").status_code == 200
    assert "Judged differently" not in luca.get("/conflicts").text
    settled = luca.get("/conflicts?settled=1").text
    assert "Settled as “same signature” by Luca" in settled
    assert luca.judge(4, "undo", target=f"a-{3:032x}").status_code == 200
    assert "Judged differently" in luca.get("/conflicts").text


def test_a_conflict_can_be_left_open_and_settled_later(open_browser: Callable[..., Browser]):
    anna = open_browser("Anna")
    anna.judge(1, "same", ticked=PAIR)
    luca = open_browser("Luca")
    luca.judge(2, "not_same", ticked=PAIR)
    target = conflict_id((PAIR[0], PAIR[1]))
    luca.judge(3, "settle", target=target, note="LEAVE")
    left = luca.get("/conflicts?settled=1").text
    assert "Left open by Luca" in left
    assert 'data-outcome="NEGATIVE"' in left
    luca.judge(4, "settle", target=target, note="NEGATIVE")
    assert "Settled as “not the same signature” by Luca" in luca.get("/conflicts?settled=1").text


def test_the_morphograph_shows_what_a_run_has_taken_in(
    open_browser: Callable[..., Browser], project: Project
):
    anna = open_browser()
    assert "Nothing is confirmed yet" in anna.get("/morphograph").text
    anna.judge(1, "same", ticked=SEVEN[:4], motif="the raised hand")
    take_the_inbox(project)
    anna = open_browser()
    listed = anna.get("/morphograph").text
    assert "the raised hand" in listed and "4 works" in listed
    component = project.store.read("components")["component"][0].as_py()
    page = anna.get(f"/morphograph/{component}").text
    assert page.count('class="edge same"') == 6
    assert "Time line of 4 works" in page
    assert "coordinates" in page, "no picture has any"
    assert HOSTILE not in page and "&lt;script&gt;" in page


@pytest.mark.parametrize(
    "page", ["/morphograph/nope", "/near?uid=nope", "/near", "/found?key=nope", "/brought?key=x"]
)
def test_what_is_not_there_is_a_clear_page(anna: Browser, page: str):
    answer = anna.get(page)
    assert answer.status_code == 404
    assert "Traceback" not in answer.text and "<h1>" in answer.text


@pytest.mark.parametrize("page", ["-1", "x", "999999999999", "1e9", "٣"])
def test_a_page_number_that_means_nothing_shows_a_page(anna: Browser, page: str):
    for place in ("/find?q=title&", "/morphograph?", "/conflicts?"):
        assert anna.get(f"{place}page={page}").status_code == 200


@pytest.mark.parametrize(
    ("query", "first"),
    [("(copia da)", SEVEN[0]), ("l’AQUILA", ALONE[1]), ("100%", ALONE[1]), ("&", ALONE[1])],
)
def test_signs_are_searched_as_they_are(anna: Browser, query: str, first: str):
    page = anna.get("/find", params={"q": query}).text
    assert f"/near?uid={quote_plus(first)}" in page


@pytest.mark.parametrize("query", ["\\", "''", '""', "%_", "(((", "<img", "\x00", "a" * 5000])
def test_no_query_is_a_fault(anna: Browser, query: str):
    page = anna.get("/find", params={"q": query})
    assert page.status_code == 200
    assert "Nothing of" in page.text


def test_a_picture_shows_its_nearest_and_what_was_said_of_them(anna: Browser):
    anna.judge(1, "same", ticked=SEVEN[:2])
    anna.judge(2, "not_same", ticked=[SEVEN[0], SEVEN[2]])
    page = anna.get("/near", params={"uid": SEVEN[0]}).text
    assert page.count('class="card"') == 6
    assert "same signature (Anna)" in page and "not the same signature (Anna)" in page
    assert HOSTILE not in page
    assert "javascript:" not in page


@pytest.mark.parametrize("box", ["1,2,3", "0,0,2,2", "a,b,c,d", "0,0,0,0", "nan,0,1,1"])
def test_a_box_that_is_none_is_refused(anna: Browser, box: str):
    answer = anna.get("/near", params={"uid": SEVEN[0], "box": box})
    assert answer.status_code == 400 and "detail" in answer.text


def test_a_picture_is_brought_looked_at_and_shown(anna: Browser, monkeypatch: pytest.MonkeyPatch):
    looked: list[bytes] = []

    def look(_project: Project, data: bytes) -> Seen:
        looked.append(data)
        return Seen(b"jpeg", None)  # type: ignore[arg-type]

    monkeypatch.setattr(find, "look_at", look)
    monkeypatch.setattr(find, "nearest", lambda *_: [(SEVEN[3], 0.25), ("gone.jpg", 0.3)])
    headers = {"X-CSRF-Token": anna.token()}
    answer = anna.post("/find/picture?name=mine.png", content=b"png", headers=headers)
    assert looked == [b"png"]
    page = anna.get(f"/found?key={answer.json()['key']}").text
    assert "mine.png" in page and "at 0.250" in page and "gone.jpg" not in page
    assert anna.get(f"/brought?key={answer.json()['key']}").content == b"jpeg"


def test_a_picture_that_is_too_large_is_refused_while_it_arrives(anna: Browser):
    headers = {"X-CSRF-Token": anna.token(), "Accept": "application/json"}
    answer = anna.post("/find/picture", content=b"x" * 20_000_001, headers=headers)
    assert answer.status_code == 413 and "20 MB" in answer.json()["error"]


def test_a_picture_without_a_token_is_refused(anna: Browser):
    assert anna.post("/find/picture", content=b"x").status_code == 403


def test_before_the_first_run_nothing_can_be_compared(anna: Browser):
    out = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(out, "PNG")
    headers = {"X-CSRF-Token": anna.token(), "Accept": "application/json"}
    answer = anna.post("/find/picture", content=out.getvalue(), headers=headers)
    assert answer.status_code == 503 and "vsig run" in answer.json()["error"]


def test_learn_asks_by_a_file_and_says_that_it_waits(anna: Browser, project: Project):
    assert anna.get("/learn/progress").json()["state"] == "idle"
    answer = anna.post("/learn", data={"csrf": anna.token()})
    asked = asked_to_learn(project.inbox)
    assert asked is not None and asked.by == "Anna"
    assert "Anna asked for a training" in answer.text
    told = anna.get("/learn/progress").json()
    assert told["state"] == "waiting"
    project.store.write("triplets", schema("triplets").empty_table(), Provenance("triplets"))
    steps = anna.get("/learn/progress").json()["steps"]
    assert (steps["morphograph"], steps["triplets"], steps["candidate_model"]) == (
        "done",
        "done",
        "now",
    )


def test_learn_counts_what_was_said_since_the_model_learnt(anna: Browser, project: Project):
    model = {
        "model_id": "m-1",
        "status": "champion",
        "origin": "trained",
        "created_at": NOW,
        "reason": "better",
    }
    write_rows(project, "models", [model], "model")
    anna.judge(1, "same", ticked=THREE)
    anna.judge(2, "wrong", ticked=MANY)
    anna.judge(3, "undo", target=f"a-{1:032x}")
    page = anna.get("/learn").text
    assert "1 judgement has been made since" in page
    assert "The new model took over, 2 March 2026: better" in page


@pytest.mark.parametrize("n", [2, 8])
def test_of_too_few_components_no_interval_is_told(anna: Browser, project: Project, n: int):
    """The gate's bound, `min_components`, is 8."""
    model = {"model_id": "m-2", "status": "champion", "origin": "trained", "created_at": NOW}
    held = {"model_id": "m-2", "subject": "m-2", "split": "val", "links_version": 0, "n": n}
    figures = [
        held | {"metric": metric, "value": value, "ci_low": 0.111, "ci_high": 0.999}
        for metric, value in (("map", 0.4), ("map_difference", 0.1))
    ]
    write_rows(project, "models", [model], "model")
    write_rows(project, "evaluations", figures, "evaluation")
    page = anna.get("/learn").text
    assert "0.400" in page and "+0.100" in page
    assert ("too few to tell: 2 components, 8 are needed" in page) == (n == 2)
    assert page.count("too few to tell") == (2 if n == 2 else 0)
    assert ("0.999" in page) == (n == 8)


def test_people_are_told_of_second_opinions_in_words(anna: Browser):
    page = anna.get("/people").text
    assert "5 % of all judged pairs, chosen by lot" in page and "second_share" not in page


def test_second_opinions_go_to_somebody_else_blind(
    open_browser: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("vsig_core.review.agreement.goes_to_a_second", lambda *_: True)
    monkeypatch.setattr(people, "goes_to_a_second", lambda *_: True)
    anna = open_browser("Anna")
    anna.judge(1, "same", ticked=PAIR)
    assert "Nothing waits" in anna.get("/second").text
    luca = open_browser("Luca")
    page = luca.get("/second").text
    assert "1 pair left" in page and "Anna" not in page
    luca.judge(2, "not_same", ticked=PAIR)
    assert "Nothing waits" in luca.get("/second").text
    agreed = luca.get("/people").text
    assert "Anna and Luca" in agreed and "0 (0 %)" in agreed


def test_unsure_is_an_answer_to_a_second_opinion_that_is_not_asked_again(
    open_browser: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("vsig_core.review.agreement.goes_to_a_second", lambda *_: True)
    monkeypatch.setattr(people, "goes_to_a_second", lambda *_: True)
    open_browser("Anna").judge(1, "same", ticked=PAIR)
    luca = open_browser("Luca")
    assert "1 pair left" in luca.get("/second").text
    luca.judge(2, "unsure", ticked=PAIR)
    assert "Nothing waits" in luca.get("/second").text


def test_a_group_that_is_open_elsewhere_is_marked_and_comes_later(anna: Browser):
    def tell(name: str, key: Any, **more: Any):
        anna.say_name(name)
        headers = {"X-CSRF-Token": anna.token(), "Accept": "application/json"}
        return anna.post("/here", json={"group": key, **more}, headers=headers)

    assert tell("Luca", "cl-three").json() == {"also": []}
    assert tell("Anna", "cl-three").json() == {"also": ["Luca"]}
    tell("Anna", "cl-three", left=True)
    assert "open at Luca" in anna.get("/").text
    following = anna.get("/cluster/cl-pair").text
    assert 'data-next="/cluster/cl-three' not in following
    assert tell("Anna", 7).status_code == 400
    assert tell("Anna", "x" * 300).status_code == 400


def test_frames_are_asked_of_pictures_that_are_there_and_after_a_run(anna: Browser):
    asked = {"uid": THREE[0], "box": "0.1,0.1,0.5,0.5"}
    assert anna.get("/matches", params=asked).json() == {"boxes": []}
    headers = {"Accept": "application/json"}
    gone = anna.get("/matches", params={**asked, "with": "gone.jpg"}, headers=headers)
    assert gone.status_code == 404 and "gone.jpg" in gone.json()["error"]
    early = anna.get("/matches", params={**asked, "with": THREE[1]}, headers=headers)
    assert early.status_code == 503 and "vsig run" in early.json()["error"]
    for wrong in ({"uid": "gone.jpg"}, {"key": "guessed", "with": THREE[1]}):
        assert anna.get("/matches", params=wrong, headers=headers).status_code == 404
    wrong_box = {"uid": THREE[0], "box": "2,2,2,2", "with": THREE[1]}
    assert anna.get("/matches", params=wrong_box, headers=headers).status_code == 400
