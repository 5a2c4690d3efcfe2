"""Several people: who judged how much, how far they agree, and second opinions, blind."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vsig_core.annotations.judgement import Judgement, Pair
from vsig_core.review.agreement import (
    Agreement,
    Answers,
    agreement,
    answers_of,
    goes_to_a_second,
    second_opinions,
)
from vsig_core.review.app.captions import Captions
from vsig_core.review.app.desk import Desk
from vsig_core.review.app.ledger import Ledger
from vsig_core.review.app.person import person_of
from vsig_core.review.app.render import page

NAVIGATION = (("People", "/people"),)
_LONGEST_KEY = 200


@dataclass(frozen=True)
class Said:
    """What people said of pairs, summed up.

    Parameters
    ----------
    drawn
        Answers to the pairs that go to a second person.
    agreed, blind
        How far any two agree: on all pairs that both judged, and on the drawn ones alone.
    tally
        (who, pairs judged, of them today), most first.
    """

    drawn: Answers
    agreed: list[Agreement]
    blind: list[Agreement]
    tally: list[tuple[str, int, int]]


def routes(desk: Desk) -> list[Route]:
    """`/people`, `/second` (the next second opinion), `POST /here` (a group is open)."""

    def show(request: Request) -> Response:
        person = person_of(request)
        found = _said_now(desk)
        return page(
            request,
            "people.html",
            said=found,
            waiting=len(_waiting(desk, person.name)),
            share=desk.project.settings.review.second_share,
            elsewhere=desk.presence.elsewhere(person.name),
            total=_total,
        )

    def second(request: Request) -> Response:
        waiting = _waiting(desk, person_of(request).name)
        return page(
            request,
            "second.html",
            pair=waiting[0] if waiting else None,
            left=len(waiting),
            captions=Captions(desk.edition),
        )

    async def here(request: Request) -> Response:
        said = _said_in(await request.body())
        key = said.get("group")
        if not isinstance(key, str) or not 0 < len(key) <= _LONGEST_KEY:
            return JSONResponse({"error": "Name the group that is open."}, 400)
        name = person_of(request).name
        if said.get("left"):
            desk.presence.closed(name, key)
        else:
            desk.presence.opened(name, key)
        return JSONResponse({"also": desk.presence.elsewhere(name).get(key, [])})

    return [
        Route("/people", show),
        Route("/second", second),
        Route("/here", here, methods=["POST"]),
    ]


def _said_in(body: bytes) -> dict[str, Any]:
    """What a page tells; nothing where it is nonsense."""
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _said_now(desk: Desk) -> Said:
    ledger = desk.ledger
    return _said(ledger, ledger.revision, desk.project.settings.review.second_share)


@lru_cache(maxsize=2)
def _said(ledger: Ledger, _revision: int, share: float) -> Said:
    """Worked out once for each judgement that is added."""
    judgements = ledger.of_pairs()
    answers = answers_of(judgements)
    drawn = {pair: given for pair, given in answers.items() if goes_to_a_second(pair, share)}
    return Said(drawn, agreement(answers), agreement(drawn), _tally(judgements))


def _waiting(desk: Desk, name: str) -> list[Pair]:
    """Pairs that go to this person for a second opinion, and that can be shown."""
    edition, ledger = desk.edition, desk.ledger
    share = desk.project.settings.review.second_share
    return [
        pair
        for pair in second_opinions(_said_now(desk).drawn, name, share)
        if len(edition.present(pair)) == 2 and not ledger.is_unsure(name, pair)
    ]


def _tally(judgements: list[Judgement]) -> list[tuple[str, int, int]]:
    """(who, pairs judged, of them today), most first."""
    today = datetime.now(UTC).date()
    named = [j for j in judgements if j.annotator]
    everything = Counter(j.annotator or "" for j in named)
    fresh = Counter(j.annotator or "" for j in named if j.made_at and j.made_at.date() == today)
    return [(name, n, fresh[name]) for name, n in everything.most_common()]


def _total(rows: list[Agreement]) -> tuple[int, int]:
    """Pairs judged by two, and of them agreed, over all."""
    return sum(row.pairs for row in rows), sum(row.agreed for row in rows)
