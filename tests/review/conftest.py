"""The review app on a small finished project."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from judging_project import make_project
from starlette.testclient import TestClient

from vsig_core.project import Project, open_project
from vsig_core.review.app import create_app


class Browser(TestClient):
    """A person's browser; knows the token of the page it is on."""

    def token(self) -> str:
        found = re.search('name="csrf" content="([^"]+)"', self.get("/name").text)
        assert found
        return found[1]

    def say_name(self, name: str) -> None:
        self.post("/name", data={"name": name, "csrf": self.token()})

    def judge(self, number: int, kind: str, **wish: Any):
        """POST an act; the number stands for the id that a browser makes."""
        whole = {"act": f"a-{number:032x}", "kind": kind, **wish}
        headers = {"X-CSRF-Token": self.token(), "Accept": "application/json"}
        return self.post("/acts", json=whole, headers=headers)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once; copied for each test."""
    folder = tmp_path_factory.mktemp("judging")
    make_project(folder)
    return folder


@pytest.fixture
def project(finished: Path, tmp_path: Path) -> Project:
    shutil.copytree(finished / "p", tmp_path / "p")
    return open_project(tmp_path / "p")


@pytest.fixture
def open_browser(project: Project) -> Iterator[Callable[..., Browser]]:
    """Opens a browser on a server of its own on the project, and says a name."""
    opened: list[Browser] = []

    def open_one(name: str = "Anna") -> Browser:
        browser = Browser(
            create_app(project), base_url="http://127.0.0.1", raise_server_exceptions=False
        )
        browser.__enter__()
        opened.append(browser)
        browser.say_name(name)
        return browser

    yield open_one
    for browser in opened:
        browser.__exit__()


@pytest.fixture
def anna(open_browser: Callable[..., Browser]) -> Browser:
    return open_browser()
