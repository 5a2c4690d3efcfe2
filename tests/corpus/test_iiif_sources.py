"""IIIF behind a web server: everything that an address leads to, and what goes wrong there."""

import dataclasses
import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from iiif_documents import (
    activity,
    canvas2,
    canvas3,
    collection2,
    collection3,
    image2,
    image3,
    manifest2,
    manifest3,
    page,
    service3,
    stream,
)
from web_server import Answer, WebServer

from vsig_core.corpus import Listing, image_columns, list_source, plan_batches, present
from vsig_core.errors import SourceError
from vsig_core.settings import SourceSettings, WebSettings
from vsig_core.store import empty
from vsig_core.web import Web


@pytest.fixture
def web(tmp_path: Path) -> Web:
    settings = WebSettings(requests_per_second=1000, tries=2, longest_wait_seconds=2)
    return Web(tmp_path / "web", settings, frozenset({"127.0.0.1"}))


@pytest.fixture
def look(web: Web, server: WebServer) -> Callable[..., Listing]:
    """List what an address of the server leads to."""

    def look(path: str, **settings: str) -> Listing:
        source = SourceSettings.model_validate({"uri": server.address + path, **settings})
        return list_source(source, Path("/nowhere"), web)

    return look


def age(web: Web, hours: float = 25) -> None:
    """Make all that was fetched so much older."""
    for path in web.folder.glob("*/??/*"):
        then = time.time() - hours * 3600
        os.utime(path, (then, then))


def put_manifest(server: WebServer, name: str, canvases: int = 1, version: int = 3) -> str:
    where = f"{server.address}/{name}"
    make, canvas, image = (
        (manifest3, canvas3, image3) if version == 3 else (manifest2, canvas2, image2)
    )
    painted = [
        canvas(f"{where}/c{n}", image(f"{server.address}/{name}-{n}.jpg")) for n in range(canvases)
    ]
    return server.put_json(f"/{name}", make(where, *painted))


def names(listing: Listing) -> list[str]:
    return ["/".join(file.uid.split("/")[3:]) for file in listing.files]


def test_a_collection_leads_to_all_its_manifests_of_both_versions(
    server: WebServer, look: Callable[..., Listing]
):
    m1, m2, m3 = (
        put_manifest(server, name, 2, version) for name, version in (("a", 3), ("b", 2), ("c", 3))
    )
    inner = server.put_json("/inner", collection2(f"{server.address}/inner", [m2, m3, m1]))
    whole = collection3(f"{server.address}/all", ("Manifest", m1), ("Collection", inner))
    server.put_json("/all", whole)
    listing = look("/all")
    assert names(listing) == ["a/c0", "a/c1", "b/c0", "b/c1", "c/c0", "c/c1"]
    assert listing.refused == []
    assert {file.metadata["manifest"] for file in listing.files} == {m1, m2, m3}
    assert sorted(server.paths()) == ["/a", "/all", "/b", "/c", "/inner"]  # each once


def test_words_come_into_the_columns_of_images(server: WebServer, look: Callable[..., Listing]):
    where = f"{server.address}/m"
    manifest = manifest3(
        where,
        canvas3(f"{where}/c", image3(f"{where}.jpg")),
        label={"en": ["Flora"]},
        metadata=[
            {"label": {"en": ["Date"]}, "value": {"en": ["c. 1520"]}},
            {"label": {"it": ["Segnatura"]}, "value": {"it": ["B 12"]}},
        ],
        rights="http://rightsstatements.org/vocab/NoC-CR/1.0/",
    )
    server.put_json("/m", manifest)
    (file,) = look("/m", work="manifest").files
    values = image_columns(file.metadata).values
    assert (values["title"], values["year_from"], values["year_to"]) == ("Flora", 1515, 1525)
    assert (values["canvas"], values["manifest"]) == (f"{where}/c", where)
    assert (values["work"], values["part"]) == (where, "whole")
    assert values["rights"] == "http://rightsstatements.org/vocab/NoC-CR/1.0/"
    assert json.loads(values["extra"]) == {"segnatura": "B 12"}
    assert values["publish"] == "none"


