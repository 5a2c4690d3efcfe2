"""Find: by words, by a picture that a person brings, or by a detail of one that is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vsig_core.annotations.boxes import read_box
from vsig_core.annotations.kinds import PAIR_TYPES
from vsig_core.annotations.links import Link
from vsig_core.errors import InputError, WorkerLostError
from vsig_core.pair_evidence import Ask
from vsig_core.review.app.captions import Captions
from vsig_core.review.app.desk import Desk
from vsig_core.review.app.edition import Edition
from vsig_core.review.app.pages.pair import frame_of
from vsig_core.review.app.paging import Paging
from vsig_core.review.app.record import record_of, web_link
from vsig_core.review.app.render import page
from vsig_core.review.app.shelf import Brought, Shelf
from vsig_core.review.app.words import VERDICTS, joined
from vsig_core.review.looking import Box, look_at, matches_of, nearest
from vsig_core.review.search import SEARCHED, SearchIndex

NAVIGATION = (("Find", "/find"),)
_A_PAGE = 60
_MOST_HITS = 3_000
_NEAREST = 48
LONGEST_QUERY = 300
_FRAMED_AT_ONCE = 12


@dataclass(frozen=True)
class Hit:
    """A picture that was found near another one.

    Parameters
    ----------
    distance
        Cosine distance.
    said
        What is in force on the pair, in words; empty where nobody judged it.
    """

    uid: str
    distance: float
    said: str = ""


@lru_cache(maxsize=1)
def index_of(edition: Edition) -> SearchIndex:
    """The metadata of an edition, folded once."""
    names = ["uid", *(name for name in SEARCHED if name != "uid")]
    return SearchIndex.of(edition.images.table.select(names))


def routes(desk: Desk) -> list[Route]:
    """`/find?q=…`, `/near?uid=…[&box=…]`, `POST /find/picture`, `/found?key=…`, `/brought`.

    `/matches` tells where found works (`with=…` for each) share what was looked for.
    """
    shelf = Shelf()

    def find(request: Request) -> Response:
        edition = desk.edition
        query = request.query_params.get("q", "")[:LONGEST_QUERY]
        uids, total = index_of(edition).find(query, _MOST_HITS)
        return page(
            request,
            "find.html",
            query=query,
            total=total,
            paging=Paging.of(request, uids, _A_PAGE),
            captions=Captions(edition),
            pictures=len(edition.images),
            most_mb=desk.project.settings.review.upload_mb,
        )

    def near(request: Request) -> Response:
        uid, box = request.query_params.get("uid", ""), _box(request.query_params.get("box"))
        return page(request, "near.html", **_near(desk, uid, box))

    async def bring(request: Request) -> Response:
        data = await _body(request, desk.project.settings.review.upload_mb * 1_000_000)
        try:
            seen = await run_in_threadpool(look_at, desk.project, data)
        except (InputError, WorkerLostError) as error:
            return JSONResponse({"error": str(error)}, 400)
        name = request.query_params.get("name", "")[:200]
        key = shelf.put(Brought(name or "your picture", seen.working, seen.vector))
        return JSONResponse({"key": key})

    def found(request: Request) -> Response:
        key = request.query_params.get("key", "")
        brought = shelf.get(key)
        hits = [Hit(*hit) for hit in nearest(desk.project, brought.vector, _NEAREST)]
        values = {"key": key, "brought": brought, "hits": _present(desk.edition, hits)}
        return page(request, "found.html", captions=Captions(desk.edition), **values)

    def brought(request: Request) -> Response:
        kept = shelf.get(request.query_params.get("key", ""))
        return Response(kept.working, media_type="image/jpeg")

    def matches(request: Request) -> Response:
        return JSONResponse({"boxes": _frames(desk, shelf, request.query_params)})

    return [
        Route("/find", find),
        Route("/matches", matches),
        Route("/near", near),
        Route("/find/picture", bring, methods=["POST"]),
        Route("/found", found),
        Route("/brought", brought),
    ]


def _frames(desk: Desk, shelf: Shelf, given: QueryParams) -> list[dict[str, float] | None]:
    """Where each work that is asked about shares what was looked for; None where it does not."""
    uids = given.getlist("with")[:_FRAMED_AT_ONCE]
    for uid in uids:
        desk.edition.image(uid)  # known here, or a clear answer
    if "key" in given:
        ask = Ask(shelf.get(given["key"]).working)
    else:
        row = desk.edition.image(given.get("uid", ""))
        ask = Ask(desk.project.store.objects.get(row["working"]), _box(given.get("box")))
    found = matches_of(desk.project, ask, uids) if uids else []
    return [frame_of(match.box2) if match.beyond_chance else None for match in found]


def _near(desk: Desk, uid: str, box: Box | None) -> dict[str, Any]:
    edition, ledger = desk.edition, desk.ledger
    row = edition.image(uid)
    if box is None:
        listed = edition.neighbours.get(uid)
        pairs = list(zip(listed["ids"], listed["distances"], strict=True)) if listed else []
    else:
        seen = look_at(desk.project, desk.project.store.objects.get(row["working"]), box)
        pairs = nearest(desk.project, seen.vector, _NEAREST, without=uid)
    links = ledger.links([uid, *(other for other, _ in pairs)], edition.is_suspended)
    hits = [Hit(other, away, _said(links.get(_pair(uid, other)))) for other, away in pairs]
    return {
        "row": row,
        "record": record_of(row),
        "link": web_link(row["permalink"]),
        "box": box,
        "hits": _present(edition, hits),
        "captions": Captions(edition),
        "groups": edition.groups_of.get(uid, ()),
        "history": [j for j in ledger.about(uid)[::-1] if j.type in PAIR_TYPES][:20],
        "computed": edition.neighbours.get(uid) is not None,
    }


def _present(edition: Edition, hits: Sequence[Hit]) -> list[Hit]:
    return [hit for hit in hits if hit.uid in edition]


def _pair(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)


def _said(link: Link | None) -> str:
    if link is None:
        return ""
    if link.contested:
        return "people disagree"
    return f"{VERDICTS[link.verdict]} ({joined(voice.annotator for voice in link.voices)})"


def _box(text: str | None) -> Box | None:
    if not text:
        return None
    try:
        return read_box(text[:100])
    except ValueError as error:
        raise InputError(f"That detail cannot be cut out: {error}.") from error


async def _body(request: Request, most: int) -> bytes:
    """What is sent, as far as it is no larger than it may be."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > most:
            raise HTTPException(
                413, f"That file is larger than {most / 1e6:g} MB, the most that is taken here."
            )
    return bytes(data)
