"""Asking web servers: what is kept, what is tried again, what is refused."""

import dataclasses
import os
import pickle
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from web_server import Answer, WebServer

from vsig_core.errors import FetchError, PictureError
from vsig_core.settings import WebSettings
from vsig_core.web import Web
from vsig_core.web.addresses import check_peer, host_of
from vsig_core.web.pace import Pace

HASTY = WebSettings(requests_per_second=1000, timeout_seconds=2, longest_wait_seconds=2)


@pytest.fixture
def web(tmp_path: Path) -> Web:
    return Web(tmp_path / "web", HASTY, frozenset({"127.0.0.1"}))


def any_size(_size: int) -> None:
    """No limit."""


def reset(web: Web, **settings: float) -> Web:
    return dataclasses.replace(web, settings=HASTY.model_copy(update=settings))


def age(web: Web, hours: float) -> None:
    """Make all that was fetched older."""
    for path in web.folder.glob("*/??/*"):
        then = time.time() - hours * 3600
        os.utime(path, (then, then))


# What is kept


def test_what_is_fresh_is_not_asked_for_again(web: Web, server: WebServer):
    url = server.put("/a.jpg", b"picture")
    for _ in range(3):
        assert web.picture(url, any_size).data == b"picture"
    assert server.paths() == ["/a.jpg"]


def test_what_is_old_is_fetched_only_if_it_changed(web: Web, server: WebServer):
    url = server.put_json("/m", {"one": 1})
    first = web.document(url)
    age(web, 25)
    assert web.document(url).data == first.data
    assert server.asked[-1].headers["If-None-Match"] == first.head.etag
    assert web.document(url).data == first.data and len(server.asked) == 2  # 304 made it fresh
    server.put_json("/m", {"two": 2})
    age(web, 25)
    assert web.document(url).data == b'{"two": 2}'


def test_last_modified_serves_where_there_is_no_etag(web: Web, server: WebServer):
    said = "Wed, 21 Oct 2015 07:28:00 GMT"
    server.answer("/m", Answer(body=b"x", headers={"Last-Modified": said}))
    url = f"{server.address}/m"
    web.document(url)
    server.answer("/m", Answer(304))
    assert web.document(url, fresh_hours=0).data == b"x"
    assert server.asked[-1].headers["If-Modified-Since"] == said


def test_what_changed_since_is_asked_for_though_it_is_fresh(web: Web, server: WebServer):
    url = server.put("/a.jpg", b"old")
    web.picture(url, any_size)
    server.put("/a.jpg", b"new")
    later = datetime.now(UTC) + timedelta(seconds=1)
    assert web.picture(url, any_size).data == b"old"
    assert web.picture(url, any_size, newer_than=later).data == b"new"


def test_an_old_document_serves_while_its_server_is_down_and_says_so(web: Web, server: WebServer):
    url = server.put_json("/m", {})
    web.document(url)
    server.answer("/m", Answer(500))
    old = reset(web, tries=1).document(url, fresh_hours=0)
    assert old.data == b"{}" and old.stale and "500" in old.stale
    server.remove("/m")
    server.forget()
    assert web.document(url, fresh_hours=0).stale == old.stale
    assert server.asked == []  # it was asked a moment ago
    age(web, 1)
    with pytest.raises(FetchError, match="missing"):
        web.document(url, fresh_hours=0)


def test_a_damaged_copy_is_fetched_anew(web: Web, server: WebServer):
    url = server.put("/a.jpg", b"picture")
    web.picture(url, any_size)
    (path,) = web.folder.glob("pictures/??/*")
    for damaged in (b"", b"{}\nx", path.read_bytes()[:-1], b"\xff\xfe\n", b"[1]\n"):
        path.write_bytes(damaged)
        assert web.picture(url, any_size).data == b"picture"


def test_pictures_long_read_and_what_is_forgotten_are_deleted(web: Web, server: WebServer):
    urls = [server.put(f"/{n}.jpg", b"x") for n in range(2)]
    for url in urls:
        web.picture(url, any_size)
    web.forget(urls[0])
    web.forget(urls[0])
    assert len(list(web.folder.glob("pictures/??/*"))) == 1
    web.forget_old_pictures()
    assert len(list(web.folder.glob("pictures/??/*"))) == 1
    age(web, 24 * 8)
    web.forget_old_pictures()
    assert not list(web.folder.glob("pictures/??/*"))