def test_a_ring_of_collections_ends(server: WebServer, look: Callable[..., Listing]):
    a, b = f"{server.address}/a", f"{server.address}/b"
    manifest = put_manifest(server, "m")
    server.put_json("/a", collection3(a, ("Collection", b), ("Collection", a)))
    server.put_json("/b", collection3(b, ("Collection", a), ("Manifest", manifest)))
    assert names(look("/a")) == ["m/c0"]


def test_an_endless_chain_of_collections_is_cut_and_said(
    server: WebServer, look: Callable[..., Listing]
):
    for n in range(30):
        where = f"{server.address}/{n}"
        following = f"{server.address}/{n + 1}"
        server.put_json(f"/{n}", collection3(where, ("Collection", following)))
    assert "more than 20 collections in one another" in look("/0").refused[0]


def test_pages_of_a_collection_follow_one_another(server: WebServer, look: Callable[..., Listing]):
    manifests = [put_manifest(server, f"m{n}") for n in range(3)]
    for n, manifest in enumerate(manifests):
        document = collection2(f"{server.address}/p{n}", [manifest])
        document["next"] = f"{server.address}/p{n + 1}" if n < 2 else f"{server.address}/p0"
        server.put_json(f"/p{n}", document)
    assert names(look("/p0")) == ["m0/c0", "m1/c0", "m2/c0"]


@pytest.mark.slow
def test_a_collection_may_have_more_pages_than_a_program_calls_deep(
    server: WebServer, look: Callable[..., Listing]
):
    pages = 1200
    for n in range(pages):
        document = collection2(f"{server.address}/p{n}", [])
        server.put_json(f"/p{n}", document | {"next": f"{server.address}/p{n + 1}"})
    manifest = put_manifest(server, "last")
    server.put_json(f"/p{pages}", collection2(f"{server.address}/p{pages}", [manifest]))
    assert names(look("/p0")) == ["last/c0"]


