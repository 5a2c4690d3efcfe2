"""Writes docs/images/review-*.jpg: pages of the review app on a project, such as `make demo` makes.

    .venv/bin/python docs/write_screens.py demo

Needs Debian's Chromium and playwright. Judgements are not written.
"""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import uvicorn
from playwright.sync_api import Page, sync_playwright

from vsig_core.project import Project, open_project
from vsig_core.review.app import create_app

IMAGES = Path(__file__).parent / "images"
SIZE = {"width": 1440, "height": 900}


@contextmanager
def served(project: Project) -> Iterator[str]:
    """The app on a port of its own."""
    config = uvicorn.Config(create_app(project), host="127.0.0.1", port=0, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def pages(project: Project) -> dict[str, str]:
    """Name of a picture to the address that it shows."""
    members = project.store.read("components").to_pylist()
    names = [row["component"] for row in members]
    largest = max(sorted(set(names)), key=names.count)
    uid = next(row["uid"] for row in members if row["component"] == largest)
    queue = project.store.read("review_queue").to_pylist()
    full = next(row for row in queue if row["cluster"] and len(row["images"]) > 5)
    return {
        "queue": "/",
        "group": f"/cluster/{quote(full['cluster'])}",
        "find": f"/near?uid={quote(uid)}",
        "morphograph": f"/morphograph/{quote(largest)}",
        "conflicts": "/conflicts",
        "learn": "/learn",
    }


def shoot(page: Page, address: str, name: str, path: str) -> None:
    """One page, when all its pictures are there."""
    page.goto(address + path)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=IMAGES / f"review-{name}.jpg", type="jpeg", quality=72)


def main() -> None:
    """Shoot all pages."""
    project = open_project(Path(sys.argv[1]))
    with served(project) as address, sync_playwright() as started:
        chromium = started.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        page = chromium.new_page(viewport=SIZE)
        page.set_default_timeout(120_000)
        page.goto(f"{address}/name")
        page.get_by_label("Your name").fill("Anna")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{address}/")
        for name, path in pages(project).items():
            shoot(page, address, name, path)
        chromium.close()


if __name__ == "__main__":
    main()
