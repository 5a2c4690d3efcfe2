"""Nonsense in addresses and bodies: a clear page or a clear sentence, never a traceback."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from conftest import Browser
from judging_project import PAIR, SEVEN
from live_server import rows_in
from starlette.routing import BaseRoute, Mount, Route

from vsig_core.project import Project

NONSENSE = (
    "", "0", "-1", "²", "9" * 40, "a\x00b", "<script>alert(1)</script>", "../../etc/passwd",
    "a" * 2000, "🎨\u202e", "[]", "1,1,1,1", "nan,inf,0,0", "gone.jpg",
)  # fmt: skip
NAMES = (
    "uid", "a", "b", "box", "key", "with", "q", "from", "page", "sort", "only", "edition", "order",
    "side", "size", "id", "back", "settled", "next", "name",
)  # fmt: skip
CLEAR = {200, 304, 400, 404, 503}


def addresses(routes: list[BaseRoute], before: str = "") -> Iterator[str]:
    """Every address that is read from, with its parameters open."""
    for route in routes:
        if isinstance(route, Mount):
            yield from addresses(route.routes, before + route.path)
        elif isinstance(route, Route) and "GET" in (route.methods or ()):
            yield before + route.path


@pytest.mark.parametrize("word", NONSENSE, ids=lambda word: repr(word[:12]))
def test_no_address_with_nonsense_is_a_traceback(anna: Browser, word: str):
    app: Any = anna.app
    for address in sorted(set(addresses(app.routes))):
        path = "/".join(
            quote(word or "x", safe="") if part.startswith("{") else part
            for part in address.split("/")
        )
        answer = anna.get(path, params=dict.fromkeys(NAMES, word))
        assert answer.status_code in CLEAR, (path, answer.status_code)
        assert "<script>alert" not in answer.text, path


@pytest.mark.parametrize("path", ["/acts", "/here", "/find/picture"])
@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"act": 7}', b"[" * 900]
)
def test_no_body_of_nonsense_is_a_traceback(
    anna: Browser, project: Project, path: str, body: bytes
):
    headers = {"X-CSRF-Token": anna.token(), "Accept": "application/json"}
    answer = anna.post(path, content=body, headers=headers)
    assert answer.status_code in CLEAR and answer.json()["error"]
    assert list(project.inbox.list()) == []


@pytest.mark.parametrize("path", ["/acts", "/here", "/find/picture"])
def test_an_address_that_only_takes_what_is_sent_says_so_in_the_address_bar(
    anna: Browser, path: str
):
    answer = anna.get(path)
    assert answer.status_code == 405
    assert "no page at this address" in answer.text and 'href="/"' in answer.text
    assert "Method Not Allowed" not in answer.text


def test_a_nul_in_what_a_person_typed_loses_no_judgement(anna: Browser, project: Project):
    said = anna.judge(1, "same", ticked=PAIR, motif="the\x00hand")
    assert said.status_code == 200
    (row,) = rows_in(project)
    assert row["motif"] == "the hand"


def test_a_picture_that_is_gone_or_damaged_is_said_and_its_pages_stay(
    anna: Browser, project: Project
):
    rows = {row["uid"]: row for row in project.store.read("images").to_pylist()}
    files = project.store.files
    files.remove(f"objects/{rows[PAIR[0]]['working']}")
    files.write(f"objects/{rows[SEVEN[1]]['working']}", b"no picture")
    for uid, words in ((PAIR[0], "cannot be read"), (SEVEN[1], "damaged")):
        answer = anna.get("/picture", params={"uid": uid}, headers={"Accept": "application/json"})
        assert answer.status_code == 503 and words in answer.json()["error"]
        assert anna.get("/near", params={"uid": uid}).status_code == 200
        thumb = anna.get("/picture", params={"uid": uid, "size": "thumb"})
        assert thumb.status_code == 200 and thumb.content == rows[uid]["thumb"], "the table has it"
    assert anna.get("/cluster/cl-seven").status_code == 200
    assert anna.get("/pair", params={"a": PAIR[0], "b": PAIR[1]}).status_code == 200