# What is tried again


@pytest.mark.parametrize(
    "fault",
    [
        Answer(503),
        Answer(429, headers={"Retry-After": "1"}),
        Answer(503, headers={"Retry-After": format_datetime(datetime.now(UTC), usegmt=True)}),
        Answer(500, headers={"Retry-After": "soon"}),
        Answer(503, headers={"Retry-After": "²"}),
        Answer(503, headers={"Retry-After": f"Thu, 01 Jan {10**20} 00:00:00 GMT"}),
        Answer(body=b"picture", cut=3),
        Answer(body=b"picture", cut=0),
    ],
)
def test_what_passes_is_tried_again(web: Web, server: WebServer, fault: Answer):
    url = server.put("/a.jpg", b"picture")
    server.fail_first("/a.jpg", fault)
    assert web.picture(url, any_size).data == b"picture"
    assert server.paths() == ["/a.jpg", "/a.jpg"]


def test_what_lasts_is_unreachable_after_some_tries(web: Web, server: WebServer):
    url = server.answer("/a.jpg", Answer(502))
    with pytest.raises(FetchError, match=r"unreachable.*502.*tried 2 times"):
        reset(web, tries=2).picture(url, any_size)
    assert len(server.asked) == 2


def test_what_is_not_there_or_not_allowed_is_asked_for_once(web: Web, server: WebServer):
    for status, reason in ((404, "missing"), (410, "missing"), (403, "unreachable")):
        server.answer("/a.jpg", Answer(status))
        server.forget()
        with pytest.raises(FetchError, match=f"{reason}: .*{status}"):
            web.picture(f"{server.address}/a.jpg", any_size)
        assert len(server.asked) == 1


def test_a_server_that_asks_for_a_long_rest_gets_it(web: Web, server: WebServer):
    server.put("/b.jpg", b"x")
    url = server.put("/a.jpg", b"x")
    server.fail_first("/a.jpg", Answer(429, headers={"Retry-After": "900"}))
    with pytest.raises(FetchError, match=r"unreachable.*alone for (900|899)"):
        web.picture(url, any_size)
    with pytest.raises(FetchError, match=r"unreachable.*alone for"):
        web.picture(f"{server.address}/b.jpg", any_size)
    assert server.paths() == ["/a.jpg"]


def test_nobody_there_is_unreachable(web: Web):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/a.jpg"
    with pytest.raises(FetchError, match=r"unreachable.*NewConnectionError.*refused"):
        reset(web, tries=1).picture(url, any_size)


def test_a_silent_server_is_not_waited_for_for_ever(web: Web):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/a.jpg"
        with pytest.raises(FetchError, match="unreachable"):
            reset(web, tries=1, timeout_seconds=0.2).picture(url, any_size)


# Bounds


def test_the_size_is_told_before_the_body_is_read(web: Web, server: WebServer):
    url = server.put("/a.jpg", b"12345")

    def refuse(size: int) -> None:
        raise PictureError("too_many_bytes", str(size))

    with pytest.raises(PictureError, match="too_many_bytes: 5"):
        web.picture(url, refuse)


@pytest.mark.parametrize("length", ["9" * 5000, "²", "many"])
def test_a_length_that_is_no_number_is_passed_over(web: Web, server: WebServer, length: str):
    url = server.answer("/a.jpg", Answer(body=b"x", headers={"Content-Length": length}, cut=1))
    assert web.picture(url, any_size).data == b"x"


def test_an_endless_answer_is_cut_off(web: Web, server: WebServer):
    url = server.answer("/m", Answer(endless=True))
    with pytest.raises(FetchError, match="too_many_bytes"):
        reset(web, max_document_bytes=1_000_000).document(url)
    with pytest.raises(FetchError, match=r"unreachable.*not all of it came"):
        reset(web, longest_seconds=0.05, tries=1).picture(url, any_size)


# Where requests go


