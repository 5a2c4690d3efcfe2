"""Pictures: thumbnails and working copies, scaled to the place where they are shown."""

import io
from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from typing import Any

from PIL import Image
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vsig_core.errors import InputError, StoreError
from vsig_core.review.app.desk import Desk

SIZES = {"thumb": 128, "grid": 480, "working": 1024}
"""Name -> longer side at most, pixels."""

_MOST_CACHED = 96_000_000  # bytes


def routes(desk: Desk) -> list[Route]:
    """`/picture?uid=…&size=…`."""
    copies = Copies(desk)

    def picture(request: Request) -> Response:
        uid, size = request.query_params.get("uid", ""), request.query_params.get("size", "grid")
        if size not in SIZES:
            raise InputError(f"There is no size {size[:40]!r}; known are {', '.join(SIZES)}.")
        tag = f'"{desk.edition.image(uid)["sha256"]}-{size}"'
        headers = {"ETag": tag, "Cache-Control": "private, max-age=600"}
        if request.headers.get("If-None-Match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(copies.get(uid, size), media_type="image/jpeg", headers=headers)

    return [Route("/picture", picture)]


class Copies:
    """Scaled copies of pictures, the last ones kept in memory."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._kept: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def get(self, uid: str, size: str) -> bytes:
        """A picture as JPEG.

        Raises
        ------
        UnknownImageError
            The corpus does not have it.
        StoreError
            Its working copy cannot be read, or is damaged; of a thumbnail only where the table
            has none either.
        """
        row = self._desk.edition.image(uid)
        key = (row["sha256"], size)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        try:
            copy = self._made(row, size)
        except StoreError:
            thumb = self._desk.edition.thumb(uid) if size == "thumb" else None
            if not thumb:
                raise
            return thumb  # not kept: the working copy may come back
        self._keep(key, copy)
        return copy

    def _made(self, row: Mapping[str, Any], size: str) -> bytes:
        """Scaled from the working copy."""
        working = self._desk.project.store.objects.get(row["working"])
        try:
            return working if size == "working" else scaled(working, SIZES[size])
        except (OSError, SyntaxError, Image.DecompressionBombError) as error:
            raise StoreError(
                f"The working copy of {row['uid']!r} is damaged ({error}); 'vsig verify' says what "
                "to do."
            ) from error

    def _keep(self, key: tuple[str, str], copy: bytes) -> None:
        with self._lock:
            self._bytes += len(copy) - len(self._kept.pop(key, b""))
            self._kept[key] = copy
            while self._bytes > _MOST_CACHED:
                self._bytes -= len(self._kept.popitem(last=False)[1])


def scaled(jpeg: bytes, side: int) -> bytes:
    """A JPEG with a longer side of at most `side` pixels."""
    with Image.open(io.BytesIO(jpeg)) as picture:
        if max(picture.size) <= side:
            return jpeg
        picture.draft("RGB", (side, side))
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=86)
    return out.getvalue()