def test_pages_without_end_are_cut_and_said(
    server: WebServer, look: Callable[..., Listing], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("vsig_core.corpus.iiif.source.MOST_PAGES", 3)
    for n in range(9):
        document = collection2(f"{server.address}/p{n}", [put_manifest(server, f"m{n}")])
        server.put_json(f"/p{n}", document | {"next": f"{server.address}/p{n + 1}"})
    listing = look("/p0")
    assert names(listing) == ["m0/c0", "m1/c0", "m2/c0", "m3/c0"]
    assert "more than 3 pages" in listing.refused[0]
    assert listing.unreached == {f"{server.address}/p0"}


BROKEN = [
    (Answer(404), "404"),
    (Answer(410), "410"),
    (Answer(503), "503"),
    (Answer(403), "403"),
    (Answer(body=b"<html>Oops</html>"), "no JSON object"),
    (Answer(body=b'{"type": "Manifest", "items": ['), "no JSON object"),
    (Answer(body=b"[" * 100_000), "no JSON object"),
    (Answer(body=b'{"type": "Recipe"}'), "neither a manifest nor a collection"),
    (Answer(302, headers={"Location": "file:///etc/passwd"}), "only http:// and https://"),
    (Answer(302, headers={"Location": "http://169.254.169.254/"}), "no address of the web"),
    (Answer(302, headers={"Location": "http://10.0.0.1/"}), "private network"),
]


@pytest.mark.parametrize(("answer", "why"), BROKEN)
def test_one_bad_manifest_never_loses_the_others(
    server: WebServer, look: Callable[..., Listing], answer: Answer, why: str
):
    good = [put_manifest(server, name) for name in "ac"]
    bad = server.answer("/b", answer)
    members = [("Manifest", where) for where in (good[0], bad, good[1])]
    server.put_json("/all", collection3(f"{server.address}/all", *members))
    listing = look("/all")
    assert names(listing) == ["a/c0", "c/c0"]
    assert len(listing.refused) == 1 and why in listing.refused[0]
    assert bad in listing.refused[0]


def test_members_without_an_id_are_said(server: WebServer, look: Callable[..., Listing]):
    document = collection3(f"{server.address}/all", ("Manifest", put_manifest(server, "a")))
    document["items"] += [{"type": "Manifest"}, "not an object", {"id": "http://["}]
    server.put_json("/all", document)
    listing = look("/all")
    assert names(listing) == ["a/c0"] and len(listing.refused) == 2


def test_a_canvas_of_two_manifests_is_taken_once(server: WebServer, look: Callable[..., Listing]):
    a = put_manifest(server, "a")
    shared = canvas3(f"{a}/c0", image3(f"{server.address}/a-0.jpg"))
    b = server.put_json("/b", manifest3(f"{server.address}/b", shared, shared))
    server.put_json("/all", collection3(f"{server.address}/all", ("Manifest", a), ("Manifest", b)))
    listing = look("/all")
    assert names(listing) == ["a/c0"]
    assert any("2 canvases stand in several manifests" in note for note in listing.notes)


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"<html>A page</html>", "text/html"), (b"{}", "application/json"), (b"[1]", "x"),
     (b'{"@type": "sc:Canvas"}', "application/json")],
)  # fmt: skip
def test_an_address_that_is_no_document_is_refused(
    server: WebServer, look: Callable[..., Listing], body: bytes, kind: str
):
    server.put("/x", body, kind)
    with pytest.raises(SourceError, match="no IIIF manifest, collection or stream"):
        look("/x")


def test_an_address_that_is_a_table_is_read_as_one(server: WebServer, look: Callable[..., Listing]):
    server.put("/export?format=csv", b"id,url\n1,http://museum.example/a.jpg\n", "text/csv")
    assert [file.uid for file in look("/export?format=csv").files] == ["1"]


def test_a_document_may_lie_in_a_file(server: WebServer, web: Web, tmp_path: Path):
    m1 = put_manifest(server, "a")
    (tmp_path / "all.json").write_text(json.dumps(collection3("urn:x", ("Manifest", m1))))
    listing = list_source(SourceSettings(uri="all.json"), tmp_path, web)
    assert names(listing) == ["a/c0"]
    own = manifest3(
        "https://x.example/m", canvas3("https://x.example/c", image3("https://i/a.jpg"))
    )
    (tmp_path / "m.json").write_text(json.dumps(own))
    (file,) = list_source(SourceSettings(uri="m.json"), tmp_path, web).files
    assert file.metadata["manifest"] == "https://x.example/m"


# Slow, failing, limiting: nothing twice, nothing lost


def test_a_second_look_asks_for_nothing(server: WebServer, look: Callable[..., Listing]):
    members = [("Manifest", put_manifest(server, f"m{n}")) for n in range(5)]
    server.put_json("/all", collection3(f"{server.address}/all", *members))
    first = look("/all")
    server.forget()
    assert look("/all") == first
    assert server.asked == []


def test_a_look_a_day_later_is_answered_by_304(
    server: WebServer, web: Web, look: Callable[..., Listing]
):
    members = [("Manifest", put_manifest(server, f"m{n}")) for n in range(3)]
    server.put_json("/all", collection3(f"{server.address}/all", *members))
    first = look("/all")
    age(web)
    server.forget()
    assert look("/all") == first
    assert len(server.asked) == 4
    assert all("If-None-Match" in asked.headers for asked in server.asked)


