"""The picture map in a real browser: WebGL2 by SwiftShader, and without it."""

import io
import json
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from live_server import PATIENCE, browser_or_skip
from live_server import launch as launch_chromium
from map_project import PICTURES, TODAY, UIDS, make_project
from PIL import Image

from vsig_core.review.atlas import write_atlas
from vsig_core.review.atlas.export import STATIC

sync_api = browser_or_skip()
WITH_WEBGL = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
WITHOUT = ["--disable-gpu", "--disable-3d-apis"]
SIZE = {"width": 1100, "height": 700}
HOSTILE = {
    "title": "<script>document.title = 'taken over'</script><img src=x onerror=alert(1)>",
    "author": "\u202eright to left\u202c <b>bold</b>",
    "permalink": "javascript:document.title='taken over'",
    "place": "http://elsewhere.example/x.png",
}


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *words: Any) -> None:
        """Says nothing."""


class Site:
    """A folder behind a web server that knows nothing of vsig."""

    def __init__(self, folder: Path) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
        self.address = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("map")
    project = make_project(folder / "p", c=HOSTILE, d={"publish": "none", "title": "secret"})
    write_atlas(project, folder / "out" / "deep" / "map", today=TODAY)
    served = Site(folder / "out")
    yield served
    served.close()


@pytest.fixture(scope="module")
def browsers() -> Iterator[Callable[[list[str]], Any]]:
    """Launches a browser with given options, once each."""
    with sync_api.sync_playwright() as playwright:
        launched: dict[tuple[str, ...], Any] = {}

        def launch(options: list[str]) -> Any:
            if tuple(options) not in launched:
                launched[tuple(options)] = launch_chromium(playwright, *options)
            return launched[tuple(options)]

        yield launch
        for browser in launched.values():
            browser.close()


class Map:
    """The open page, as a person meets it."""

    def __init__(self, page: Any, site: Site) -> None:
        self.site = site
        self.page = page
        self.page.set_default_timeout(PATIENCE)
        self.page.set_default_navigation_timeout(PATIENCE)
        self.requests: list[str] = []
        self.problems: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", self._listen)

    def _listen(self, message: Any) -> None:
        if message.type == "error":
            self.problems.append(message.text)

    def open(self, view: str = "") -> "Map":
        self.page.goto(f"{self.site.address}deep/map/{view}")
        self.page.wait_for_selector("#message", state="hidden")
        self.settle()
        return self

    def settle(self) -> None:
        """Wait until nothing moves, all pictures are there and the address is written."""
        self.page.wait_for_load_state("networkidle")
        self.page.wait_for_selector("#stage[aria-busy=false]")

    def becomes(self, view: str) -> None:
        """Wait until the address holds a view; what a key begins may not have begun yet."""
        self.page.wait_for_function("view => new RegExp(view).test(location.hash)", arg=view)

    def seen(self) -> bytes:
        return self.page.locator("#stage").screenshot()

    def view(self) -> str:
        return urlsplit(self.page.url).fragment

    def places(self) -> dict[str, tuple[float, float]]:
        """Where each picture that may be named lies on the screen, when the whole map is seen."""
        found = self.page.evaluate(
            """async () => {
              const manifest = await (await fetch("atlas.json")).json();
              const uids = await (await fetch(manifest.version + "/uids.json")).json();
              const points = await (await fetch(manifest.version + "/points.bin")).arrayBuffer();
              const cells = new Uint16Array(points, 0, 2 * manifest.n);
              const box = document.getElementById("stage").getBoundingClientRect();
              const { columns, rows } = manifest;
              const zoom = Math.min((box.width - 48) / columns, (box.height - 48) / rows, 160);
              return uids.map((uid, slot) => [uid,
                box.left + box.width / 2 + (cells[2 * slot] + 0.5 - columns / 2) * zoom,
                box.top + box.height / 2 + (cells[2 * slot + 1] + 0.5 - rows / 2) * zoom]);
            }"""
        )
        return {uid or "unpublished": (x, y) for uid, x, y in found}

    def colour_at(self, place: tuple[float, float]) -> tuple[int, ...]:
        """What is drawn there: mean of a small square, red, green, blue."""
        clip = {"x": place[0] - 4, "y": place[1] - 4, "width": 8, "height": 8}
        shot = self.page.screenshot(clip=clip)
        with Image.open(io.BytesIO(shot)) as opened:
            pixels = np.asarray(opened.convert("RGB"), float)
        return tuple(int(value) for value in pixels.reshape(-1, 3).mean(axis=0))


