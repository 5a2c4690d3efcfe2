"""The frame of the review app: who is asking, forged requests, pages for what goes wrong."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from vsig_core.cli import build
from vsig_core.errors import InputError
from vsig_core.project import Project, init_project
from vsig_core.review.app import create_app
from vsig_core.review.app.person import clean_name
from vsig_core.review.app.signing import Signer


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project that was never run."""
    return init_project(tmp_path / "p")


@pytest.fixture
def browser(project: Project) -> Iterator[TestClient]:
    app = create_app(project)
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client


def token(browser: TestClient) -> str:
    found = re.search('name="csrf" content="([^"]+)"', browser.get("/name").text)
    assert found
    return found[1]


def say_name(browser: TestClient, name: str, **more: str):
    return browser.post("/name", data={"name": name, "csrf": token(browser), **more})


def test_a_name_is_asked_once_and_kept(browser: TestClient):
    asked = browser.get("/")
    assert asked.url.path == "/name" and "Your name" in asked.text
    said = say_name(browser, "  Anna\n Rossi ", next="/")
    assert said.url.path == "/" and ">Anna Rossi<" in said.text


def test_a_name_outlives_the_server(project: Project, browser: TestClient):
    say_name(browser, "Anna")
    with TestClient(create_app(project), base_url="http://127.0.0.1") as again:
        again.cookies = browser.cookies
        assert ">Anna<" in again.get("/").text


def test_a_cookie_that_was_changed_names_nobody(browser: TestClient):
    say_name(browser, "Anna")
    (name,) = (name for name in browser.cookies if name.startswith("vsig_name"))
    browser.cookies.clear()
    browser.cookies.set(name, Signer(b"another secret").close("Luca"))
    assert browser.get("/").url.path == "/name"


def test_a_name_is_kept_for_each_project_of_a_machine(browser: TestClient, tmp_path: Path):
    say_name(browser, "Anna")
    other = init_project(tmp_path / "other")
    with TestClient(create_app(other), base_url="http://127.0.0.1") as beside:
        beside.cookies = browser.cookies  # browsers tell ports of a machine not apart
        say_name(beside, "Luca")
        assert ">Luca<" in beside.get("/").text and ">Anna<" in browser.get("/").text


def test_a_request_from_elsewhere_changes_nothing(browser: TestClient):
    browser.get("/name")
    assert browser.post("/name", data={"name": "Anna"}).status_code == 403
    assert browser.post("/name", data={"name": "Anna", "csrf": "x"}).status_code == 403
    assert "out of date" in browser.post("/name", data={"name": "Anna"}).text
    assert browser.get("/").url.path == "/name"


def test_a_foreign_name_of_this_machine_is_refused(browser: TestClient):
    assert browser.get("/", headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_the_way_on_leads_nowhere_else(browser: TestClient, target: str):
    assert say_name(browser, "Anna", next=target).url.host == "127.0.0.1"


def test_what_is_not_there_is_a_clear_page(browser: TestClient):
    say_name(browser, "Anna")
    lost = browser.get("/nope")
    assert lost.status_code == 404 and "There is no such page." in lost.text
    unknown = browser.get("/picture", params={"uid": "<b>x</b>"})
    assert unknown.status_code == 404 and "&lt;b&gt;x" in unknown.text


def test_scripts_get_their_fault_as_json(browser: TestClient):
    say_name(browser, "Anna")
    lost = browser.get("/nope", headers={"Accept": "application/json"})
    assert lost.json() == {"error": "There is no such page."}


def test_every_answer_forbids_foreign_script(browser: TestClient):
    for path in ("/name", "/nope", "/static/app.css"):
        policy = browser.get(path).headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "script-src 'self'" in policy
        assert "unsafe" not in policy


def test_a_name_has_no_line_ends_and_an_end():
    assert clean_name("a\r\nb\tc") == "a b c"
    assert len(clean_name("x" * 1000)) == 80
    assert clean_name(" \n") == ""


def test_a_port_that_is_taken_is_told_before_any_address(project: Project):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        words = ["--project", str(project.folder), "review", "--port", str(port)]
        done = CliRunner().invoke(build(), words)
    assert isinstance(done.exception, InputError) and f":{port} cannot" in str(done.exception)
    assert "Review app" not in done.output