def scramble(web: Web, *urls: str) -> None:
    """Spoil the bytes of kept documents, but not what stands before them about the answer."""
    for path in (web.folder / "documents").glob("??/*"):
        line, _, data = path.read_bytes().partition(b"\n")
        if json.loads(line)["url"] in urls:
            status = path.stat()
            path.write_bytes(line + b"\n" + b" " * len(data))
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_a_manifest_that_did_not_change_is_not_read_again(
    server: WebServer, web: Web, look: Callable[..., Listing]
):
    names = [put_manifest(server, f"m{n}", canvases=2) for n in range(4)]
    server.put_json("/all", collection3(f"{server.address}/all", *(("Manifest", n) for n in names)))
    first = look("/all")
    scramble(web, *names)
    server.forget()
    assert look("/all") == first
    assert server.asked == []
    server.remove("/m1")
    age(web)  # now the server is asked, and what it says counts
    put_manifest(server, "m2", canvases=3)
    changed = [file.metadata["manifest"].rpartition("/")[2] for file in look("/all").files]
    assert changed == ["m0"] * 2 + ["m2"] * 3 + ["m3"] * 2


def test_a_manifest_is_read_again_where_the_info_of_its_service_changed(
    server: WebServer, web: Web, look: Callable[..., Listing]
):
    where, info = f"{server.address}/iiif/1", {"width": 2048, "height": 1024, "profile": "level1"}
    bare = {"type": "Image", "service": [{"id": where, "type": "ImageService3"}]}
    server.put_json("/iiif/1/info.json", info)
    inside = server.put_json(
        "/m", manifest3(f"{server.address}/m", canvas3(f"{server.address}/c", bare))
    )
    server.put_json("/all", collection3(f"{server.address}/all", ("Manifest", inside)))
    assert [file.uri for file in look("/all").files] == [f"{where}/full/1024,512/0/default.jpg"]
    server.put_json("/iiif/1/info.json", info | {"height": 2048})
    age(web)
    assert [file.uri for file in look("/all").files] == [f"{where}/full/1024,1024/0/default.jpg"]


def test_half_a_character_in_one_manifest_stops_no_other(
    server: WebServer, look: Callable[..., Listing]
):
    """JSON can escape what no table can hold."""
    good, where = put_manifest(server, "m0"), f"{server.address}/m1"
    named = canvas3(f"{where}/c", image3("https://x.example/a.jpg"))
    lost = canvas3(f"{where}/d", image3("https://x.example/\ud800.jpg"))
    server.put_json("/m1", manifest3(where, named, lost, label={"en": ["A \ud800 book"]}))
    server.put_json(
        "/all", collection3(f"{server.address}/all", ("Manifest", good), ("Manifest", where))
    )
    listing = look("/all")
    planned = plan_batches(empty("batches"), listing, 500).table
    assert planned.num_rows == 2 and "A ? book" in str(planned["metadata"].to_pylist())
    assert len(listing.refused) == 1 and f"{where}/d" in listing.refused[0]


def test_a_look_that_broke_off_goes_on_where_it_was(
    server: WebServer, web: Web, look: Callable[..., Listing]
):
    members = [("Manifest", put_manifest(server, f"m{n}")) for n in range(6)]
    server.put_json("/all", collection3(f"{server.address}/all", *members))
    server.fail_first("/m3", *[Answer(503)] * 2)
    assert len(look("/all").files) == 5
    server.forget()
    assert len(look("/all").files) == 5
    assert server.asked == []  # it was asked a moment ago
    age(web, 0.5)
    server.forget()
    assert len(look("/all").files) == 6
    assert server.paths() == ["/all", "/m3"]


def test_a_busy_and_limiting_server_is_waited_for(server: WebServer, look: Callable[..., Listing]):
    members = [("Manifest", put_manifest(server, f"m{n}")) for n in range(4)]
    server.put_json("/all", collection3(f"{server.address}/all", *members))
    server.fail_first("/m1", Answer(429, headers={"Retry-After": "1"}))
    server.fail_first("/m2", Answer(body=b'{"type": "Mani', cut=7))
    server.answer("/old", Answer(301, headers={"Location": "/m3"}))
    assert len(look("/all").files) == 4 and look("/all").refused == []


