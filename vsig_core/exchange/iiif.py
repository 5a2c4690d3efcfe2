"""Clusters and signatures as IIIF Presentation 3 collections and manifests.

::

    collection.json             the whole: two collections
    clusters.json               one manifest for each cluster, the largest first
    signatures.json             one for each signature that people confirmed
    clusters/ID.json  signatures/ID.json
    images/DIGEST.jpg           the pictures: working copies, or thumbnails

Each picture is one canvas, of the size of the original, in whatever manifest it stands. The
ids are addresses below the base, where a web server has to serve the folder (with
`Access-Control-Allow-Origin: *`, or viewers on other sites may not read it).
"""

import hashlib
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from PIL import Image

from vsig_core.annotations import Box, read_box
from vsig_core.errors import InputError
from vsig_core.exchange.identifiers import address
from vsig_core.exchange.outgoing import Outgoing
from vsig_core.exchange.writing import write_json

CONTEXT = "http://iiif.io/api/presentation/3/context.json"
BASE_URL = "http://localhost:8000"
"""Where `python -m http.server` serves the folder it is started in."""

_RECORD = {
    "author": "Author",
    "date_text": "Date",
    "place": "Place",
    "iconography": "Subjects",
    "description": "Description",
    "part": "Part",
}
# What IIIF lets stand under `rights`: licences and statements with an address.
_LICENCES = ("http://creativecommons.org/", "http://rightsstatements.org/")

_Row = dict[str, Any]


@dataclass(frozen=True)
class _Group:
    """What becomes one manifest: its pictures, and boxes on them where people drew them."""

    folder: str
    name: str
    label: dict[str, list[str]]
    summary: str
    boxes: Mapping[str, Box | None]


def write_iiif(outgoing: Outgoing, base_url: str, folder: Path) -> dict[str, int]:
    """Write collections, manifests and pictures into an empty folder.

    Parameters
    ----------
    base_url
        Address of the folder, http or https.

    Returns
    -------
    Numbers of clusters, signatures and pictures.

    Raises
    ------
    InputError
        `base_url` is no address that ids can begin with.
    """
    base = _checked(base_url)
    clusters, signatures = _clusters(outgoing), _signatures(outgoing)
    shown = {uid for group in (*clusters, *signatures) for uid in group.boxes}
    canvases = _canvases(outgoing, sorted(shown), base, folder)
    parts = []
    for name, label, groups in (
        ("clusters", "Clusters, as the model sees them", clusters),
        ("signatures", "Signatures, as people confirmed them", signatures),
    ):
        for group in groups:
            write_json(folder / group.folder / _file(group), _manifest(group, canvases, base))
        items = [_reference("Manifest", base, f"{g.folder}/{_file(g)}", g.label) for g in groups]
        write_json(folder / f"{name}.json", _collection(base, f"{name}.json", label, items))
        parts.append(_reference("Collection", base, f"{name}.json", {"en": [label]}))
    whole = _collection(base, "collection.json", "Visual signatures", parts)
    write_json(folder / "collection.json", whole)
    return {
        "clusters": len(clusters),
        "signatures": len(signatures),
        "pictures": len(canvases),
    }


def _checked(base_url: str) -> str:
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise InputError(
            f"{base_url!r} is no address that IIIF ids can begin with; wanted one like "
            "https://example.org/signatures."
        )
    return base_url.rstrip("/")


def _clusters(outgoing: Outgoing) -> list[_Group]:
    """Clusters of pictures that may leave, the largest first."""
    members: dict[str, list[_Row]] = defaultdict(list)
    for row in outgoing.read("clusters").to_pylist():
        if row["cluster"]:
            members[row["cluster"]].append(row)
    ordered = sorted(members.items(), key=lambda item: (-len(item[1]), item[0]))
    return [
        _Group(
            "clusters",
            name,
            {"en": [f"Cluster {name}"]},
            f"{_counted(len(rows))} that {rows[0]['model_id']} puts together"
            + (", uncalibrated" if rows[0]["calibrated"] is False else ""),
            {row["uid"]: None for row in sorted(rows, key=lambda row: row["order"])},
        )
        for name, rows in ordered
    ]


def _signatures(outgoing: Outgoing) -> list[_Group]:
    """Confirmed signatures, with the boxes that people drew."""
    members: dict[str, dict[str, Box | None]] = defaultdict(dict)
    for row in outgoing.read("motif_members").to_pylist():
        members[row["motif"]][row["uid"]] = read_box(row["box"]) if row["box"] else None
    rows = {row["motif"]: row for row in outgoing.read("motifs").to_pylist()}
    return [
        _Group(
            "signatures",
            motif,
            {"none": [rows[motif]["name"]]}
            if rows[motif]["name"]
            else {"en": [f"Signature {motif}"]},
            rows[motif]["note"] or f"{_counted(len(boxes))} that people joined",
            boxes,
        )
        for motif, boxes in sorted(members.items(), key=lambda item: (-len(item[1]), item[0]))
    ]


