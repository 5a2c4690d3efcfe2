"""Two pictures side by side: do they carry one signature?"""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vsig_core.errors import InputError
from vsig_core.evidence import Match
from vsig_core.review.app.desk import Desk
from vsig_core.review.app.edition import Entry, pair_key
from vsig_core.review.app.group import known
from vsig_core.review.app.person import person_of
from vsig_core.review.app.record import record_of, web_link
from vsig_core.review.app.render import page, url
from vsig_core.review.app.words import judgement_in_words
from vsig_core.review.looking import Box, match_of

NAVIGATION = (("Pairs", "/pairs"),)
_A_PAGE = 60


def routes(desk: Desk) -> list[Route]:
    """`/pairs` lists, `/pair?a=…&b=…` shows any two pictures, `/match` what they share."""

    def pairs(request: Request) -> Response:
        entries = open_pairs(desk, person_of(request).name)
        return page(
            request, "pairs.html", entries=entries[:_A_PAGE], total=len(entries), address=address
        )

    def pair(request: Request) -> Response:
        uids = (request.query_params.get("a", ""), request.query_params.get("b", ""))
        if uids[0] == uids[1]:
            raise InputError("Two different pictures make a pair; these are one.")
        edition, ledger = desk.edition, desk.ledger
        rows = [edition.image(uid) for uid in uids]
        following = _next(open_pairs(desk, person_of(request).name), uids)
        entry = _entry(desk, uids)
        return page(
            request,
            "pair.html",
            key=pair_key(uids),
            sides=[
                {"row": row, "record": record_of(row), "link": web_link(row["permalink"]),
                 "known": known(ledger, edition, row["uid"])}
                for row in rows
            ],
            notes=_notes(rows),
            reasons=entry.reasons if entry else (),
            said=[judgement_in_words(row) for row in ledger.between(uids)],
            next=address(following) if following else "/pairs",
        )  # fmt: skip

    def match(request: Request) -> Response:
        uids = [request.query_params.get(name, "") for name in ("a", "b")]
        for uid in uids:
            desk.edition.image(uid)  # known here, or a clear page
        found = match_of(desk.project, uids[0], uids[1])
        boxes = [frame_of(box) for box in (found.box1, found.box2) if found.beyond_chance]
        said = _found_in_words(found)
        return JSONResponse(
            {"boxes": boxes or [None, None], "mirrored": found.mirrored, "said": said}
        )

    return [Route("/pairs", pairs), Route("/pair", pair), Route("/match", match)]


def frame_of(box: Box | None) -> dict[str, float] | None:
    """A box as scripts take it: x, y, w, h in fractions of the picture."""
    return None if box is None else dict(zip("xywh", box, strict=True))


def _found_in_words(found: Match) -> str:
    if not found.beyond_chance:
        return "No part of the one is found in the other, beyond what chance brings."
    turned = ", mirrored in the right one" if found.mirrored else ""
    return f"Framed is the part whose forms agree best{turned}: a hint, not a proof."


def address(entry: Entry) -> str:
    """Where a pair is shown."""
    return url("/pair", a=entry.images[0], b=entry.images[1])


def open_pairs(desk: Desk, annotator: str) -> list[Entry]:
    """The pairs of the queue that this person has not judged, nor is unsure of."""
    edition, ledger = desk.edition, desk.ledger
    return [
        entry
        for entry in edition.queue
        if entry.kind == "pair"
        and len(edition.present(entry.images)) == 2
        and not ledger.has_judged(annotator, entry.images)
    ]


def _entry(desk: Desk, uids: Sequence[str]) -> Entry | None:
    """The entry of the queue that a pair has."""
    key = pair_key(uids)
    return next((entry for entry in desk.edition.queue if entry.key == key), None)


def _next(entries: Sequence[Entry], uids: Sequence[str]) -> Entry | None:
    """The one after this pair; the first where this pair is not in the list."""
    keys = [entry.key for entry in entries]
    place = keys.index(pair_key(uids)) + 1 if pair_key(uids) in keys else 0
    return entries[place] if place < len(entries) else None


def _notes(rows: Sequence[dict[str, Any]]) -> list[str]:
    """What a person should know before judging."""
    one, other = rows
    found = []
    if one["work"] and one["work"] == other["work"]:
        found.append(f"two views of one work ({one['work']})")
    if one["author"] and one["author"] == other["author"]:
        found.append(f"both by the same hand: {one['author']}")
    return found
