"""Reading pictures of the web: broken off and gone on with, unreachable and kept."""

import dataclasses
import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest
from corpus_pictures import drawing, encoded
from iiif_documents import canvas3, collection3, image3, manifest3
from web_server import Answer, WebServer

from vsig_core.corpus import list_source, plan_batches, read_batch
from vsig_core.corpus.originals import hosts_named
from vsig_core.settings import ImagesSettings, SourceSettings, WebSettings
from vsig_core.store import Objects, empty
from vsig_core.web import Web

SETTINGS = ImagesSettings()
COUNT = 120


@pytest.fixture
def web(tmp_path: Path) -> Web:
    settings = WebSettings(requests_per_second=1000, tries=1)
    return Web(tmp_path / "web", settings, frozenset({"127.0.0.1"}))


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects(str(tmp_path / "store"))


@pytest.fixture
def pool() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as executor:
        yield executor


@pytest.fixture
def table(server: WebServer, tmp_path: Path) -> Path:
    """A table of pictures on the server."""
    data = encoded(drawing(1))
    rows = [server.put(f"/{number}.jpg", data + bytes([number])) for number in range(COUNT)]
    path = tmp_path / "list.csv"
    path.write_text("url\n" + "\n".join(rows) + "\n")
    return path


def plan(table: Path, web: Web) -> pa.Table:
    listing = list_source(SourceSettings(uri=str(table)), table.parent, web)
    return plan_batches(empty("batches"), listing, 500).table


def test_a_reading_that_broke_off_fetches_only_what_it_lacks(
    server: WebServer, web: Web, objects: Objects, pool: Executor, table: Path
):
    planned = plan(table, web)

    def break_off(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), ThreadPoolExecutor(2) as first:
        read_batch(planned, empty("images"), objects, SETTINGS, first, break_off, web=web)
    assert len(server.paths()) < COUNT
    read = read_batch(planned, empty("images"), objects, SETTINGS, pool, web=web)
    assert read.images.num_rows == COUNT
    assert sorted(server.paths()) == sorted(f"/{number}.jpg" for number in range(COUNT))


def test_a_known_picture_whose_server_is_down_stays_as_it_was(
    server: WebServer, web: Web, objects: Objects, pool: Executor, table: Path
):
    planned = plan(table, web)
    first = read_batch(planned, empty("images"), objects, SETTINGS, pool, web=web)
    for number in range(COUNT):
        web.forget(f"{server.address}/{number}.jpg")
        server.answer(f"/{number}.jpg", Answer(503) if number else Answer(404))
    again = read_batch(planned, first.images, objects, SETTINGS, pool, decode_again=True, web=web)
    assert again.images.num_rows == COUNT - 1
    assert again.images.to_pylist() == first.images.to_pylist()[1:]
    reasons = again.rejected["reason"].to_pylist()
    assert sorted(reasons) == ["missing"] + ["unreachable"] * (COUNT - 1)


def test_without_leave_nothing_is_fetched(
    server: WebServer, web: Web, objects: Objects, pool: Executor, table: Path
):
    planned = plan(table, web)
    read = read_batch(planned, empty("images"), objects, SETTINGS, pool)
    assert set(read.rejected["reason"].to_pylist()) == {"forbidden"} and server.asked == []


def test_a_picture_that_is_too_large_is_refused_before_it_comes(
    server: WebServer, web: Web, objects: Objects, pool: Executor, table: Path
):
    planned = plan(table, web)
    small = SETTINGS.model_copy(update={"max_bytes": 10})
    read = read_batch(planned, empty("images"), objects, small, pool, web=web)
    assert set(read.rejected["reason"].to_pylist()) == {"too_many_bytes"}


# Whom a project trusts


def test_a_table_of_the_project_may_name_its_own_network_and_a_page_of_the_web_may_not(
    server: WebServer, web: Web, objects: Objects, pool: Executor, table: Path
):
    strict = dataclasses.replace(web, private_hosts=frozenset())
    planned = plan(table, strict)
    read = read_batch(planned, empty("images"), objects, SETTINGS, pool, web=strict)
    assert read.images.num_rows == COUNT
    stranger = pa.array(["https://museum.example/list.csv"] * COUNT)
    place = planned.schema.get_field_index("source")
    elsewhere = planned.set_column(place, planned.schema.field("source"), stranger)
    strict = dataclasses.replace(strict, folder=table.parent / "another")
    read = read_batch(elsewhere, empty("images"), objects, SETTINGS, pool, web=strict)
    assert set(read.rejected["reason"].to_pylist()) == {"forbidden"}


def test_a_document_of_the_project_leads_into_its_own_network_but_not_from_there_to_others(
    server: WebServer, web: Web, tmp_path: Path
):
    strict = dataclasses.replace(web, private_hosts=frozenset())
    where = f"{server.address}/m"
    server.put_json("/m", manifest3(where, canvas3(f"{where}/c", image3("http://10.0.0.1/a.jpg"))))
    (tmp_path / "all.json").write_text(json.dumps(collection3("urn:x", ("Manifest", where))))
    (file,) = list_source(SourceSettings(uri="all.json"), tmp_path, strict).files
    own = ("all.json", f"{server.address}/a.jpg", where)
    assert hosts_named([("all.json", file.uri, file.metadata["manifest"])]) == set()
    assert hosts_named([own]) == {"127.0.0.1"}


def test_a_person_who_asks_sees_what_is_new_at_once(server: WebServer, web: Web, tmp_path: Path):
    source = SourceSettings(uri=server.put("/list.csv", b"url\nhttp://a.example/1.jpg\n"))
    assert len(list_source(source, tmp_path, web).files) == 1
    server.put("/list.csv", b"url\nhttp://a.example/1.jpg\nhttp://a.example/2.jpg\n")
    for path in web.folder.glob("documents/??/*"):
        then = time.time() - 30
        os.utime(path, (then, then))
    assert len(list_source(source, tmp_path, web).files) == 1
    assert len(list_source(source, tmp_path, web.at_once()).files) == 2
