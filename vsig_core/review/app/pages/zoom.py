"""Zoom: the original itself, read from its source, scaled on demand; else the working copy."""

import hashlib
from collections import OrderedDict
from threading import Lock
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vsig_core.corpus.originals import hosts_named, read_original
from vsig_core.corpus.pictures import check_bytes, read_picture
from vsig_core.errors import InputError, PictureError, StoreError
from vsig_core.review.app.desk import Desk
from vsig_core.review.app.render import picture_url, url

SIDES = (2048, 4096, 8192, 16384)
"""Longer sides in which an original is served, pixels; the last is what browsers can show."""

_MOST_CACHED = 192_000_000  # bytes of JPEG


def routes(desk: Desk) -> list[Route]:
    """`/zoom?uid=…` tells what there is, `/original?uid=…&side=…` serves it."""
    originals = Originals(desk)

    def zoom(request: Request) -> Response:
        row = desk.edition.image(request.query_params.get("uid", ""))
        return JSONResponse(_levels(row) | {"note": originals.why_not(row)})

    def original(request: Request) -> Response:
        side = request.query_params.get("side", "")
        if side not in map(str, SIDES):
            raise InputError(f"Originals are served with a longer side of {SIDES} pixels.")
        row = desk.edition.image(request.query_params.get("uid", ""))
        headers = {"Cache-Control": "private, max-age=3600"}
        return Response(originals.get(row, int(side)), media_type="image/jpeg", headers=headers)

    return [Route("/zoom", zoom), Route("/original", original)]


def _levels(row: dict[str, Any]) -> dict[str, Any]:
    """Sizes of a picture from small to whole, each with its address."""
    longer = max(row["width"], row["height"])
    sides = [side for side in SIDES if side < longer]
    whole = next((side for side in SIDES if side >= longer), SIDES[-1])
    levels = [{"side": min(1024, longer), "src": picture_url(row["uid"], "working")}]
    if longer > 1024:
        levels += [
            {"side": min(side, longer), "src": url("/original", uid=row["uid"], side=side)}
            for side in [*sides, *({whole} - set(sides))]
        ]
    return {"width": row["width"], "height": row["height"], "levels": levels}


class Originals:
    """Scaled originals; the last ones are kept, in bounded memory."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._kept: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()
        # One at a time is decoded: a single one may take a gigabyte for a moment.
        self._decoding = Lock()

    def get(self, row: dict[str, Any], side: int) -> bytes:
        """An original as JPEG, its longer side at most `side` pixels.

        Raises
        ------
        PictureError
            It cannot be had, or is another picture now.
        StoreError
            A bucket cannot be reached.
        """
        key = (row["sha256"], side)
        with self._decoding:
            with self._lock:
                if key in self._kept:
                    self._kept.move_to_end(key)
                    return self._kept[key]
            copy = self._scaled(row, side)
            with self._lock:
                self._kept[key] = copy
                self._bytes += len(copy)
                while self._bytes > _MOST_CACHED and len(self._kept) > 1:
                    self._bytes -= len(self._kept.popitem(last=False)[1])
            return copy

    def _scaled(self, row: dict[str, Any], side: int) -> bytes:
        settings = self._desk.project.settings.images
        named = hosts_named([(row["source"], row["uri"], row["manifest"])])
        web = self._desk.project.web.trusting(named)
        data = read_original(row["uri"], lambda size: check_bytes(size, settings), web)
        # Only what was read into the corpus is ever shown, whatever lies under its name now.
        if hashlib.sha256(data).hexdigest() != row["sha256"]:
            raise PictureError("changing", "the file has changed since it was read; run 'vsig run'")
        larger = settings.model_copy(update={"working_px": side, "jpeg_quality": 92})
        return read_picture(data, larger).working

    def why_not(self, row: dict[str, Any]) -> str | None:
        """Why only the working copy can be shown; None where the original can be."""
        if max(row["width"], row["height"]) <= 1024:
            return None
        try:
            self.get(row, SIDES[0])
        except (PictureError, StoreError) as error:
            said = error.detail if isinstance(error, PictureError) else str(error)
            return f"The original cannot be had ({said}); this is the working copy."
        return None
