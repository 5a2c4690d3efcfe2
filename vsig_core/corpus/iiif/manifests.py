"""One manifest as pictures: a row for each image that is painted on a canvas."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from vsig_core.corpus.iiif.images import Body, Info, picture_address
from vsig_core.corpus.iiif.parts import Object, address, kind, number, objects, text
from vsig_core.corpus.iiif.words import columns_of, words
from vsig_core.corpus.sources import name_problem
from vsig_core.errors import FetchError
from vsig_core.web.addresses import host_of

WorkIs = Literal["canvas", "manifest"]
# Of one manifest; books have hundreds. What a hostile one has would fill the memory with words.
MOST_CANVASES = 100_000


@dataclass(frozen=True)
class Wanted:
    """How pictures are asked for: longer side in pixels, and what counts as one work."""

    longer: int
    work: WorkIs
    info: Info


@dataclass(frozen=True)
class Painted:
    """One picture: its id, its address, and what is said of it, by column."""

    uid: str
    uri: str
    columns: dict[str, str]


@dataclass
class Pictures:
    """The pictures of a manifest, and what of it is no picture, with the reason."""

    painted: list[Painted] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def pictures_of(manifest: Object, base: str, wanted: Wanted) -> Pictures:
    """Read a manifest of version 2 or 3.

    Parameters
    ----------
    manifest
        The document.
    base
        Its address: what relative ids are relative to, and what the column `manifest` says.
    wanted
        How pictures are asked for.

    Returns
    -------
    A canvas that cannot be used is in `refused`; the others are taken.
    """
    pictures = Pictures()
    where = base if "://" in base else address(manifest, base)
    about = {"title": words(manifest.get("label")), **columns_of(manifest, base)}
    canvases = _canvases(manifest)
    if not canvases:
        pictures.refused.append(f"{where}: the manifest has no canvases")
    if len(canvases) > MOST_CANVASES:
        pictures.refused.append(
            f"{where}: {len(canvases):,} canvases; the first {MOST_CANVASES:,} are read"
        )
    for place, canvas in enumerate(canvases[:MOST_CANVASES], 1):
        named = f"{where}, canvas {place}"
        if not isinstance(canvas, dict):
            pictures.refused.append(f"{named} is no object")
            continue
        identity = address(canvas, where)
        if "://" not in identity:
            pictures.refused.append(f"{named} has no id, and so no name that would last")
            continue
        label = words(canvas.get("label"))
        part = (label or f"page {place}") if len(canvases) > 1 else "whole"
        columns = {
            **about,
            **columns_of(canvas, base),
            "canvas": identity,
            "manifest": where,
            "work": identity if wanted.work == "canvas" else where,
            "part": part,
        }
        _take(canvas, base, identity, columns, wanted, pictures)
    return pictures


def _take(
    canvas: Object,
    base: str,
    identity: str,
    columns: dict[str, str],
    wanted: Wanted,
    pictures: Pictures,
) -> None:
    """All images of a canvas: the first is called as the canvas is."""
    bodies = list(_bodies(canvas, base))
    if not bodies:
        pictures.refused.append(f"{identity}: no picture is painted on this canvas")
    for place, body in enumerate(bodies, 1):
        uid = identity if place == 1 else f"{identity}#image-{place}"
        if problem := name_problem(uid):
            pictures.refused.append(problem)
            continue
        try:
            uri = picture_address(body, base, wanted.longer, wanted.info)
            host_of(uri)
            if problem := name_problem(uri):
                raise FetchError("forbidden", problem)
        except FetchError as error:
            pictures.refused.append(f"{uid}: {error.detail}")
            continue
        pictures.painted.append(Painted(uid, uri, {n: v for n, v in columns.items() if v}))


def _canvases(manifest: Object) -> list[Any]:
    """Canvases as they stand, also what should be one and is not."""
    found = manifest.get("items")
    if not isinstance(found, list):
        # Other sequences show the same canvases in another order.
        first = objects(manifest.get("sequences"))[:1]
        found = first[0].get("canvases") if first else None
    return found if isinstance(found, list) else []


def _bodies(canvas: Object, base: str) -> Iterator[Body]:
    for annotation in _paintings(canvas):
        for body in objects(annotation.get("body", annotation.get("resource"))):
            if found := _body(body, base):
                yield found


def _paintings(canvas: Object) -> Iterator[Object]:
    """Annotations that paint: what version 2 has under `images`, and version 3 in pages."""
    yield from objects(canvas.get("images"))
    for page in objects(canvas.get("items")):
        for annotation in objects(page.get("items")):
            motivation = annotation.get("motivation")
            if motivation is None or "painting" in str(motivation):
                yield annotation


def _body(body: Object, base: str) -> Body | None:
    """An image; of a choice the default one; of a specific resource the region that it shows."""
    name = kind(body)
    if name == "Choice":
        options = [*objects(body.get("default")), *objects(body.get("items", body.get("item")))]
        return _body(options[0], base) if options and kind(options[0]) != "Choice" else None
    if name == "SpecificResource":
        source = next(iter(objects(body.get("source", body.get("full")))), None)
        if source is None or kind(source) in {"Choice", "SpecificResource"}:
            return None
        found = _body(source, base)
        return found and Body(found.url, found.part, _region(body.get("selector")))
    if name not in {"Image", "", "StillImage"} or text(body.get("format")).startswith("video/"):
        return None
    url = address(body, base)
    return Body(url, body) if url or body.get("service") else None


def _region(selectors: Any) -> str:
    for selector in objects(selectors):
        found = text(selector.get("region")) or text(selector.get("value")).rpartition("xywh=")[2]
        parts = found.removeprefix("pixel:").split(",")
        if re.fullmatch(r"[0-9]{1,15}(,[0-9]{1,15}){3}", ",".join(parts)) and number(int(parts[2])):
            return ",".join(parts)
    return "full"
