import re
import time
from pathlib import Path
from typing import Any

import pytest
from map_project import make_project, write_map
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from vsig_core.current import taken_down
from vsig_core.project import Project, init_project
from vsig_core.review.app import create_app
from vsig_core.review.atlas import MapLinks, map_routes, serving
from vsig_core.review.atlas.packing import pack
from vsig_core.store import Provenance, Store, empty
from vsig_core.upkeep import Request as TakeDownRequest
from vsig_core.upkeep import delete, plan_take_down, stale_caches, take_down

NO_LINKS = MapLinks()


def client(project: Project, links: MapLinks = NO_LINKS) -> TestClient:
    return TestClient(Starlette(routes=[Mount("/some/map", routes=map_routes(project, links))]))


def packed(asked: TestClient) -> dict[str, Any]:
    """The manifest, once it is not being packed any more."""
    while True:
        manifest = asked.get("/some/map/atlas.json").json()
        if manifest["state"] != "packing":
            return manifest
        time.sleep(0.05)


def test_the_page_and_all_that_it_names_are_served_behind_any_prefix(tmp_path: Path):
    asked = client(make_project(tmp_path / "p"), MapLinks(cluster="../cluster/{cluster}"))
    page = asked.get("/some/map/")
    assert (
        page.status_code == 200 and "default-src 'none'" in page.headers["content-security-policy"]
    )
    for name in ("main.js", "map.css", "unpack-worker.js", "icon.svg"):
        assert asked.get(f"/some/map/{name}").status_code == 200, name
    manifest = packed(asked)
    assert manifest["state"] == "ready" and manifest["links"]["cluster"] == "../cluster/{cluster}"
    base = f"/some/map/{manifest['version']}"
    for name in (
        "points.bin",
        "colours-cluster.bin",
        "colours-period.bin",
        "uids.json",
        "about-0.json",
        "small-0.jpg",
        "large-0.jpg",
    ):
        answer = asked.get(f"{base}/{name}")
        assert answer.status_code == 200 and "immutable" in answer.headers["cache-control"], name


def test_the_map_has_the_head_of_the_app(tmp_path: Path):
    project = make_project(tmp_path / "p")
    with TestClient(create_app(project), base_url="http://127.0.0.1") as asked:
        (token,) = re.findall('name="csrf" content="([^"]+)"', asked.get("/name").text)
        asked.post("/name", data={"name": "Anna", "csrf": token})
        while (manifest := asked.get("/map/atlas.json").json())["state"] == "packing":
            time.sleep(0.05)
    assert (manifest["project"], manifest["person"]) == ("p", "Anna")
    assert ["Queue", "../"] in manifest["pages"]
    assert manifest["links"]["together"] == "../set" and manifest["links"]["most_together"] == 60


def test_inside_the_project_unpublished_pictures_are_shown(tmp_path: Path):
    asked = client(make_project(tmp_path / "p", a={"publish": "none"}))
    assert packed(asked)["told"] == 8


@pytest.mark.parametrize(
    "name",
    ["thumbs.bin", "pack.json", "large-1.jpg", "about-9.json", "../vsig.toml", "%2e%2e/vsig.toml"],
)
def test_nothing_but_the_parts_of_a_pack_is_served(tmp_path: Path, name: str):
    asked = client(make_project(tmp_path / "p"))
    version = packed(asked)["version"]
    assert asked.get(f"/some/map/{version}/{name}").status_code == 404
    assert asked.get(f"/some/map/{'0' * 16}/points.bin").status_code == 404
    assert asked.get("/some/map/..%2fserving.py").status_code == 404


def test_newer_tables_are_shown_without_a_restart_and_open_pages_go_on(tmp_path: Path):
    project = make_project(tmp_path / "p")
    asked = client(project)
    before = packed(asked)["version"]
    write_map(project.store)
    after = packed(asked)["version"]
    assert after != before
    assert asked.get(f"/some/map/{before}/points.bin").status_code == 200
    write_map(project.store)
    assert packed(asked)["version"] not in {before, after}
    assert asked.get(f"/some/map/{before}/points.bin").status_code == 404


def test_what_was_packed_before_is_there_at_once_in_a_new_server(tmp_path: Path):
    project = make_project(tmp_path / "p")
    packed(client(project))
    assert client(project).get("/some/map/atlas.json").json()["state"] == "ready"


def test_a_project_never_run_says_what_to_do(tmp_path: Path):
    project = init_project(tmp_path / "p")
    manifest = packed(client(project))
    assert manifest["state"] == "empty" and "[[source]]" in manifest["words"]
    make_project(tmp_path / "q")
    store = Store(project.store.location.root)
    store.write("corpus", empty("corpus"), Provenance("corpus"))
    assert packed(client(project))["state"] == "empty"


def test_a_store_that_is_gone_is_told_in_words(tmp_path: Path):
    project = make_project(tmp_path / "p")
    asked = client(project)
    packed(asked)
    (tmp_path / "p" / "store").rename(tmp_path / "elsewhere")
    manifest = packed(asked)
    assert manifest["state"] == "failed" and "vanished" in manifest["words"]


def test_a_packed_map_is_a_stale_cache_as_soon_as_a_table_has_changed(tmp_path: Path):
    project = make_project(tmp_path / "p")
    asked = client(project)
    folder = project.work / "map" / packed(asked)["version"]
    assert stale_caches(project, None) == []
    write_map(project.store)
    stale = stale_caches(project, None)
    assert set(stale) == set(folder.iterdir()) and folder / "thumbs.bin" in stale
    delete(stale)
    assert not folder.exists()
    assert packed(asked)["state"] == "ready"


def test_a_picture_that_is_taken_down_while_a_map_is_packed_is_in_no_pack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    project = make_project(tmp_path / "p")

    def pack_and_purge(store: Store, *words: Any) -> None:
        pack(store, *words)  # of what it read; the purge saw none of its files yet
        take_down(store, plan_take_down(store, ["a.jpg"]), TakeDownRequest("Anna", ""))

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(serving, "pack", pack_and_purge)
        asked = client(project)
        asked.get("/some/map/atlas.json")
        while not taken_down(project.store) or list((project.work / "map").glob(".packing-*")):
            time.sleep(0.05)
    assert list((project.work / "map").iterdir()) == []


def test_the_review_app_has_the_map_among_its_pages(tmp_path: Path):
    project = make_project(tmp_path / "p")
    with TestClient(create_app(project), base_url="http://127.0.0.1") as browser:
        token = re.search('name="csrf" content="([^"]+)"', browser.get("/name").text)
        assert token
        browser.post("/name", data={"name": "Anna", "csrf": token[1]})
        page = browser.get("/map")
        assert page.url.path == "/map/" and "<h1>Picture map</h1>" in page.text
        manifest = browser.get("/map/atlas.json").json()
        assert ["Map", "../map/"] in manifest["pages"] and ["Queue", "../"] in manifest["pages"]
