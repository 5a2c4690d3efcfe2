"""Several people at work, in a real browser: contradictions, learning, details, time, finding."""

import csv
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from judging_project import (
    CLUSTERS,
    HOSTILE,
    RADIUS,
    SEVEN,
    THREE,
    take_the_inbox,
    write_images,
    write_rows,
)
from live_server import PATIENCE, browser_or_skip, launch, rows_in

from vsig_core.annotations import read_box
from vsig_core.evidence import Match
from vsig_core.exchange import export
from vsig_core.pair_evidence import Ask
from vsig_core.project import Project
from vsig_core.review.app import served
from vsig_core.review.app.pages import find, people
from vsig_core.review.learn_requests import answer_request, asked_to_learn
from vsig_core.review.looking import Box, Seen
from vsig_core.store import Provenance, schema

playwright = browser_or_skip()


@pytest.fixture(scope="module")
def browser() -> Iterator:
    with playwright.sync_playwright() as started:
        launched = launch(started)
        yield launched
        launched.close()


@pytest.fixture
def address(project: Project) -> Iterator[str]:
    with served(project) as found:
        yield found


@pytest.fixture
def open_page(browser, address: str) -> Iterator[Callable[..., Any]]:
    """Opens a page for a person; foreign requests and faults of scripts fail the test."""
    contexts, amiss = [], []

    def open_one(name: str, width: int = 1440, height: int = 900):
        context = browser.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: amiss.append(str(error)))
        page.on(
            "request",
            lambda request: (
                request.url.startswith((address, "data:", "blob:")) or amiss.append(request.url)
            ),
        )
        page.goto(f"{address}/name")
        page.get_by_label("Your name").fill(name)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{address}/")
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert amiss == []


def go_until(page: Any, url: str, shown: str) -> None:
    """Open a page until it has the element: what others put in the inbox is read within 3 s."""
    deadline = time.monotonic() + 60
    while True:
        page.goto(url)
        if page.locator(shown).count():
            return
        assert time.monotonic() < deadline, f"{url} never showed {shown}"
        time.sleep(0.2)


def judge(project: Project, name: str, *rows: str) -> None:
    """A file of judgements that arrives in the inbox."""
    text = "type,img1,img2,annotator,made_at,motif\n" + "\n".join(rows) + "\n"
    project.inbox.write(f"{name}.csv", text.encode())


def test_5_a_triangle_is_shown_with_both_sides_and_settled_by_keys(
    project: Project, open_page: Callable[..., Any], address: str
):
    a, b, c = THREE
    judge(
        project,
        "old",
        f"POSITIVE,{a},{b},Ada,2026-01-02T10:00:00Z,",
        f"POSITIVE,{b},{c},Luc,2026-01-03T10:00:00Z,",
        f"NEGATIVE,{a},{c},Mia,2026-01-04T10:00:00Z,",
    )
    page = open_page("Anna")
    go_until(page, f"{address}/conflicts", ".dispute")
    dispute = page.locator(".dispute")
    playwright.expect(dispute).to_have_count(1)
    text = dispute.inner_text()
    for said in ("Ada, 2 January 2026", "Luc, 3 January 2026", "Mia, 4 January 2026"):
        assert said in text, "names and days of both sides"
    page.get_by_role("button", name="Not the same signature").focus()
    page.keyboard.press("Enter")
    playwright.expect(page.locator(".notice")).to_contain_text("not the same signature")
    playwright.expect(page.locator(".dispute")).to_have_count(0)
    page.get_by_role("link", name="Settled or left").click()
    playwright.expect(page.locator(".settled")).to_contain_text(
        "Settled as “not the same signature” by Anna"
    )
    page.locator(".settled").get_by_role("button", name="Undo").click()
    page.get_by_text("Taken back.").wait_for()
    page.goto(f"{address}/conflicts")
    playwright.expect(page.locator(".dispute")).to_have_count(1)


