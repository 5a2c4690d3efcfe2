"""The queue: what to look at next, and why."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vsig_core.review.app.desk import Desk
from vsig_core.review.app.render import page

NAVIGATION = (("Queue", "/"),)


def routes(desk: Desk) -> list[Route]:
    """`/`."""

    def queue(request: Request) -> Response:
        edition = desk.edition
        return page(request, "queue.html", entries=edition.queue[:100], images=len(edition.images))

    return [Route("/", queue)]
