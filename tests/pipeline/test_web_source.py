"""A museum's IIIF collection as the source of a project, from its address to clusters."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_project import SMALL, run_quietly, run_stage
from web_server import Answer, WebServer

from vsig_core.project import Project, init_project, open_project
from vsig_core.upkeep import Request, plan_take_down, stale_caches, take_down
from vsig_pipeline.importing import imported
from vsig_pipeline.listing import plan_sources
from vsig_pipeline.status import project_status

FAST = "\n[web]\nrequests_per_second = 1000\ntries = 2\nlongest_wait_seconds = 2\n"
V3 = "http://iiif.io/api/presentation/3/context.json"


class Museum:
    """The sample's pictures behind a IIIF collection: a manifest for each five."""

    def __init__(self, server: WebServer, sample: Path) -> None:
        self.server = server
        self.uri = f"{server.address}/collection"
        self.paths = sorted((sample / "images").rglob("*.jpg"))
        manifests = []
        for start in range(0, len(self.paths), 5):
            where = f"{server.address}/manifest/{start}"
            canvases = [self._canvas(number) for number in range(start, start + 5)]
            server.put_json(
                f"/manifest/{start}",
                {"@context": V3, "id": where, "type": "Manifest", "items": canvases,
                 "label": {"en": [f"Folder {start}"]},
                 "metadata": [{"label": {"en": ["Date"]}, "value": {"en": ["c. 1520"]}}]},
            )  # fmt: skip
            manifests.append({"id": where, "type": "Manifest"})
        server.put_json(
            "/collection",
            {"@context": V3, "id": self.uri, "type": "Collection", "items": manifests},
        )

    def canvas(self, number: int) -> str:
        return f"{self.server.address}/canvas/{number}"

    def image(self, number: int) -> str:
        """Where a picture is asked for: never the whole of it."""
        return f"/iiif/{number}/full/1024,768/0/default.jpg"

    def _canvas(self, number: int) -> dict[str, object]:
        self.server.put(self.image(number), self.paths[number].read_bytes())
        service = {"id": f"{self.server.address}/iiif/{number}", "type": "ImageService3",
                   "profile": "level1"}  # fmt: skip
        body = {"id": f"{service['id']}/full/max/0/default.jpg", "type": "Image",
                "width": 8000, "height": 6000, "service": [service]}  # fmt: skip
        painting = {"type": "Annotation", "motivation": "painting", "body": body}
        return {"id": self.canvas(number), "type": "Canvas",
                "items": [{"type": "AnnotationPage", "items": [painting]}]}  # fmt: skip


@pytest.fixture
def museum(server: WebServer, sample: Path) -> Iterator[Museum]:
    yield Museum(server, sample)


@pytest.fixture
def project(museum: Museum, tmp_path: Path) -> Project:
    folder = init_project(tmp_path / "project", [museum.uri]).folder
    (folder / "vsig.toml").write_text(f'[[source]]\nuri = "{museum.uri}"\n{SMALL}{FAST}')
    return open_project(folder)


def rejected(project: Project) -> dict[str, str]:
    rows = project.store.read_or_empty("rejected_images").to_pylist()
    return {row["uid"]: row["reason"] for row in rows}


def test_a_collection_becomes_a_corpus_with_clusters(museum: Museum, project: Project):
    run_quietly(project)
    images = project.store.read("images").to_pylist()
    assert {row["uid"] for row in images} == {museum.canvas(n) for n in range(len(museum.paths))}
    row = next(row for row in images if row["uid"] == museum.canvas(7))
    assert (row["title"], row["year_from"], row["part"]) == ("Folder 5", 1515, "page 3")
    assert row["work"] == row["canvas"] == museum.canvas(7)
    assert row["manifest"] == f"{museum.server.address}/manifest/5"
    assert project.store.read("clusters").num_rows == len(museum.paths)
    # The source's own address is asked for again after a minute.
    asked = [path for path in museum.server.paths() if path != "/collection"]
    assert len(asked) == len(set(asked)) == len(museum.paths) // 5 + len(museum.paths)
    assert not any("/full/max/" in path for path in asked)
    museum.server.forget()
    assert run_quietly(project) == []
    assert set(museum.server.paths()) <= {"/collection"}
    assert all("If-None-Match" in asked.headers for asked in museum.server.asked)


def test_what_is_unreachable_is_said_and_had_the_next_time(museum: Museum, project: Project):
    server = museum.server
    busy, gone, page, forever = (museum.image(number) for number in (1, 2, 3, 4))
    server.fail_first(busy, *[Answer(503)] * 2)
    server.remove(gone)
    server.put(page, b"<html>Please log in</html>", "text/html")
    server.fail_first(forever, *[Answer(502)] * 4)
    run_stage(project, "ingest")
    assert rejected(project) == {
        museum.canvas(1): "unreachable", museum.canvas(2): "missing",
        museum.canvas(3): "not_a_picture", museum.canvas(4): "unreachable",
    }  # fmt: skip
    assert project.store.count("images") == len(museum.paths) - 4
    server.forget()
    run_stage(project, "ingest")
    assert rejected(project) == {
        museum.canvas(2): "missing", museum.canvas(3): "not_a_picture",
        museum.canvas(4): "unreachable",
    }  # fmt: skip
    # Only what was lacking was asked for.
    assert set(server.paths()) <= {busy, gone, page, forever}


def test_a_server_that_is_down_takes_no_picture_away(museum: Museum, project: Project):
    run_stage(project, "ingest")
    before = project.store.read("images").drop_columns(["thumb"]).to_pylist()
    for number in range(len(museum.paths)):
        museum.server.answer(museum.image(number), Answer(500))
    museum.server.answer("/collection", Answer(500))
    text = (project.folder / "vsig.toml").read_text() + "\n[images]\nthumb_px = 64\n"
    text = text.replace("tries = 2", "tries = 1\nrefresh_hours = 0")
    (project.folder / "vsig.toml").write_text(text)
    changed = open_project(project.folder)
    run_stage(changed, "ingest")
    after = changed.store.read("images").drop_columns(["thumb"]).to_pylist()
    assert after == before
    assert set(rejected(changed).values()) == {"unreachable"}


def test_a_picture_that_is_taken_down_leaves_what_was_fetched_too(museum: Museum, project: Project):
    run_stage(project, "ingest")
    assert stale_caches(project, None) == []
    plan = plan_take_down(project.store, [museum.canvas(7)])
    take_down(project.store, plan, Request("the museum", "withdrawn"))
    data = museum.paths[7].read_bytes()
    (kept,) = stale_caches(project, None)
    assert kept.read_bytes().endswith(data)


def test_the_report_says_how_many_came_and_why_not_the_others(museum: Museum, project: Project):
    museum.server.remove(museum.image(2))
    museum.server.remove("/manifest/5")
    run_stage(project, "ingest")
    report = imported(project, plan_sources(project))
    whole = len(museum.paths)
    assert report.as_dict() == {
        "named": whole - 4, "imported": whole - 6, "waiting": 0,
        "lacking": {"missing": 1, "refused": 1},
    }  # fmt: skip
    said = f"{whole - 6} of {whole - 4} pictures imported: 1 missing, 1 refused."
    assert report.in_words() == said
    status = project_status(project).as_dict()["sources"]
    assert status["imported"] == report.as_dict()
    assert "/manifest/5" in status["refused"][0] and "404" in status["refused"][0]