def test_6_learn_is_asked_followed_and_tells_what_changed(
    project: Project, open_page: Callable[..., Any], address: str
):
    held, lost, apart = (THREE[0], THREE[1]), (SEVEN[0], SEVEN[6]), (SEVEN[0], SEVEN[1])
    judge(
        project,
        "old",
        *[f"POSITIVE,{one},{other},Ada,2026-01-02T10:00:00Z," for one, other in (held, lost)],
        f"NEGATIVE,{apart[0]},{apart[1]},Ada,2026-01-02T10:00:00Z,",
    )
    take_the_inbox(project)
    page = open_page("Anna")
    page.goto(f"{address}/learn")
    page.get_by_role("button", name="Learn from what was said").click()
    playwright.expect(page.locator("[data-words]")).to_contain_text("Anna asked for a training")
    assert asked_to_learn(project.inbox) is not None
    playwright.expect(page.get_by_role("button", name="Learn from")).to_be_disabled()

    learn(project, {**CLUSTERS, "cl-seven": [SEVEN[0], *SEVEN[2:6]], "cl-three": THREE[:2]})
    answer_request(project.inbox, "The model m-2 was trained and took over: better")
    page.get_by_text("The new model took over").wait_for()
    text = page.locator("main").inner_text()
    assert "0.400" in text and "0.300 to 0.500" in text and "0.550" in text
    assert "Paired difference on validation: +0.150 (95 % interval +0.050 to +0.250)" in text
    assert "Rejected pairs that now are apart" in text
    assert "Confirmed links that no longer hold" in text
    assert "Anna asked on" in text


def learn(project: Project, clusters: dict[str, list[str]]) -> None:
    """What a round leaves: a better model, its figures, and other clusters."""
    now = datetime.now(UTC) + timedelta(seconds=1)
    old = {"model_id": "m-1", "status": "retired", "origin": "pretrained", "created_at": now}
    new = {"model_id": "m-2", "status": "champion", "origin": "trained", "created_at": now}
    rows = [old | {"reason": "replaced by m-2"}, new | {"reason": "better"}]
    write_rows(project, "models", rows, "model")
    figures = [
        ("m-1", "map", 0.4, 0.1),
        ("m-2", "map", 0.55, 0.1),
        ("m-2", "map_difference", 0.15, 0.1),
    ]
    evaluations = [
        {
            "model_id": "m-2",
            "subject": subject,
            "split": "val",
            "metric": metric,
            "links_version": 0,
            "value": value,
            "ci_low": value - margin,
            "ci_high": value + margin,
            "n": 9,
        }
        for subject, metric, value, margin in figures
    ]
    write_rows(project, "evaluations", evaluations, "evaluation")
    opinion = [
        {"uid": uid, "cluster": name, "model_id": "m-2", "max_eps": RADIUS}
        for name, uids in clusters.items()
        for uid in uids
    ]
    write_rows(project, "clusters", opinion, "clusters")


