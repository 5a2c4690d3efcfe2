"""The map in the app: its page, its scripts, and the packed data of the newest versions."""

import json
import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from vsig_core.current import taken_down
from vsig_core.errors import TableMissingError, VsigError
from vsig_core.project import Project
from vsig_core.review.atlas.contents import Contents, Versions
from vsig_core.review.atlas.export import STATIC
from vsig_core.review.atlas.packing import MANIFEST, Thumbs, pack

KEPT = 2  # packs: the newest, and the one that open pages may still read
# In the app the strict policy comes as a header too; on any web server by the page's own words.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; worker-src 'self'; "
    "style-src 'self'; img-src 'self' blob:; connect-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
_FOR_EVER = HEADERS | {"Cache-Control": "private, max-age=31536000, immutable"}
_ASK_AGAIN = HEADERS | {"Cache-Control": "no-cache"}
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
_TYPES |= {".svg": "image/svg+xml", ".json": "application/json", ".jpg": "image/jpeg"}
_TYPES |= {".bin": "application/octet-stream"}
_KEY = re.compile(r"[0-9a-f]{16}")
_PART = re.compile(
    r"points\.bin|colours-[a-z]{1,40}\.bin|uids\.json|about-\d{1,9}\.json|small-\d{1,9}\.jpg"
)
_PAGE = re.compile(r"large-(\d{1,9})\.jpg")


@dataclass(frozen=True)
class MapLinks:
    """Pages of the app that the map leads to, relative to it; None where there is none.

    Parameters
    ----------
    image
        One picture as JPEG, larger than a thumbnail, as `../picture?uid={uid}`.
    picture
        The page of one picture and what is nearest to it, as `../near?uid={uid}`.
    cluster
        The page of one cluster, as `../cluster/{cluster}`.
    pair
        The page of two pictures, as `../pair?a={a}&b={b}`.
    together, most_together
        The page on which chosen pictures are judged, as `../set`, and how many it takes.
    """

    image: str | None = None
    picture: str | None = None
    cluster: str | None = None
    pair: str | None = None
    together: str | None = None
    most_together: int = 0


@dataclass(frozen=True)
class Head:
    """What stands above the map where it is a part of an app.

    Parameters
    ----------
    pages
        What each section is called, and its address relative to the map.
    project, person
        Their names.
    """

    pages: Sequence[tuple[str, str]] = ()
    project: str | None = None
    person: str | None = None


def map_routes(
    project: Project, links: MapLinks, head: Callable[[Request], Head] = lambda _: Head()
) -> list[Route]:
    """Routes of the map, to be mounted anywhere: all its addresses are relative.

    Parameters
    ----------
    project
        The project; the newest versions of its tables are packed when they are first asked for,
        in `.vsig/map`.
    links
        Where the map leads.
    head
        What stands above the map for who asks.
    """
    served = _ServedMap(project, links, head)
    return [
        Route("/", lambda _: _static("index.html"), name="map"),
        Route("/atlas.json", served.manifest, name="map-manifest"),
        Route("/{name}", lambda request: _static(request.path_params["name"]), name="map-static"),
        Route("/{version}/{name}", served.part, name="map-data"),
    ]


def _static(name: str) -> Response:
    path = next((path for path in STATIC.iterdir() if path.name == name), None)
    if path is None:
        return _missing()
    return FileResponse(path, media_type=_TYPES[path.suffix], headers=_ASK_AGAIN)


def _missing() -> Response:
    return PlainTextResponse("There is no such part of the map.", 404, HEADERS)


class _ServedMap:
    """What is asked for, packed in the background where it is not yet."""

    def __init__(self, project: Project, links: MapLinks, head: Callable[[Request], Head]) -> None:
        self._project, self._links, self._head = project, links, head
        self._packs = project.work / "map"
        self._lock = threading.Lock()
        self._under_way: dict[str, dict[str, Any]] = {}

    def manifest(self, request: Request) -> Response:
        """What there is, or how far it is; never a traceback."""
        try:
            state = self._state()
        except TableMissingError as error:
            state = {"state": "empty", "words": str(error)}
        except VsigError as error:
            state = {"state": "failed", "words": str(error)}
        return JSONResponse(state | asdict(self._head(request)), headers=_ASK_AGAIN)

    def part(self, request: Request) -> Response:
        """One file of a pack, or a page of larger tiles made from it."""
        version, name = request.path_params["version"], request.path_params["name"]
        if not _KEY.fullmatch(version):
            return _missing()
        folder = self._packs / version
        page = _PAGE.fullmatch(name)
        if page and (folder / MANIFEST).is_file():
            thumbs = Thumbs(folder)
            if int(page[1]) < thumbs.pages:
                content = thumbs.page(int(page[1]))
                return Response(content, media_type="image/jpeg", headers=_FOR_EVER)
        if _PART.fullmatch(name) and (folder / name).is_file():
            kind = _TYPES[Path(name).suffix]
            return FileResponse(folder / name, media_type=kind, headers=_FOR_EVER)
        return _missing()

    def _state(self) -> dict[str, Any]:
        versions = Versions.now(self._project.store)
        packed = self._packs / versions.key / MANIFEST
        if packed.is_file():
            described = json.loads(packed.read_text("utf-8"))
            links = asdict(self._links)
            return {"state": "ready", "version": versions.key, "links": links, **described}
        with self._lock:
            state = self._under_way.get(versions.key)
            if state is None or state["state"] != "packing":
                # What failed is told once, and tried again behind these words.
                begun = {"state": "packing", "done": 0, "total": 0}
                self._under_way[versions.key] = begun
                threading.Thread(target=self._pack, args=(versions, begun), daemon=True).start()
                told = begun if state is None or state["state"] == "packed" else state
                return dict(told)
            return dict(state)

    def _pack(self, versions: Versions, state: dict[str, Any]) -> None:
        def report(done: int, total: int) -> None:
            state.update(done=done, total=total)

        try:
            self._packs.mkdir(parents=True, exist_ok=True)
            down = taken_down(self._project.store)
            with tempfile.TemporaryDirectory(prefix=".packing-", dir=self._packs) as place:
                folder = Path(place) / "pack"
                folder.mkdir()
                pack(self._project.store, versions, folder, _all, report)
                (folder / "versions.json").write_text(json.dumps(dict(versions.of)), "utf-8")
                # A purge clears the packs that are there: what it took down is in none that comes.
                same = taken_down(self._project.store) == down
                if same and not (self._packs / versions.key).exists():
                    self._drop_old()
                    folder.rename(self._packs / versions.key)
            state.update(state="packed")
        except TableMissingError as error:
            state.update(state="empty", words=str(error))
        except (VsigError, OSError) as error:
            state.update(state="failed", words=str(error))
        finally:
            if state["state"] == "packing":  # the log has the traceback
                state.update(state="failed", words="The map could not be packed. See the log.")

    def _drop_old(self) -> None:
        """Make room for a new one."""
        packs = [path for path in self._packs.iterdir() if _KEY.fullmatch(path.name)]
        packs.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        for path in packs[KEPT - 1 :]:
            shutil.rmtree(path, ignore_errors=True)


def _all(contents: Contents) -> Sequence[bool]:
    """Inside the project everything may be told."""
    return [True] * len(contents.uids)