def test_redirects_are_followed_to_the_end(web: Web, server: WebServer):
    server.put("/c.jpg", b"x")
    server.answer("/b.jpg", Answer(301, headers={"Location": "/c.jpg"}))
    url = server.answer("/a.jpg", Answer(307, headers={"Location": f"{server.address}/b.jpg"}))
    found = web.picture(url, any_size)
    assert found.data == b"x" and found.head.url == f"{server.address}/c.jpg"


def test_a_ring_of_redirects_ends(web: Web, server: WebServer):
    url = server.answer("/a.jpg", Answer(302, headers={"Location": "/a.jpg"}))
    with pytest.raises(FetchError, match="sent on more than 5 times"):
        web.picture(url, any_size)


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "ftp://example.org/a",
        "gopher://x",
        "//169.254.169.254/latest",
        "http://[",
    ],
)
def test_redirects_elsewhere_are_refused(web: Web, server: WebServer, target: str):
    url = server.answer("/a.jpg", Answer(302, headers={"Location": target}))
    with pytest.raises(FetchError, match="forbidden"):
        web.picture(url, any_size)
    assert server.paths() == ["/a.jpg"]


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "s3://b/k", "/etc/passwd", "http://", "http://a:b@h/", "http://h:x/",
     "javascript:alert(1)", "http://[::1", ""],
)  # fmt: skip
def test_an_address_of_another_kind_is_refused(web: Web, url: str):
    with pytest.raises(FetchError, match="forbidden"):
        web.document(url)


def test_a_private_host_has_to_be_named_by_the_project(web: Web, server: WebServer):
    url = server.put("/a.jpg", b"x")
    with pytest.raises(FetchError, match=r"forbidden.*private network.*private_hosts"):
        dataclasses.replace(web, private_hosts=frozenset()).picture(url, any_size)
    assert server.asked == []


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "fe80::1%eth0", "::ffff:169.254.0.1", "0.0.0.0", "224.0.0.1", "10.0.0.1",
     "192.168.1.1", "127.0.0.1", "::1", "fc00::1", "::ffff:10.0.0.1"],
)  # fmt: skip
def test_addresses_that_the_open_web_has_no_business_to_name(address: str):
    with pytest.raises(FetchError, match="forbidden"):
        check_peer("museum.example", address, frozenset())


def test_link_local_addresses_are_refused_though_named():
    with pytest.raises(FetchError, match="no address of the web"):
        check_peer("h", "169.254.169.254", frozenset({"h"}))
    check_peer("h", "10.0.0.1", frozenset({"h"}))
    check_peer("museum.example", "93.184.216.34", frozenset())


def test_hosts_are_compared_in_lower_case():
    assert host_of("HTTP://Museum.Example:80/A") == "museum.example"


# Manners


def test_servers_are_told_who_asks(web: Web, server: WebServer):
    contact = web.settings.model_copy(update={"contact": "mailto:anna@lab.example"})
    dataclasses.replace(web, settings=contact).picture(server.put("/a.jpg", b"x"), any_size)
    agent = server.asked[0].headers["User-Agent"]
    assert agent.startswith("vsig/") and "mailto:anna@lab.example" in agent


def test_a_host_gets_its_pauses_whoever_asks(tmp_path: Path):
    """A law over several at once: each turn moves the next one by the interval."""
    begun = time.time()

    def ask() -> None:
        for _ in range(4):
            Pace(tmp_path, 0.02, 10).wait_for_turn("h")

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    (path,) = tmp_path.iterdir()
    assert float(path.read_text()) >= begun + 12 * 0.02 - 1e-6


def test_a_clock_that_was_set_back_holds_nothing_up(tmp_path: Path):
    pace = Pace(tmp_path, 0.01, 1)
    pace.wait_for_turn("h")
    (path,) = tmp_path.iterdir()
    path.write_text(repr(time.time() + 1e6))
    pace.wait_for_turn("h")
    path.write_text("half a num")
    pace.wait_for_turn("h")


def test_it_travels_to_workers(web: Web, server: WebServer):
    url = server.put("/a.jpg", b"x")
    assert pickle.loads(pickle.dumps(web)).picture(url, any_size).data == b"x"
    error = pickle.loads(pickle.dumps(FetchError("missing", "gone")))
    assert (error.reason, error.detail) == ("missing", "gone")
