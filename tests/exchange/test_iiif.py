"""Manifests and collections, as iiif-prezi3 understands them."""

import io
import json
from pathlib import Path
from typing import Any

import iiif_prezi3
import pytest
from PIL import Image
from shown_project import ODD

from vsig_core.errors import InputError
from vsig_core.exchange import export
from vsig_core.project import Project

BASE = "https://example.org/signatures"


@pytest.fixture
def folder(project: Project, tmp_path: Path) -> Path:
    export(project, "iiif", tmp_path / "iiif", base_url=BASE + "/")
    return tmp_path / "iiif"


def at(folder: Path, address: str) -> Path:
    """The file that a web server gives for an address."""
    from urllib.parse import unquote

    assert address.startswith(BASE + "/"), address
    return folder / unquote(address.removeprefix(BASE + "/"))


def read(folder: Path, address: str) -> dict[str, Any]:
    return json.loads(at(folder, address).read_text("utf-8"))


def manifests(folder: Path) -> list[dict[str, Any]]:
    """All manifests, found as a viewer finds them: from the top collection down."""
    top = read(folder, f"{BASE}/collection.json")
    parts = [read(folder, part["id"]) for part in top["items"]]
    return [read(folder, entry["id"]) for part in parts for entry in part["items"]]


def test_iiif_prezi3_takes_every_collection_and_manifest(folder: Path):
    for name in ("collection.json", "clusters.json", "signatures.json"):
        found = iiif_prezi3.Collection(**read(folder, f"{BASE}/{name}"))
        assert found.items
    for manifest in manifests(folder):
        found = iiif_prezi3.Manifest(**manifest)
        assert len(found.items) == len(manifest["items"]) > 0


def test_every_id_that_names_a_file_names_one_that_is_there(folder: Path):
    for manifest in manifests(folder):
        for canvas in manifest["items"]:
            body = canvas["items"][0]["items"][0]["body"]
            with Image.open(io.BytesIO(at(folder, body["id"]).read_bytes())) as picture:
                assert picture.size == (body["width"], body["height"])


def test_a_cluster_shows_its_pictures_in_order_and_no_other(folder: Path):
    (cluster,) = [m for m in manifests(folder) if m["label"] == {"en": ["Cluster c-1"]}]
    names = [canvas["id"].rsplit("/", 1)[1] for canvas in cluster["items"]]
    assert names == ["a.jpg", "b.jpg", "%C3%A9t%C3%A9%2Fc%20d.jpg"]
    assert {(c["width"], c["height"]) for c in cluster["items"]} == {(400, 300)}


def test_a_thumbnail_leaves_where_no_more_may(folder: Path):
    (cluster,) = [m for m in manifests(folder) if m["label"] == {"en": ["Cluster c-1"]}]
    widths = [c["items"][0]["items"][0]["body"]["width"] for c in cluster["items"]]
    assert widths == [200, 200, 64], ODD


def test_a_box_that_a_person_drew_is_on_the_canvas_in_its_pixels(folder: Path):
    (signature,) = [m for m in manifests(folder) if m["label"] == {"none": ["Laocoön"]}]
    canvas = next(c for c in signature["items"] if c["id"].endswith("/a.jpg"))
    (note,) = canvas["annotations"][0]["items"]
    assert note["motivation"] == "tagging", "Mirador shows these and comments alone"
    assert note["target"] == f"{canvas['id']}#xywh=40,60,200,75"
    assert note["body"]["value"] == "Laocoön"


def test_rights_that_have_an_address_and_rights_in_words_are_told_apart(folder: Path):
    canvases = {c["id"]: c for m in manifests(folder) for c in m["items"]}
    first = canvases[f"{BASE}/canvas/a.jpg"]
    assert first["requiredStatement"]["value"] == {"none": ["© Museum"]}
    assert first["homepage"][0]["id"] == "https://ex.org/works/1"
    second = canvases[f"{BASE}/canvas/b.jpg"]
    assert second["rights"] == "http://creativecommons.org/publicdomain/mark/1.0/"
    assert second["partOf"][0]["id"] == "https://ex.org/manifest"


@pytest.mark.parametrize(
    "base", ["ftp://example.org", "/srv/iiif", "https://x.org/?a=1", "http://"]
)
def test_a_base_that_ids_cannot_begin_with_is_refused(project: Project, tmp_path: Path, base: str):
    with pytest.raises(InputError, match="address"):
        export(project, "iiif", tmp_path / "iiif", base_url=base)
    assert not (tmp_path / "iiif").exists()


def test_without_an_address_ids_are_those_of_a_server_on_this_machine(
    project: Project, tmp_path: Path
):
    export(project, "iiif", tmp_path / "iiif")
    top = json.loads((tmp_path / "iiif" / "collection.json").read_text("utf-8"))
    assert top["id"] == "http://localhost:8000/collection.json"