def test_7_a_detail_is_drawn_looked_for_and_judged(
    project: Project,
    open_page: Callable[..., Any],
    address: str,
    monkeypatch: pytest.MonkeyPatch,
):
    asked: list[Box | None] = []

    def look(_project: Project, _data: bytes, box: Box | None = None) -> Seen:
        asked.append(box)
        return Seen(b"", None)  # type: ignore[arg-type]

    monkeypatch.setattr(find, "look_at", look)
    monkeypatch.setattr(find, "nearest", lambda *_, **__: [(THREE[0], 0.1), (SEVEN[2], 0.2)])
    compared: list[Ask] = []

    def matches(_project: Project, ask: Ask, uids: list[str]) -> list[Match]:
        compared.append(ask)
        boxes = (0.3, 0.5, 0.2, 0.2), (0.25, 0.5, 0.5, 0.25)
        part, by_chance = (Match(score, *boxes, mirrored=False, cells=64) for score in (4.1, 3.9))
        return [part if uid == THREE[0] else by_chance for uid in uids]

    monkeypatch.setattr(find, "matches_of", matches)
    page = open_page("Anna")
    page.goto(f"{address}/near?uid={SEVEN[0]}")
    assert page.locator("#framed").count() == 0, "of a whole picture nothing is asked"
    canvas = page.locator("#canvas").bounding_box()
    page.mouse.move(canvas["x"] + 0.25 * canvas["width"], canvas["y"] + 0.5 * canvas["height"])
    page.mouse.down()
    page.mouse.move(canvas["x"] + 0.75 * canvas["width"], canvas["y"] + 0.9 * canvas["height"])
    page.mouse.up()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Nearest to the detail").wait_for()
    (box,) = asked
    assert box == pytest.approx((0.25, 0.5, 0.5, 0.4), abs=0.03)
    cards = page.locator("#hits .card")
    playwright.expect(cards).to_have_count(2)
    page.wait_for_selector(f'#hits [data-uid="{SEVEN[2]}"][data-framed="no"]')
    page.wait_for_selector(f'#hits [data-uid="{THREE[0]}"][data-framed="yes"]')
    assert page.locator("#hits .part").count() == 1
    image = cards.first.locator("img").bounding_box()
    part = cards.first.locator(".part").bounding_box()
    assert part["x"] - image["x"] == pytest.approx(0.25 * image["width"], abs=1)
    assert part["height"] == pytest.approx(0.25 * image["height"], abs=1)
    assert compared[0].box == pytest.approx(box)
    cards.first.locator("input").check()
    button = page.get_by_role("button", name="Same signature")
    playwright.expect(button).to_contain_text("writes 1 pair")
    button.click()
    playwright.expect(page.locator(".notice")).to_contain_text("Saved: same signature, 1 pair")
    playwright.expect(cards.first).to_contain_text("same signature (Anna)")
    rows = rows_in(project)
    assert [(r["type"], r["img1"], r["img2"]) for r in rows] == [("POSITIVE", SEVEN[0], THREE[0])]
    assert read_box(rows[0]["box1"]) == pytest.approx(box), "the detail is what carries it"
    assert rows[0]["box2"] is None


def test_8_one_signature_on_a_time_line_a_map_and_as_a_graph(
    project: Project, open_page: Callable[..., Any], address: str
):
    images = project.store.read("images").to_pylist()
    places = {SEVEN[0]: (45.44, 12.34), SEVEN[1]: (43.77, 11.26)}
    for row in images:
        row["lat"], row["lon"] = places.get(row["uid"], (None, None))
        if row["uid"] == SEVEN[2]:
            row["date_text"] = row["year_from"] = row["year_to"] = None
    made = Provenance("images", partition="batch=b-1")
    table = pa.Table.from_pylist(images, schema("images"))
    project.store.write("images", table, made, partition={"batch": "b-1"})
    judge(
        project,
        "old",
        *[
            f"POSITIVE,{SEVEN[0]},{uid},Ada,2026-01-02T10:00:00Z,the raised hand"
            for uid in SEVEN[1:4]
        ],
    )
    take_the_inbox(project)
    # A corpus that moved on: the app reads the pictures anew, without a restart.
    corpus = project.store.read("corpus")
    project.store.write("corpus", corpus, Provenance("corpus"))
    page = open_page("Anna")
    go_until(page, f"{address}/morphograph", "text=the raised hand")
    page.get_by_text("the raised hand").click()
    page.get_by_role("heading", name="Date unknown").wait_for()
    assert page.locator("#time .work").count() == 3, "the fourth has no date"
    assert page.locator("#time .tray li").count() == 1
    assert page.locator("#places .point").count() == 2
    assert page.locator("#places .land").count() >= 1
    assert page.locator("#places .tray li").count() == 2, "without coordinates"
    assert page.locator("#graph .edge.same").count() == 3
    assert page.locator("#graph .work").count() == 4
    page.locator("#graph .work").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/near**")