def test_what_an_unreachable_manifest_held_is_not_gone(
    server: WebServer, web: Web, look: Callable[..., Listing]
):
    a, b = (put_manifest(server, name, 2) for name in "ab")
    server.put_json("/all", collection3(f"{server.address}/all", ("Manifest", a), ("Manifest", b)))
    planned = plan_batches(empty("batches"), look("/all"), 500).table
    server.answer("/b", Answer(500))
    fresh = dataclasses.replace(web, folder=web.folder / "new")  # the cache was deleted meanwhile
    source = SourceSettings(uri=f"{server.address}/all")
    listing = list_source(source, Path("/nowhere"), fresh)
    assert names(listing) == ["a/c0", "a/c1"]
    plan = plan_batches(planned, listing, 500)
    assert plan.removed == [] and plan.touched == []
    assert any("500" in remark for remark in plan.remarks)
    server.remove("/b")
    age(fresh, 0.5)
    gone = plan_batches(planned, list_source(source, Path("/nowhere"), fresh), 500)
    assert len(gone.removed) == 2 and present(gone.table).num_rows == 2


def test_nothing_of_a_collection_that_cannot_be_had_is_gone(
    server: WebServer, web: Web, look: Callable[..., Listing]
):
    a = put_manifest(server, "a", 2)
    inner = server.put_json("/inner", collection3(f"{server.address}/inner", ("Manifest", a)))
    server.put_json("/all", collection3(f"{server.address}/all", ("Collection", inner)))
    planned = plan_batches(empty("batches"), look("/all"), 500).table
    server.answer("/inner", Answer(502))
    fresh = dataclasses.replace(web, folder=web.folder / "new")
    listing = list_source(SourceSettings(uri=f"{server.address}/all"), Path("/nowhere"), fresh)
    assert listing.files == [] and plan_batches(planned, listing, 500).removed == []


def test_the_info_of_a_service_is_asked_for_only_where_it_is_needed(
    server: WebServer, look: Callable[..., Listing]
):
    where = f"{server.address}/iiif/1"
    bare = {"type": "Image", "id": f"{where}/full/max/0/default.jpg",
            "service": [{"id": where, "type": "ImageService3"}]}  # fmt: skip
    server.put_json("/iiif/1/info.json", {"width": 2048, "height": 1024, "profile": "level1"})
    known = image3("https://x.example/a", service=[service3(f"{server.address}/iiif/2")])
    server.put_json(
        "/m",
        manifest3(
            f"{server.address}/m",
            canvas3(f"{server.address}/m/1", bare),
            canvas3(f"{server.address}/m/2", known),
        ),
    )
    assert [file.uri for file in look("/m").files] == [
        f"{where}/full/1024,512/0/default.jpg",
        f"{server.address}/iiif/2/full/1024,768/0/default.jpg",
    ]
    assert server.paths() == ["/m", "/iiif/1/info.json"]


# Streams of changes


