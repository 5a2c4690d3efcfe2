"""What art historians do, in a real browser; with keys alone where it says keys."""

import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from judging_project import HOSTILE, MANY, SEVEN, THREE
from live_server import PATIENCE, LiveServer, browser_or_skip, launch, rows_in

from vsig_core.current import current_images
from vsig_core.project import Project, open_project
from vsig_core.review.app import served

playwright = browser_or_skip()
expect = playwright.expect


@pytest.fixture(scope="module")
def chromium() -> Iterator:
    with playwright.sync_playwright() as started:
        browser = launch(started)
        yield browser
        browser.close()


@pytest.fixture
def mortal(project: Project) -> Iterator[LiveServer]:
    """The app as a process that a test may end, and start again."""
    live = LiveServer(project.folder)
    live.start()
    yield live
    live.stop()


@dataclass(frozen=True)
class Served:
    """The app in this process: there at once."""

    address: str


@pytest.fixture
def server(request: pytest.FixtureRequest, project: Project) -> Iterator[Served | LiveServer]:
    """Where the app is: for tests that ask for it, the one that they may end."""
    if "mortal" in request.fixturenames:
        yield request.getfixturevalue("mortal")
        return
    with served(project) as address:
        yield Served(address)


@pytest.fixture
def open_page(chromium, server: Served | LiveServer) -> Iterator[Callable]:
    """Opens a browser of its own and says a name; what a page asks for elsewhere fails the test."""
    contexts, foreign, faults = [], [], []

    def open_one(name: str = "Anna", width: int = 1440, height: int = 900, **more):
        context = chromium.new_context(viewport={"width": width, "height": height}, **more)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("request", lambda request: _note_foreign(request.url, server.address, foreign))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"{server.address}/name")
        page.get_by_label("Your name").fill(name)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{server.address}/")
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert foreign == [] and faults == []


def _note_foreign(url: str, address: str, foreign: list[str]) -> None:
    if not url.startswith((address, "data:", "blob:")):
        foreign.append(url)


def focused(page) -> str:
    """The uid of the picture in focus."""
    return page.evaluate("document.activeElement.value")


def open_group(page, server: Served | LiveServer, key: str) -> None:
    page.goto(f"{server.address}/cluster/{key}")
    expect(page.locator(".card input").first).to_be_focused()


def said(page) -> str:
    """What the notice says once there is one."""
    notice = page.locator(".notice").first
    notice.wait_for()
    return notice.inner_text()


def test_groups_appear_the_most_promising_first_with_what_is_known(open_page):  # scenario 1
    page = open_page()
    assert "4 groups among 90 pictures" in page.inner_text("main")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cluster/**")
    card = page.locator(".card").last.inner_text()
    assert "Title of" in card and "Tiziano (copia da)" in card and "c. 1520 · Venezia" in card
    page.locator("#side dl").wait_for()
    record = page.inner_text("#side")
    assert "inventory" in record and "Why here?" in record


def test_four_of_seven_by_keys_then_crash_second_browser_and_undo(
    open_page, mortal: LiveServer, project: Project
):  # scenario 2
    page = open_page()
    open_group(page, mortal, "cl-seven")
    shown = page.eval_on_selector_all(".card", "cards => cards.map(card => card.dataset.uid)")
    writes = page.locator('[data-kind="same"]:not([data-others]) [data-writes]')
    assert writes.inner_text() == "writes 21 pairs"
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    assert focused(page) == shown[4]
    for _ in range(3):  # the last three are unticked
        page.keyboard.press(" ")
        page.keyboard.press("ArrowRight")
    assert writes.inner_text() == "writes 6 pairs"
    page.keyboard.press("Enter")
    assert "Saved: same signature, 6 pairs." in said(page)
    assert Counter(row["type"] for row in rows_in(project)) == {"POSITIVE": 6}

    mortal.kill()
    mortal.start()
    other = open_page("Luca")
    open_group(other, mortal, "cl-seven")
    assert "same signature, 6 pairs" in other.inner_text(".said")
    assert other.locator(".card .seal").count() == 4

    page.keyboard.press("u")
    page.wait_for_url("**/cluster/cl-seven*")
    assert "Taken back." in said(page)
    assert page.locator(".card .seal").count() == 0
    assert Counter(row["type"] for row in rows_in(project)) == {"POSITIVE": 6, "RETRACT": 1}


