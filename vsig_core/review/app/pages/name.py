"""The one question on loopback: your name."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from vsig_core.review.app.desk import Desk
from vsig_core.review.app.person import clean_name
from vsig_core.review.app.render import page


def routes(_desk: Desk) -> list[Route]:
    """`/name` asks, and keeps the answer."""
    return [Route("/name", ask, methods=["GET"]), Route("/name", keep, methods=["POST"])]


def ask(request: Request) -> Response:
    """The question."""
    return page(request, "name.html", next=inside(request.query_params.get("next")), said="")


async def keep(request: Request) -> Response:
    """The answer."""
    form = await request.form()
    target, name = inside(str(form.get("next", ""))), clean_name(str(form.get("name", "")))
    if not name:
        said = "A name is needed: every judgement says whose it is."
        return page(request, "name.html", 400, next=target, said=said)
    response = RedirectResponse(target, 303)
    request.state.name_cookie.keep(response, name)
    return response


def inside(target: str | None) -> str:
    """Where to go on; only within this app."""
    inside = target and target.startswith("/") and target[1:2] not in ("/", "\\")
    return target if inside and target else "/"