def test_a_stream_leads_to_what_is_there_now(server: WebServer, look: Callable[..., Listing]):
    a, b, c, d = (put_manifest(server, name) for name in "abcd")
    p1, p2 = f"{server.address}/p1", f"{server.address}/p2"
    server.put_json(
        "/p1",
        page(
            p1,
            activity("Create", a, "2026-01-01T00:00:00Z"),
            activity("Create", b, "2026-01-02T00:00:00Z"),
            activity("Create", d, "2026-01-02T00:00:00Z"),
            next=p2,
        ),
    )
    moved = {"target": {"id": c, "type": "Manifest"}}
    server.put_json(
        "/p2",
        page(
            p2,
            activity("Update", a, "2026-02-01T00:00:00Z"),
            activity("Delete", b, "2026-02-02T00:00:00Z"),
            activity("Move", d, "2026-02-03T00:00:00Z", **moved),
            activity("Create", "", "never"),
            prev=p1,
        ),
    )
    server.put_json("/changes", stream(f"{server.address}/changes", p2))
    listing = look("/changes")
    assert names(listing) == ["a/c0", "c/c0"]
    assert listing.files[0].modified == datetime(2026, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "time", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "3024-01-01T00:00:00Z"]
)
def test_a_time_that_cannot_be_leaves_a_stream_and_its_plan_readable(
    server: WebServer, look: Callable[..., Listing], time: str
):
    p1 = f"{server.address}/p1"
    server.put_json("/p1", page(p1, activity("Update", put_manifest(server, "a"), time)))
    server.put_json("/changes", stream(f"{server.address}/changes", p1))
    listing = look("/changes")
    planned = plan_batches(empty("batches"), listing, 500).table
    assert planned["modified"].to_pylist() == [None]
    assert plan_batches(planned, listing, 500).changed == []


def test_a_stream_is_not_read_further_back_than_its_last_refresh(
    server: WebServer, look: Callable[..., Listing]
):
    a, b = (put_manifest(server, name) for name in "ab")
    p1 = f"{server.address}/p1"
    activities = [
        activity("Create", a, "2026-01-01T00:00:00Z"),
        activity("Refresh", "", "2026-01-02T00:00:00Z"),
        activity("Update", b, "2026-01-03T00:00:00Z"),
    ]
    server.put_json("/p1", page(p1, *activities))
    server.put_json("/changes", stream(f"{server.address}/changes", p1))
    assert names(look("/changes")) == ["b/c0"]


def test_what_a_stream_says_changed_is_fetched_anew_and_read_again(
    server: WebServer, web: Web, look: Callable[..., Listing]
):
    a, b = (put_manifest(server, name) for name in "ab")
    p1, p2 = f"{server.address}/p1", f"{server.address}/p2"
    first = [activity("Create", name, "2026-01-01T00:00:00Z") for name in (a, b)]
    server.put_json("/p1", page(p1, *first))
    server.put_json("/changes", stream(f"{server.address}/changes", p1))
    before = look("/changes")
    planned = plan_batches(empty("batches"), before, 500).table

    put_manifest(server, "a", 2)
    later = datetime.now(UTC).isoformat()
    server.put_json("/p1", page(p1, *first, next=p2))
    server.put_json("/p2", page(p2, activity("Update", a, later), prev=p1))
    server.put_json("/changes", stream(f"{server.address}/changes", p2))
    age(web, 0.1)  # the stream is asked for again; its documents are fresh
    server.forget()
    after = look("/changes")
    assert names(after) == ["a/c0", "a/c1", "b/c0"]
    assert "/b" not in server.paths() and "/a" in server.paths()
    plan = plan_batches(planned, after, 500)
    assert [uid.split("/")[-2] for uid in plan.changed] == ["a"] and len(plan.added) == 1


def test_a_stream_that_cannot_be_read_to_its_end_loses_nothing(
    server: WebServer, web: Web, look: Callable[..., Listing]
):
    a = put_manifest(server, "a")
    p1, p2 = f"{server.address}/p1", f"{server.address}/p2"
    server.put_json("/p1", page(p1, activity("Create", a, "2026-01-01T00:00:00Z"), next=p2))
    server.put_json("/p2", page(p2, prev=p1))
    server.put_json("/changes", stream(f"{server.address}/changes", p2))
    planned = plan_batches(empty("batches"), look("/changes"), 500).table
    server.answer("/p1", Answer(500))
    fresh = dataclasses.replace(web, folder=web.folder / "new")
    listing = list_source(SourceSettings(uri=f"{server.address}/changes"), Path("/x"), fresh)
    assert listing.files == [] and plan_batches(planned, listing, 500).removed == []
