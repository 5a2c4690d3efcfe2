"""A small project with a map: eight pictures in two clusters and alone, each of one colour."""

import io
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from PIL import Image

from vsig_core.project import Project, init_project
from vsig_core.store import Provenance, Store, schema

TODAY = date(2026, 6, 15)
ADDED = datetime(2026, 3, 2, tzinfo=UTC)
# uid: colour, size, cluster, place on the map, publish, embargo
PICTURES: dict[str, tuple[tuple[int, int, int], tuple[int, int], str | None, tuple[float, float]]]
PICTURES = {
    "a.jpg": ((200, 30, 30), (120, 60), "cl-red", (0, 0)),
    "b.jpg": ((190, 40, 30), (60, 120), "cl-red", (1, 0)),
    "c.jpg": ((210, 20, 40), (90, 90), "cl-red", (0, 1)),
    "d.jpg": ((30, 40, 200), (90, 90), "cl-blue", (9, 9)),
    "e.jpg": ((20, 30, 210), (90, 90), "cl-blue", (10, 9)),
    "f.jpg": ((40, 180, 60), (90, 90), None, (0, 10)),
    "g.jpg": ((50, 170, 60), (90, 90), None, (10, 0)),
    "h.jpg": ((120, 120, 20), (90, 90), None, (5, 5)),
}
UIDS = list(PICTURES)


def make_project(folder: Path, **changes: dict[str, Any]) -> Project:
    """Pictures may leave; `changes` are columns of `images` by the uid's first letter."""
    project = init_project(folder)
    fill(project.store, changes)
    return project


def fill(store: Store, changes: dict[str, dict[str, Any]]) -> None:
    images = []
    for number, (uid, (colour, size, _, _)) in enumerate(PICTURES.items()):
        row = {
            "uid": uid, "batch": f"b-{number % 2}", "sha256": f"{number:064}",
            "thumb": thumb(colour, size), "width": size[0] * 10, "height": size[1] * 10,
            "title": f"Title of {uid}", "author": f"Author {number % 3}",
            "date_text": f"{1500 + 10 * number}", "year_from": 1500 + 10 * number,
            "year_to": 1500 + 10 * number, "permalink": f"https://example.org/{uid}",
            "publish": "thumb", "added_at": ADDED, "working": f"working/{number}.jpg",
        }  # fmt: skip
        images.append(row | changes.get(uid[0], {}))
    for batch in ("b-0", "b-1"):
        rows = [row for row in images if row["batch"] == batch]
        write(store, "images", rows, partition={"batch": batch})
    write(store, "corpus", [{"batch": "b-0"}, {"batch": "b-1"}])
    write_map(store)


def write_map(store: Store) -> None:
    """Places and clusters."""
    write(store, "layout", [{"uid": u, "x": p[3][0], "y": p[3][1]} for u, p in PICTURES.items()])
    write(store, "clusters", [{"uid": u, "cluster": p[2]} for u, p in PICTURES.items()])


def write(store: Store, name: str, rows: list[dict[str, Any]], **how: Any) -> None:
    store.write(name, pa.Table.from_pylist(rows, schema(name)), Provenance(name), **how)


def thumb(colour: tuple[int, int, int], size: tuple[int, int]) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG", quality=95)
    return out.getvalue()