def test_keys_pressed_again_while_the_server_is_away_write_one_act_when_it_is_back(
    open_page, mortal: LiveServer, project: Project
):
    page = open_page()
    open_group(page, mortal, "cl-three")
    mortal.kill()
    page.keyboard.press("u")
    page.get_by_text("cannot be looked up: the server does not answer").wait_for()
    for _ in range(2):
        page.evaluate("document.getElementById('notices').replaceChildren()")
        page.keyboard.press("Enter")
        page.get_by_text("Not saved yet: the server does not answer").wait_for()
    mortal.start()
    page.get_by_text("waited in this browser").wait_for()
    rows = rows_in(project)
    assert len(rows) == 3 and len({row["act"] for row in rows}) == 1


def test_the_unticked_are_denied_only_on_saying_so(open_page, server: Served, project: Project):
    page = open_page()
    open_group(page, server, "cl-three")
    page.keyboard.press(" ")
    page.keyboard.press("Shift+Enter")
    assert "not the same signature, 2 pairs" in said(page)
    assert Counter(row["type"] for row in rows_in(project)) == {"POSITIVE": 1, "NEGATIVE": 2}


def test_the_same_photograph_counts_once_until_undone(
    open_page, server: Served, project: Project
):  # scenario 3
    page = open_page()
    open_group(page, server, "cl-three")
    page.keyboard.press(" ")
    page.keyboard.press("d")
    assert "same photograph or object, 1 pair" in said(page)
    open_group(page, server, "cl-three")
    assert page.locator(".card").count() == 2
    page.keyboard.press("u")
    expect(page.locator(".card")).to_have_count(3)
    assert {row["type"] for row in rows_in(project)} == {"DUPLICATE", "RETRACT"}


def test_a_group_of_76_is_called_wrong_by_one_key(
    open_page, server: Served, project: Project
):  # scenario 4
    page = open_page()
    open_group(page, server, "cl-many")
    assert page.locator(".card input:checked").count() == 0
    page.keyboard.press("x")
    assert "the group is wrong" in said(page)
    (row,) = rows_in(project)
    assert row["type"] == "WRONG" and row["members"] == MANY
    page.goto(f"{server.address}/?sort=size")
    first = page.locator(".wall li").first
    assert "done" in (first.get_attribute("class") or "") and "judged by Anna" in first.inner_text()


def test_a_judgement_made_while_the_server_is_gone_is_saved_when_it_is_back(
    open_page, mortal: LiveServer, project: Project
):
    page = open_page()
    open_group(page, mortal, "cl-three")
    mortal.kill()
    page.keyboard.press("Enter")
    assert "Not saved yet" in said(page) and rows_in(project) == []
    mortal.start()
    page.get_by_text("that waited in this browser is saved now").wait_for()
    assert [row["type"] for row in rows_in(project)] == ["POSITIVE"] * 3


def test_what_waits_for_one_project_is_not_said_to_another_at_the_same_address(
    open_page, mortal: LiveServer, project: Project, finished: Path, tmp_path: Path
):
    page = open_page()
    open_group(page, mortal, "cl-three")
    mortal.kill()
    page.keyboard.press("Enter")
    assert "Not saved yet" in said(page)
    other = open_project(shutil.copytree(finished / "p", tmp_path / "other"))
    mortal.start(of=other.folder)
    page.goto(f"{mortal.address}/name")
    page.get_by_label("Your name").fill("Anna")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{mortal.address}/")
    open_group(page, mortal, "cl-seven")
    page.keyboard.press("c")
    assert "the group is right" in said(page)
    assert [row["type"] for row in rows_in(other)] == ["CORRECT"]
    mortal.stop()
    mortal.start()
    page.goto(f"{mortal.address}/")
    page.get_by_text("that waited in this browser is saved now").wait_for()
    assert [row["type"] for row in rows_in(project)] == ["POSITIVE"] * 3


def test_a_judgement_on_a_page_that_is_out_of_date_is_saved_when_it_is_reloaded(
    open_page, server: Served, project: Project
):
    page = open_page()
    open_group(page, server, "cl-three")
    page.context.clear_cookies(name="vsig_visit")
    page.keyboard.press("Enter")
    assert "kept in this browser" in said(page) and rows_in(project) == []
    page.reload()
    page.get_by_text("that waited in this browser is saved now").wait_for()
    assert [row["type"] for row in rows_in(project)] == ["POSITIVE"] * 3


def test_a_key_held_down_judges_one_group_alone(open_page, server: Served, project: Project):
    page = open_page()
    open_group(page, server, "cl-three")
    for _ in range(3):
        page.keyboard.down("Enter")
        assert "Saved: same signature, 3 pairs." in said(page)
    page.keyboard.up("Enter")
    assert len({row["act"] for row in rows_in(project)}) == 1