@pytest.fixture
def shown(browsers: Callable[[list[str]], Any], site: Site) -> Iterator[Map]:
    opened = Map(browsers(WITH_WEBGL).new_page(viewport=SIZE), site)
    yield opened
    assert opened.problems == []
    own = urlsplit(site.address).netloc
    foreign = [url for url in opened.requests if urlsplit(url).netloc not in {own, ""}]
    assert foreign == []
    opened.page.close()


def far(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    return sum(abs(a - b) for a, b in zip(one, other, strict=True))


def test_every_picture_is_drawn_at_its_place(shown: Map):
    shown.open()
    for uid, place in shown.places().items():
        if uid != "unpublished":
            assert far(shown.colour_at(place), PICTURES[uid][0]) < 200, uid


def test_the_same_address_shows_the_same_view(shown: Map):
    shown.open()
    shown.page.mouse.move(700, 300)
    shown.page.mouse.wheel(0, -400)
    shown.page.mouse.down()
    shown.page.mouse.move(640, 360, steps=4)
    shown.page.mouse.up()
    shown.page.select_option("#colour", "author")
    shown.page.click("#legend button >> nth=1")
    shown.page.mouse.move(20, 20)
    shown.settle()
    address, picture = shown.view(), shown.seen()
    assert "colour=author" in address and "lit=" in address and "z=" in address
    shown.open(f"#{address}")
    assert shown.view() == address
    assert shown.seen() == picture


def test_a_changed_address_changes_the_view_at_once(shown: Map):
    shown.open("#colour=cluster&lit=cl-red")
    before = shown.seen()
    shown.page.evaluate("location.hash = '#colour=period&x=0.3&y=0.3&z=3'")
    shown.settle()
    assert shown.page.input_value("#colour") == "period"
    assert shown.seen() != before


@pytest.mark.parametrize(
    "view", ["#x=NaN&y=1&z=2", "#colour=nothing&lit=none", "#lasso=1,2;3", "#picture=gone", "#%%%"]
)
def test_an_address_that_says_nothing_sensible_shows_the_whole_map(shown: Map, view: str):
    assert shown.open(view).view() == "colour=cluster"


def write_wide_map(out: Path, side: int = 300) -> None:
    """A map of `side`² pictures: red at the left by their means, blue at the right; tiles green."""
    shutil.copytree(STATIC, out)
    n, data = side * side, out / "data"
    data.mkdir()
    cells = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(n, 2)
    means = np.where(cells[:, 0] < side // 2, 0b11111_000000_00000, 0b00000_000000_11111)
    parts = [cells.astype("<u2"), np.full(n, 128, np.uint8), np.ones(n, np.uint8)]
    points = b"".join(part.tobytes() for part in [*parts, means.astype("<u2")])
    (data / "points.bin").write_bytes(points)
    (data / "colours-cluster.bin").write_bytes(np.full(n, 65535, "<u2").tobytes())
    (data / "uids.json").write_text(json.dumps([f"{slot}.jpg" for slot in range(n)]))
    green = io.BytesIO()
    Image.new("RGB", (1024, 1024), (0, 200, 0)).save(green, "JPEG")
    for sheet in range(-(-n // 4096)):
        (data / f"small-{sheet}.jpg").write_bytes(green.getvalue())
    colouring = {"name": "cluster", "label": "cluster", "none": "in no cluster", "unknown": n}
    manifest = {
        "state": "ready", "version": "data", "links": {}, "pages": [], "n": n, "columns": side,
        "rows": side, "about": 256, "small": {"tile": 16, "along": 64},
        "large": {"tile": 128, "along": 8}, "drawn": n, "told": n, "leftOut": 0,
        "colourings": [colouring | {"entries": []}],
    }  # fmt: skip
    (out / "atlas.json").write_text(json.dumps(manifest))


# Texels that each call of an upload takes.
COUNT_TEXELS = """
window.texels = [];
const upload = WebGL2RenderingContext.prototype.texSubImage3D;
WebGL2RenderingContext.prototype.texSubImage3D = function (...given) {
  window.texels.push(given.at(-1).length);
  return upload.apply(this, given);
};
"""


def test_from_afar_pictures_are_their_colours_and_are_fetched_when_one_comes_near(
    browsers: Callable[[list[str]], Any], tmp_path: Path
):
    write_wide_map(tmp_path / "deep" / "map")
    site = Site(tmp_path)
    page = browsers(WITH_WEBGL).new_page(viewport=SIZE)
    page.add_init_script(COUNT_TEXELS)
    shown = Map(page, site).open()
    box = shown.page.locator("#stage").bounding_box()
    middle = box["y"] + box["height"] / 2
    left, right = ((box["x"] + box["width"] / 2 + away, middle) for away in (-150, 150))
    red, blue = shown.colour_at(left), shown.colour_at(right)
    assert red[0] - red[2] > 100 and blue[2] - blue[0] > 100
    assert not [url for url in shown.requests if ".jpg" in url]
    shown.page.focus("#stage")
    for _ in range(4):
        shown.page.keyboard.press("+")
    shown.becomes("z=[67]")
    shown.settle()
    assert [url for url in shown.requests if "small-" in url]
    texels = page.evaluate("texels")
    assert sum(texels) > 2**20 and max(texels) <= 2**17, "a frame never uploads a sheet at once"
    for place in (left, right):
        green = shown.colour_at(place)
        assert green[1] - max(green[0], green[2]) > 60
    shown.page.keyboard.press("0")
    shown.becomes("^#colour=cluster$")
    shown.settle()
    assert shown.colour_at(left) == red
    assert shown.problems == []
    shown.page.close()
    site.close()


def test_a_lit_cluster_stands_out_and_the_others_fade(shown: Map):
    shown.open()
    places = shown.places()
    plain = {uid: shown.colour_at(place) for uid, place in places.items()}
    shown.page.click("#legend button:has-text('cl-red')")
    shown.page.mouse.move(20, 20)
    shown.settle()
    assert "cluster cl-red: 3 pictures" in shown.page.inner_text("#lit")
    for uid in ("a.jpg", "b.jpg", "c.jpg"):
        assert far(shown.colour_at(places[uid]), plain[uid]) < 30, uid
    for uid in ("e.jpg", "f.jpg"):
        assert far(shown.colour_at(places[uid]), plain[uid]) > 60, uid
    shown.page.keyboard.press("Escape")
    shown.settle()
    assert shown.view() == "colour=cluster"


def test_in_a_low_window_the_map_has_most_of_it(shown: Map):
    shown.page.set_viewport_size({"width": 683, "height": 384})  # a laptop at 200 %
    shown.open()
    assert shown.page.locator("#stage").bounding_box()["height"] > 250
    assert shown.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_lasso_chooses_the_pictures_inside_and_gives_their_list(shown: Map):
    shown.open()
    places = shown.places()
    xs, ys = zip(*(places[uid] for uid in ("a.jpg", "b.jpg", "c.jpg")), strict=True)
    reach = 30
    box = [
        (min(xs) - reach, min(ys) - reach), (max(xs) + reach, min(ys) - reach),
        (max(xs) + reach, max(ys) + reach), (min(xs) - reach, max(ys) + reach),
    ]  # fmt: skip
    inside = sorted(
        uid
        for uid, (x, y) in places.items()
        if box[0][0] < x < box[2][0] and box[0][1] < y < box[2][1] and uid in UIDS
    )
    assert {"a.jpg", "b.jpg", "c.jpg"} <= set(inside) < set(UIDS)
    shown.page.keyboard.press("l")
    shown.page.mouse.move(*box[0])
    shown.page.mouse.down()
    for corner in [*box[1:], box[0]]:
        shown.page.mouse.move(*corner, steps=6)
    shown.page.mouse.up()
    shown.settle()
    assert f"{len(inside)} pictures chosen" in shown.page.inner_text("#chosen")
    with shown.page.expect_download() as coming:
        shown.page.click("text=Download the list")
    lines = Path(coming.value.path()).read_text("utf-8").splitlines()
    assert lines[0] == "uid,cluster"
    assert sorted(line.split(",")[0] for line in lines[1:]) == inside
    address = shown.view()
    assert "lasso=" in address
    shown.open(f"#{address}")
    assert f"{len(inside)} pictures chosen" in shown.page.inner_text("#chosen")


def test_a_card_tells_hostile_words_as_words_and_leads_only_to_the_web(shown: Map):
    shown.open()
    places = shown.places()
    shown.page.mouse.click(*places["c.jpg"])
    shown.page.wait_for_selector("#card .title")
    assert shown.page.inner_text("#card .title") == HOSTILE["title"]
    assert "<b>bold</b>" in shown.page.inner_text("#card .made")
    assert shown.page.locator("#card .links a").count() == 0
    assert shown.page.title() == "Picture map"
    shown.page.mouse.click(*places["f.jpg"])
    shown.page.wait_for_selector("#card .title:has-text('f.jpg')")
    away = shown.page.locator("#card .links a")
    assert away.get_attribute("href") == "https://example.org/f.jpg"
    assert "noopener" in away.get_attribute("rel")
    assert "picture=f.jpg" in (shown.settle() or shown.view())


def test_an_unpublished_picture_is_a_point_that_tells_nothing(shown: Map):
    shown.open()
    place = shown.places()["unpublished"]
    shown.page.mouse.click(*place)
    shown.page.wait_for_selector("#card p")
    assert shown.page.inner_text("#words").strip() == "This picture is not published."
    assert not shown.page.locator("#portrait").is_visible()
    assert "1 not published" in shown.page.inner_text("#counts")
    assert far(shown.colour_at(place), (30, 40, 200)) > 150


def test_keys_alone_move_zoom_and_open(shown: Map):
    shown.open()
    shown.page.focus("#stage")
    for key in ("+", "ArrowRight", "ArrowUp"):
        shown.page.keyboard.press(key)
    shown.becomes(r"z=1\.(6|59\d+)&")
    shown.page.keyboard.press("0")
    shown.becomes(r"^#colour=cluster$")
    shown.page.keyboard.press("Enter")
    shown.page.wait_for_selector("#card .title")
    shown.page.keyboard.press("Escape")
    assert not shown.page.locator("#card").is_visible()
    shown.page.keyboard.press("?")
    assert shown.page.locator("#keys").is_visible()


def test_without_webgl_points_stand_for_the_pictures_and_it_is_said(
    browsers: Callable[[list[str]], Any], site: Site
):
    shown = Map(browsers(WITHOUT).new_page(viewport=SIZE), site).open("#colour=cluster&lit=cl-red")
    assert "no WebGL2" in shown.page.inner_text("#note")
    assert shown.page.is_disabled("#points")
    assert "cluster cl-red: 3 pictures" in shown.page.inner_text("#lit")
    ground = shown.colour_at((300, 690))
    for place in shown.places().values():
        assert far(shown.colour_at(place), ground) > 20
    shown.page.mouse.click(*shown.places()["a.jpg"])
    shown.page.wait_for_selector("#card .title")
    assert shown.page.locator("#portrait").is_visible()
    assert shown.problems == []
    shown.page.close()


def test_two_fingers_zoom_and_one_moves(browsers: Callable[[list[str]], Any], site: Site):
    context = browsers(WITH_WEBGL).new_context(has_touch=True, viewport=SIZE)
    shown = Map(context.new_page(), site).open()
    touch = context.new_cdp_session(shown.page)

    def touches(kind: str, *fingers: tuple[int, int]) -> None:
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(fingers)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touches("touchStart", (650, 400), (750, 400))
    for step in range(1, 6):
        touches("touchMove", (650 - 6 * step, 400), (750 + 6 * step, 400))
    touches("touchEnd")
    shown.settle()
    zoomed = re.search(r"x=([\d.]+).*z=([\d.]+)", shown.view())
    assert zoomed and float(zoomed[2]) == pytest.approx(1.6, rel=0.02)
    touches("touchStart", (700, 400))
    touches("touchMove", (640, 400))
    touches("touchEnd")
    shown.settle()
    moved = re.search(r"x=([\d.]+).*z=([\d.]+)", shown.view())
    assert moved and moved[2] == zoomed[2] and float(moved[1]) > float(zoomed[1])
    context.close()


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        ({"state": "empty", "words": "Run 'vsig run'.", "pages": []}, "There is no map yet"),
        ({"state": "failed", "words": "The disk is <b>full</b>.", "pages": []}, "<b>full</b>"),
        ({"state": "packing", "done": 3, "total": 9, "pages": []}, "The map is being drawn"),
        (None, "Reload to try again"),
    ],
)
def test_what_there_is_instead_of_a_map_is_told_in_words(
    browsers: Callable[[list[str]], Any], manifest: dict[str, Any] | None, words: str
):
    page = browsers(WITH_WEBGL).new_page()
    page.set_default_timeout(PATIENCE)
    answer = {"body": json.dumps(manifest)}
    page.route(
        "**/atlas.json",
        lambda route: route.fulfill(**answer) if manifest else route.abort(),
    )
    served = Site(STATIC)
    page.goto(served.address)
    page.wait_for_function(
        "words => document.getElementById('message').innerText.includes(words)", arg=words
    )
    assert page.locator("#message").is_visible()
    page.close()
    served.close()