def _counted(number: int) -> str:
    return f"{number} picture{'s' * (number != 1)}"


def _file(group: _Group) -> str:
    return f"{quote(group.name, safe='')}.json"


def _collection(base: str, path: str, label: str, items: Sequence[_Row]) -> _Row:
    return {"@context": CONTEXT, **_reference("Collection", base, path, {"en": [label]})} | {
        "items": list(items)
    }


def _reference(kind: str, base: str, path: str, label: Mapping[str, list[str]]) -> _Row:
    # The file's name is quoted already; in an address its per cent signs are quoted again.
    return {"id": f"{base}/{quote(path)}", "type": kind, "label": dict(label)}


def _manifest(group: _Group, canvases: Mapping[str, _Row], base: str) -> _Row:
    path = f"{group.folder}/{_file(group)}"
    head = _reference("Manifest", base, path, group.label)
    items = [_canvas(canvases[uid], head, box, group) for uid, box in group.boxes.items()]
    return {"@context": CONTEXT, **head} | {"summary": {"en": [group.summary]}, "items": items}


def _canvas(canvas: _Row, manifest: _Row, box: Box | None, group: _Group) -> _Row:
    """A picture's canvas, in one manifest with the box drawn there."""
    if box is None:
        return canvas
    place = f"{canvas['id']}/{quote(group.name, safe='')}"
    note = {
        "id": f"{place}/box",
        "type": "Annotation",
        "motivation": "tagging",  # viewers hide what neither tags nor comments
        "body": {
            "type": "TextualBody",
            "value": next(iter(manifest["label"].values()))[0],
            "format": "text/plain",
        },
        "target": f"{canvas['id']}#{_pixels(box, canvas)}",
    }
    page = {"id": f"{place}/boxes", "type": "AnnotationPage", "items": [note]}
    return canvas | {"annotations": [page]}


def _pixels(box: Box, canvas: _Row) -> str:
    sides = (canvas["width"], canvas["height"]) * 2
    return "xywh=" + ",".join(str(round(v * side)) for v, side in zip(box, sides, strict=True))


def _canvases(outgoing: Outgoing, uids: Sequence[str], base: str, folder: Path) -> dict[str, _Row]:
    """Each picture's canvas; writes the pictures."""
    columns = [*_RECORD, "title", "rights", "permalink", "manifest", "width", "height"]
    rows = {row["uid"]: row for row in outgoing.images([*columns, "thumb", "working"]).to_pylist()}
    found = {}
    (folder / "images").mkdir()
    for uid in uids:
        row = rows[uid]
        data = outgoing.store.objects.get(row["working"]) if row["working"] else row["thumb"]
        found[uid] = _described(row, _painting(data, base, folder), base)
    return found


def _painting(data: bytes, base: str, folder: Path) -> _Row:
    """The picture itself, as a resource on the canvas."""
    path = f"images/{hashlib.sha256(data).hexdigest()}.jpg"
    (folder / path).write_bytes(data)
    with Image.open(io.BytesIO(data)) as picture:
        width, height = picture.size
    return {
        "id": f"{base}/{path}",
        "type": "Image",
        "format": "image/jpeg",
        "width": width,
        "height": height,
    }


def _described(row: _Row, body: _Row, base: str) -> _Row:
    """A canvas with its record."""
    place = f"{base}/canvas/{quote(row['uid'], safe='')}"
    painting = {
        "id": f"{place}/painting",
        "type": "Annotation",
        "motivation": "painting",
        "body": body,
        "target": place,
    }
    canvas: _Row = {
        "id": place,
        "type": "Canvas",
        "label": {"none": [row["title"] or row["uid"]]},
        "width": row["width"],
        "height": row["height"],
        "metadata": [_entry(label, row[name]) for name, label in _RECORD.items() if row[name]],
        "thumbnail": [body],
        "items": [{"id": f"{place}/page", "type": "AnnotationPage", "items": [painting]}],
    }
    return canvas | _rights(row["rights"]) | _seen_at(row)


def _entry(label: str, value: str) -> _Row:
    return {"label": {"en": [label]}, "value": {"none": [value]}}


def _rights(text: str | None) -> _Row:
    if not text:
        return {}
    licence = text.strip().replace("https://", "http://", 1).replace("http://www.", "http://", 1)
    if licence.startswith(_LICENCES) and address(licence) == licence:
        return {"rights": licence}
    return {"requiredStatement": _entry("Rights", text)}


def _seen_at(row: _Row) -> _Row:
    """Where the picture comes from, as far as that has an address."""
    found: _Row = {}
    if page := address(row["permalink"]):
        label = {"none": [row["title"] or row["uid"]]}
        found["homepage"] = [{"id": page, "type": "Text", "label": label, "format": "text/html"}]
    if manifest := address(row["manifest"]):
        source = {"id": manifest, "type": "Manifest", "label": {"en": ["Source"]}}
        found["partOf"] = [source]
    return found