@pytest.mark.parametrize("width", [1440, 820])
def test_9_signs_are_searched_as_they_are_and_hostile_titles_are_text(
    open_page: Callable[..., Any], address: str, width: int
):
    page = open_page("Anna", width=width, height=1180)
    page.goto(f"{address}/find")
    page.get_by_role("searchbox").fill("(copia da)")
    page.keyboard.press("Enter")
    playwright.expect(page.locator("#result")).to_contain_text("7 pictures with “(copia da)”")
    playwright.expect(page.locator(".hits li").first).to_contain_text(HOSTILE)
    assert "owned" not in page.title()
    for query, found in (("l’aquila & 100%?", 1), ('"', 0), ("\\", 0), ("%%", 0)):
        page.get_by_role("searchbox").fill(query)
        page.keyboard.press("Enter")
        playwright.expect(page.get_by_role("searchbox")).to_have_value(query)
        playwright.expect(page.locator(".hits li")).to_have_count(found)
    wide = page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )
    assert wide, "nothing hangs over the side"


def test_10_an_old_file_is_shown_and_what_is_judged_goes_out_with_who_and_when(
    project: Project, open_page: Callable[..., Any], address: str, tmp_path: Path
):
    """The app has no page for exports: `vsig export` writes what was judged in it."""
    let_out(project)
    old = f"x_y,POSITIVE,{THREE[0]},{THREE[1]},14-06-2022_20:12:15,morphograph,94.0\n"
    head = "uid_connection,type,img1,img2,date,cluster_file,cluster\n"
    project.inbox.write("old.csv", (head + old).encode())
    page = open_page("Anna")
    go_until(page, f"{address}/pair?a={THREE[0]}&b={THREE[1]}", "text=14 June 2022")
    page.goto(f"{address}/pair?a={THREE[1]}&b={THREE[2]}")
    page.keyboard.press("y")
    playwright.expect(page.locator(".notice")).to_contain_text("Saved: same signature, 1 pair")
    take_the_inbox(project)
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    said = {("", "2022-06-14"), ("Anna", today)}

    export(project, "csv", tmp_path / "links.csv")
    rows = list(csv.DictReader((tmp_path / "links.csv").read_text("utf-8").splitlines()))
    assert {(row["annotator"], row["made_at"][:10]) for row in rows} == said
    export(project, "w3c", tmp_path / "links.json")
    items = json.loads((tmp_path / "links.json").read_text("utf-8"))["first"]["items"]
    found = {(item.get("creator", {}).get("name", ""), item["created"][:10]) for item in items}
    assert found == said


def let_out(project: Project) -> None:
    """All pictures may leave the project whole."""
    rows = [row | {"publish": "full"} for row in project.store.read("images").to_pylist()]
    write_images(project, rows)


def test_a_second_opinion_is_given_by_one_key_and_the_next_pair_comes(
    project: Project,
    open_page: Callable[..., Any],
    address: str,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("vsig_core.review.agreement.goes_to_a_second", lambda *_: True)
    monkeypatch.setattr(people, "goes_to_a_second", lambda *_: True)
    rows = [f"POSITIVE,{THREE[0]},{uid},Ada,2026-01-02T10:00:00Z," for uid in THREE[1:]]
    judge(project, "old", *rows)
    page = open_page("Anna")
    go_until(page, f"{address}/second", "text=2 pairs left")
    assert "Ada" not in page.locator("main").inner_text()
    page.keyboard.press("x")
    page.get_by_text("1 pair left").wait_for()
    page.wait_for_load_state()  # its keys are bound by then
    page.keyboard.press("n")
    page.get_by_text("Nothing waits").wait_for()
    said = [row["type"] for row in rows_in(project) if row["annotator"] == "Anna"]
    assert sorted(said) == ["NEGATIVE", "UNSURE"]  # as these keys mean on the page of a pair


def test_two_people_at_one_group_are_told_of_one_another(
    open_page: Callable[..., Any], address: str
):
    anna, luca = open_page("Anna"), open_page("Luca")
    anna.goto(f"{address}/cluster/cl-three")
    luca.goto(f"{address}/cluster/cl-three")
    playwright.expect(luca.locator("[data-here]")).to_have_text("Also open: Anna")
    luca.goto(f"{address}/")
    playwright.expect(luca.get_by_text("open at Anna")).to_be_visible()