def test_space_presses_the_button_that_has_the_focus(open_page, server: Served, project: Project):
    page = open_page()
    open_group(page, server, "cl-three")
    page.locator('[data-kind="wrong"]').focus()
    page.keyboard.press(" ")
    assert "the group is wrong" in said(page)
    assert [row["type"] for row in rows_in(project)] == ["WRONG"]


def test_zoom_by_keys(open_page, server: Served):
    page = open_page()
    open_group(page, server, "cl-seven")
    page.keyboard.press("z")
    stage = page.locator("#zoom .stage")
    stage.wait_for()
    expect(stage).to_have_attribute("data-scale", "1.00")
    page.keyboard.press("+")
    expect(stage).to_have_attribute("data-scale", "1.40")
    expect(stage.locator("img")).to_have_attribute("src", re.compile("^/original"))
    page.keyboard.press("Escape")
    expect(page.locator("#zoom")).to_be_hidden()
    assert focused(page) in SEVEN


def test_the_two_of_a_pair_zoom_together(open_page, server: Served, project: Project):
    page = open_page()
    page.goto(f"{server.address}/pair?a={SEVEN[1]}&b={THREE[0]}")
    stages = page.locator(".stage")
    stages.first.focus()
    page.keyboard.press("+")
    for place in (0, 1):
        expect(stages.nth(place)).to_have_attribute("data-scale", "1.40")
    page.keyboard.press("b")
    assert page.evaluate("document.body.classList.contains('blind')")
    page.keyboard.press("x")
    assert "not the same signature, 1 pair" in said(page)
    assert [row["type"] for row in rows_in(project)] == ["NEGATIVE"]


def test_undo_on_a_group_leads_to_the_pair_that_was_judged_last(
    open_page, server: Served, project: Project
):
    page = open_page()
    page.goto(f"{server.address}/pair?a={THREE[0]}&b={THREE[1]}")
    page.keyboard.press("x")
    assert "Saved: not the same signature" in said(page)
    open_group(page, server, "cl-seven")
    page.keyboard.press("u")
    page.wait_for_url("**/pair?**")
    assert "Taken back." in said(page)
    assert Counter(row["type"] for row in rows_in(project)) == {"NEGATIVE": 1, "RETRACT": 1}


def test_a_picture_that_cannot_be_had_says_so_and_is_judged_all_the_same(
    open_page, server: Served, project: Project
):
    row = next(row for row in current_images(project.store).to_pylist() if row["uid"] == THREE[0])
    (project.folder / "store" / "objects" / row["working"]).unlink()
    page = open_page()
    open_group(page, server, "cl-three")
    lost = page.locator(f".card[data-uid='{THREE[0]}'] img.missing")
    expect(lost).to_have_attribute("alt", "No picture just now")
    page.keyboard.press("Enter")
    assert "Saved: same signature, 3 pairs." in said(page)


def test_hostile_metadata_is_shown_as_text(open_page, server: Served):
    page = open_page()
    open_group(page, server, "cl-seven")
    assert HOSTILE in page.inner_text("#grid")
    page.locator("#side h2").wait_for()
    assert HOSTILE in page.inner_text("#side")
    assert "owned" not in page.title()
    assert page.locator('a[href^="javascript"]').count() == 0


def test_all_can_be_reached_by_tab_and_has_a_name(open_page, server: Served):
    page = open_page()
    open_group(page, server, "cl-three")
    nameless = page.evaluate(
        """[...document.querySelectorAll("a, button, input, select, summary")]
        .filter(one => one.checkVisibility())
        .filter(one => !(one.innerText || one.ariaLabel || one.labels?.[0]?.innerText || "").trim())
        .map(one => one.outerHTML)"""
    )
    assert nameless == []
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    page.keyboard.press("Escape")
    assert focused(page) in THREE


@pytest.mark.parametrize(("width", "height"), [(820, 1180), (720, 450), (683, 384)])
def test_on_a_tablet_and_at_twice_the_size_nothing_is_cut_off(
    open_page, server: Served, width: int, height: int
):
    page = open_page(width=width, height=height)
    for path in ("/", "/cluster/cl-seven", "/pairs", "/duplicates", "/history"):
        page.goto(server.address + path)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, path
    open_group(page, server, "cl-seven")
    buttons = page.locator("#acts button")
    assert all(buttons.nth(n).is_visible() for n in range(buttons.count()))
    assert re.search("writes 21 pairs", page.inner_text("#acts"))
    assert page.locator("#acts").bounding_box()["height"] < height / 3, "pictures have the room"
    seen = page.locator(".card").first.bounding_box()
    assert 0 <= seen["y"] < height / 2
