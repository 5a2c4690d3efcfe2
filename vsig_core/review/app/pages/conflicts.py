"""Contradictions: both judgements, who made them and when; settle one, or leave it open.

A settlement is written as any other act, by `POST /acts`.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vsig_core.annotations.kinds import LEAVE
from vsig_core.review.app.captions import Captions
from vsig_core.review.app.contradictions import disputes_now
from vsig_core.review.app.desk import Desk
from vsig_core.review.app.drawings import TONES
from vsig_core.review.app.paging import Paging
from vsig_core.review.app.render import page
from vsig_core.review.disputes import Dispute

NAVIGATION = (("Conflicts", "/conflicts"),)
_A_PAGE = 30

OUTCOMES = {
    "POSITIVE": "Same signature",
    "NEGATIVE": "Not the same signature",
    "SIMILAR": "Similar only",
    "DIFFERENT": "Not even similar",
    "DUPLICATE": "Same photograph",
    "NOT_DUPLICATE": "Not the same photograph",
    LEAVE: "Leave it open",
}
"""What a settlement says, as a button."""

EXPLAINED = {
    "pair": "Judged differently",
    "inside": "Kept apart by one judgement, joined by others",
    "replaced": "Judged on an earlier picture than the one shown",
}


def routes(desk: Desk) -> list[Route]:
    """`/conflicts`; with `settled=1` those that are settled or left."""

    def show(request: Request) -> Response:
        edition = desk.edition
        found = disputes_now(desk)
        wanted = request.query_params.get("settled") == "1"
        chosen = [dispute for dispute in found if is_closed(dispute) == wanted]
        paging = Paging.of(request, chosen, _A_PAGE)
        return page(
            request,
            "conflicts.html",
            disputes=paging.shown,
            paging=paging,
            show_settled=wanted,
            open_count=sum(not is_closed(dispute) for dispute in found),
            settled_count=sum(map(is_closed, found)),
            captions=Captions(edition),
            outcomes=OUTCOMES,
            explained=EXPLAINED,
            tones=TONES,
        )

    return [Route("/conflicts", show)]


def is_closed(dispute: Dispute) -> bool:
    """Whether somebody settled it, or left it open on purpose."""
    return dispute.settled is not None
