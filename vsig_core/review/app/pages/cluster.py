"""The page of a group: look, tick, judge."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vsig_core.errors import VsigError
from vsig_core.review.app.chain import why_here
from vsig_core.review.app.desk import Desk
from vsig_core.review.app.group import MOST_TICKED, Group, group_of, known, set_of
from vsig_core.review.app.listing import done_in
from vsig_core.review.app.pages.queue import outlook_of, queue_of
from vsig_core.review.app.record import record_of, web_link
from vsig_core.review.app.render import page

_BESIDE = 12


def routes(desk: Desk) -> list[Route]:
    """`/cluster/KEY`, `/set?uid=…` for what a person chose, `/record?uid=…` at their right."""

    def cluster(request: Request) -> Response:
        return shown(request, group_of(desk, request.path_params["key"]))

    def chosen(request: Request) -> Response:
        return shown(request, set_of(desk, request.query_params.getlist("uid")))

    def shown(request: Request, group: Group) -> Response:
        key, queue = group.key, queue_of(desk, request)
        place = queue.place(key)
        first = max(0, (place or 0) - _BESIDE // 3)
        item = None if place is None else queue.items[place]
        return page(
            request,
            "cluster.html",
            group=group,
            queue=queue,
            item=item,
            beside=queue.items[first : first + _BESIDE],
            place=place,
            next=queue.after(key) if key else None,
            here=f"{request.url.path}?{request.url.query}",
            outlook=outlook_of(desk, request, queue),
            done_by=done_in(desk.ledger, desk.edition.acts, [key]).get(key),
            most_ticked=MOST_TICKED,
            size=len(group.cards),
        )

    def record(request: Request) -> Response:
        uid = request.query_params.get("uid", "")
        edition, ledger = desk.edition, desk.ledger
        row = edition.image(uid)
        return page(
            request,
            "record.html",
            record=record_of(row),
            link=web_link(row["permalink"]),
            row=row,
            known=known(ledger, edition, uid),
            history=ledger.about(uid)[::-1][:20],
            why=why_here(edition, uid),
            title_of=lambda other: _title(desk, other),
            groups=edition.groups_of.get(uid, ()),
        )

    return [Route("/cluster/{key}", cluster), Route("/set", chosen), Route("/record", record)]


def _title(desk: Desk, uid: str) -> Any:
    """A title, or the uid of a picture that is gone."""
    try:
        row = desk.edition.image(uid)
    except VsigError:
        return uid
    return row["title"] or uid
