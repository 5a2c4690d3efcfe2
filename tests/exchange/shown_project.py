"""A project by hand: four pictures that may leave, two that may not, judged and on a map."""

import hashlib
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from PIL import Image

from vsig_core.annotations import build_morphograph, read_annotations
from vsig_core.project import Project, init_project
from vsig_core.store import Provenance, schema

CLOSED, LATER = "closed/secret.jpg", "later.jpg"
STAYING = (CLOSED, LATER)
ODD = "été/c d.jpg"
UIDS = ("a.jpg", "b.jpg", CLOSED, "d.jpg", LATER, ODD)
SAID = """\
type,img1,img2,annotation_id,act,box1,box2,motif,members,annotator,made_at,context,retracts,note
POSITIVE,a.jpg,b.jpg,n1,t1,"0.1,0.2,0.5,0.25","0,0,1,0.5",Laocoön,,anna,2026-03-02T10:00:00+00:00,{"cluster":"c-1"},,
POSITIVE,b.jpg,été/c d.jpg,n2,t1,,,,,anna,2026-03-02T10:00:00+00:00,,,"=HYPERLINK(""x"")"
NEGATIVE,a.jpg,d.jpg,n3,t2,,,,,luca,2026-03-03T10:00:00+00:00,,,
POSITIVE,a.jpg,d.jpg,n4,t3,,,,,anna,2026-03-04T10:00:00+00:00,,,
POSITIVE,a.jpg,closed/secret.jpg,n5,t4,,,,,anna,2026-03-04T11:00:00+00:00,,,
POSITIVE,b.jpg,later.jpg,n6,t5,,,,,anna,2026-03-04T12:00:00+00:00,,,
SIMILAR,b.jpg,d.jpg,n7,t6,,,,,anna,2026-03-05T12:00:00+00:00,,,
RETRACT,,,n8,t7,,,,,anna,2026-03-05T12:01:00+00:00,,t6,
CORRECT,,,n9,t8,,,,"[""a.jpg"", ""b.jpg""]",luca,2026-03-05T12:02:00+00:00,c-1,,
WRONG,,,n10,t9,,,,"[""a.jpg"", ""closed/secret.jpg""]",luca,2026-03-05T12:03:00+00:00,c-2,,
RETRACT,,,n11,t10,,,,,anna,2026-03-05T12:04:00+00:00,,n5,
"""
HERE = Provenance("by hand")


def make_shown_project(folder: Path) -> Project:
    """Everything that an export reads, without a run."""
    project = init_project(folder)
    store = project.store
    images = [_image(project, number, uid) for number, uid in enumerate(UIDS)]
    store.write("images", _table("images", images), HERE, partition={"batch": "b-1"})
    batch = {"batch": "b-1", "version": 0, "planned": "k", "images": len(UIDS), "rejected": 0}
    store.write("corpus", _table("corpus", [batch | {"digest": "d", "contents": "c"}]), HERE)
    log = read_annotations(SAID.encode(), "said.csv").annotations
    store.append("annotations", log, HERE)
    graph = build_morphograph(log, uids=set(UIDS))
    for name in ("drawn_splits", "motifs", "motif_members", "conflicts", "components", "links"):
        store.write(name, getattr(graph, name), HERE)
    _computed(project)
    return project


def _computed(project: Project) -> None:
    """What a model made of the pictures: one cluster, lists of neighbours, a map."""
    store = project.store
    clusters = [
        {"uid": uid, "cluster": "c-1" if uid != "d.jpg" else None, "order": order, "max_eps": 0.1,
         "reachability": float("inf") if not order else 0.05, "core_distance": 0.01,
         "predecessor": UIDS[order - 1] if order else None, "model_id": "m-1"}
        for order, uid in enumerate(UIDS)
    ]  # fmt: skip
    store.write("clusters", _table("clusters", clusters), HERE)
    lists = [
        {"uid": uid, "ids": [other for other in UIDS if other != uid],
         "distances": [0.1, 0.2, 0.3, 0.4, 0.5], "sha256": _content(uid), "model_id": "m-1"}
        for uid in UIDS
    ]  # fmt: skip
    store.write("neighbours", _table("neighbours", lists), HERE)
    vectors = [
        {"model_id": "m-1", "uid": uid, "batch": "b-1", "sha256": _content(uid),
         "vector": [0.6, 0.8 - n / 9]}
        for n, uid in enumerate(UIDS)
    ]  # fmt: skip
    where = {"model_id": "m-1", "batch": "b-1"}
    version = store.write("embeddings", _table("embeddings", vectors), HERE, partition=where)
    seen = where | {"version": version, "images": len(UIDS), "digest": "d"}
    store.write("vectors", _table("vectors", [seen]), HERE)
    places = [{"uid": uid, "x": float(n), "y": -n / 3} for n, uid in enumerate(UIDS)]
    store.write("layout", _table("layout", places), HERE)


def _image(project: Project, number: int, uid: str) -> dict[str, Any]:
    publish = {CLOSED: "none", ODD: "thumb"}.get(uid, "full")
    working = project.store.objects.put("working", _jpeg(number, 200), "jpg")
    return {
        "uid": uid,
        "batch": "b-1",
        "source": "pictures",
        "uri": f"/home/anna/pictures/{uid}",
        "sha256": _content(uid),
        "phash": "0" * 16,
        "width": 400,
        "height": 300,
        "thumb": _jpeg(number, 64),
        "working": working,
        "title": f"Plate {number} <b>\x07",
        "author": "Anna & Co" if uid != CLOSED else "Nobody Known",
        "year_from": 1500 + number,
        "year_to": 1510 + number,
        "canvas": "https://ex.org/manifest/canvas/2" if uid == "b.jpg" else None,
        "manifest": "https://ex.org/manifest" if uid == "b.jpg" else None,
        "permalink": "https://ex.org/works/1" if uid == "a.jpg" else None,
        "rights": "https://creativecommons.org/publicdomain/mark/1.0/" if number else "© Museum",
        "publish": publish,
        "embargo_until": date(2999, 1, 1) if uid == LATER else None,
        "extra": json.dumps({"shelf": number}),
        "added_at": datetime(2026, 3, 1, tzinfo=UTC),
    }


def _content(uid: str) -> str:
    return hashlib.sha256(uid.encode()).hexdigest()


def _jpeg(number: int, side: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side * 3 // 4), (40 * number, 99, 128)).save(out, "JPEG")
    return out.getvalue()


def _table(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=schema(name))
