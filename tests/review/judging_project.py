"""A small finished project, written as the pipeline writes it: pictures, groups, a queue."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from vsig_core.annotations import build_morphograph, read_annotations
from vsig_core.clustering import Judgements, build_groups
from vsig_core.corpus import read_picture
from vsig_core.current import current_annotations
from vsig_core.project import Project, init_project
from vsig_core.review import Evidence, rank_queue
from vsig_core.store import Provenance, schema

NOW = datetime(2026, 3, 2, tzinfo=UTC)
SEVEN = [f"seven/{n}.jpg" for n in range(7)]
THREE = [f"three/{n}.jpg" for n in range(3)]
PAIR = ["pair/a.jpg", "pair/b.jpg"]
MANY = [f"many/{n:02}.jpg" for n in range(76)]
ALONE = ["alone.jpg", "L'Aquila & 100%?.jpg"]
CLUSTERS = {"cl-seven": SEVEN, "cl-three": THREE, "cl-pair": PAIR, "cl-many": MANY}
HOSTILE = "<script>document.title='owned'</script>"
RADIUS = 0.2


def make_project(folder: Path) -> Project:
    """Pictures of noise, 90 of them; four groups, the tightest the most promising."""
    pictures = folder / "pictures"
    project = init_project(folder / "p", [_made(pictures)])
    rows = [_row(project, pictures, uid) for uid in sorted([*SEVEN, *THREE, *PAIR, *MANY, *ALONE])]
    write_images(project, rows)
    write_results(project, CLUSTERS, ALONE)
    return project


def _made(pictures: Path) -> str:
    for number, uid in enumerate([*SEVEN, *THREE, *PAIR, *MANY, *ALONE]):
        place = pictures / uid
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(drawn(number)).resize((1200, 900)).save(place, "JPEG")
    return str(pictures)


def drawn(seed: int) -> np.ndarray:
    """A small picture unlike the others; b of the pair is a with a touch of light."""
    random = np.random.default_rng(seed)
    return random.integers(0, 256, (6, 8, 3), np.uint8)


def _row(project: Project, pictures: Path, uid: str) -> dict[str, Any]:
    data = (pictures / uid).read_bytes()
    read = read_picture(data, project.settings.images)
    return {
        "uid": uid,
        "batch": "b-1",
        "source": project.settings.source[0].uri,
        "uri": str(pictures / uid),
        "sha256": hashlib.sha256(data).hexdigest(),
        "phash": read.phash,
        "width": read.width,
        "height": read.height,
        "thumb": read.thumb,
        "working": project.store.objects.put("working", read.working, "jpg"),
        "title": HOSTILE if uid == SEVEN[0] else f"Title of {uid}",
        "author": "Tiziano (copia da)" if uid in SEVEN else "Anonymous",
        "date_text": "c. 1520",
        "year_from": 1515,
        "year_to": 1525,
        "place": "Venezia",
        "permalink": "javascript:alert(1)" if uid == SEVEN[0] else "https://example.org/1",
        "extra": '{"inventory": "17"}',
        "added_at": NOW,
    }


def write_images(project: Project, rows: Sequence[Mapping[str, Any]], batch: str = "b-1") -> None:
    """Pictures of one batch."""
    table = pa.Table.from_pylist(list(rows), schema("images"))
    made = Provenance("images", key=batch, partition=f"batch={batch}")
    project.store.write("images", table, made, partition={"batch": batch})
    contents = [{"sha256": row["sha256"], "phash": row["phash"]} for row in rows]
    project.store.append("contents", pa.Table.from_pylist(contents, schema("contents")), made)
    corpus = pa.Table.from_pylist([{"batch": batch, "images": len(rows)}], schema("corpus"))
    project.store.append("corpus", corpus, Provenance("corpus", {"images": 0}))


def write_results(
    project: Project, clusters: Mapping[str, Sequence[str]], alone: Sequence[str]
) -> None:
    """What a run leaves: neighbours, clusters, groups and the queue, for pictures in a row.

    In each cluster the pictures stand on a line, each as far from the next; the first is
    the farthest from the middle.
    """
    store = project.store
    near = [row for uids in clusters.values() for row in _neighbours(uids)]
    near += [{"uid": uid, "ids": [], "distances": [], "model_id": "m-1"} for uid in alone]
    store.write("neighbours", _table("neighbours", near), Provenance("neighbours"))
    opinion = [row for name, uids in clusters.items() for row in _opinion(name, uids)]
    opinion += [{"uid": uid, "cluster": None, "reachability": 1.0, "max_eps": RADIUS}
                for uid in alone]  # fmt: skip
    clusters_ = _table("clusters", opinion)
    store.write("clusters", clusters_, Provenance("clusters", {"neighbours": 0}))
    groups = build_groups(clusters_, Judgements())
    store.write("groups", groups, Provenance("groups", {"clusters": 0, "corpus": 0}))
    queue = rank_queue(groups, clusters_, Evidence(), project.settings.review)
    made = Provenance("review_queue", {"groups": 0, "neighbours": 0})
    store.write("review_queue", queue, made)


def _table(name: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    ordered = sorted(rows, key=lambda row: row["uid"])
    return pa.Table.from_pylist(ordered, schema(name))


def _neighbours(uids: Sequence[str]) -> list[dict[str, Any]]:
    step = RADIUS / len(uids)
    return [
        {
            "uid": uid,
            "ids": sorted((u for u in uids if u != uid), key=lambda u: abs(uids.index(u) - n)),
            "distances": sorted(abs(m - n) * step for m in range(len(uids)) if m != n),
            "model_id": "m-1",
        }
        for n, uid in enumerate(uids)
    ]


def _opinion(name: str, uids: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            "uid": uid,
            "cluster": name,
            "reachability": RADIUS / len(uids),
            "core_distance": RADIUS / len(uids),
            "order": n,
            "predecessor": uids[n - 1] if n else None,
            "max_eps": RADIUS,
            "model_id": "m-1",
        }
        for n, uid in enumerate(uids)
    ]


def take_the_inbox(project: Project) -> None:
    """What a run does with the files of the inbox."""
    rows = [
        read_annotations(project.inbox.read(file.name) or b"", file.name).annotations
        for file in project.inbox.list()
    ]
    project.store.append("annotations", pa.concat_tables(rows), Provenance("annotations"))
    graph = build_morphograph(current_annotations(project.store))
    made = Provenance("morphograph", {"annotations": 0})
    for name in ("links", "components", "motifs", "motif_members", "conflicts"):
        project.store.write(name, getattr(graph, name), made)


def write_rows(project: Project, table: str, rows: list[dict[str, Any]], step: str) -> None:
    """A whole table; columns that a row does not name are null."""
    names = schema(table).names
    whole = [{name: row.get(name) for name in names} for row in rows]
    project.store.write(table, pa.Table.from_pylist(whole, schema(table)), Provenance(step))
