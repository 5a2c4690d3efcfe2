"""Writes docs/images/review-*.jpg: pages of the review app on a project, such as `make demo` makes.

    .venv/bin/python docs/write_screens.py demo
    .venv/bin/python docs/write_screens.py demo --all --tablet --into /tmp/looks

Needs Debian's Chromium and playwright. Judgements are not written.
"""

import argparse
from collections import Counter
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Page, Playwright, sync_playwright

from vsig_core.project import Project, open_project
from vsig_core.review.app import served

IMAGES = Path(__file__).parent / "images"
PATIENCE = 300_000  # milliseconds: the map is drawn by software here
WEBGL = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")


OTHERS = {name: f"/{name}" for name in ("duplicates", "pairs", "people", "second", "history")}
"""Pages that the documents do not show."""


def pages(project: Project) -> dict[str, str]:
    """Name of a picture to the address that it shows."""
    members = project.store.read("components").to_pylist()
    names = [row["component"] for row in members]
    largest = max(sorted(set(names)), key=names.count)
    uid = next(row["uid"] for row in members if row["component"] == largest)
    queue = project.store.read("review_queue").to_pylist()
    full = next(row for row in queue if row["cluster"] and len(row["images"]) > 5)
    pair = next(row["images"] for row in queue if row["kind"] == "pair")
    return {
        "queue": "/",
        "group": f"/cluster/{quote(full['cluster'])}",
        "pair": f"/pair?a={quote(pair[0])}&b={quote(pair[1])}",
        "find": f"/near?uid={quote(uid)}",
        "morphograph": f"/morphograph/{quote(largest)}",
        "conflicts": "/conflicts",
        "learn": "/learn",
        "map": "/map/",
        "map-near": f"/map/#colour=cluster&lit={quote(_largest_cluster(project))}"
        f"&picture={quote(_shown(project))}",
    }


def _largest_cluster(project: Project) -> str:
    clusters = Counter(filter(None, project.store.read("clusters")["cluster"].to_pylist()))
    return max(sorted(clusters), key=clusters.__getitem__)


def _shown(project: Project) -> str:
    """A picture of the largest cluster."""
    rows = project.store.read("clusters").to_pylist()
    largest = _largest_cluster(project)
    return min(row["uid"] for row in rows if row["cluster"] == largest)


def shoot(page: Page, address: str, path: str, out: Path) -> None:
    """One page, when all its pictures are there."""
    page.goto("about:blank")  # else an address that differs behind # alone opens nothing
    page.goto(address + path)
    page.wait_for_load_state("networkidle")
    if path.startswith("/map/"):
        page.wait_for_selector("#message", state="hidden")
        page.wait_for_selector("#stage[aria-busy=false]")
        if "picture=" in path:
            page.wait_for_selector("#card .title")
            page.wait_for_load_state("networkidle")
            page.wait_for_selector("#stage[aria-busy=false]")
    page.screenshot(path=out, type="jpeg", quality=72)


def open_page(playwright: Playwright, address: str, *, tablet: bool) -> Page:
    """A browser of the size of a laptop or a tablet, in which a name was said."""
    browser = playwright.chromium.launch(
        executable_path="/usr/bin/chromium", args=["--no-sandbox", *WEBGL]
    )
    page = browser.new_page(
        viewport={"width": 820, "height": 1180} if tablet else {"width": 1440, "height": 900},
        has_touch=tablet,
    )
    page.set_default_timeout(PATIENCE)
    page.goto(f"{address}/name")
    page.get_by_label("Your name").fill("Anna")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/")
    return page


def main() -> None:
    """Shoot all pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("--into", type=Path, default=IMAGES)
    parser.add_argument("--tablet", action="store_true")
    parser.add_argument("--all", action="store_true", help="Also pages that no document shows.")
    given = parser.parse_args()
    given.into.mkdir(parents=True, exist_ok=True)
    project = open_project(given.project)
    with served(project) as address, sync_playwright() as playwright:
        page = open_page(playwright, address, tablet=given.tablet)
        for name, path in (pages(project) | (OTHERS if given.all else {})).items():
            shoot(page, address, path, given.into / f"review-{name}.jpg")


if __name__ == "__main__":
    main()
