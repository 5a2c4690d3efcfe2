"""Logging in and out."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from vsig_core.review.app.desk import Desk
from vsig_core.review.app.pages.name import inside
from vsig_core.review.app.render import page


def routes(_desk: Desk) -> list[Route]:
    """`/login`, `/logout`, and `/name`, which says who one is."""
    return [
        Route("/login", ask, methods=["GET"]),
        Route("/login", enter, methods=["POST"]),
        Route("/logout", leave, methods=["POST"]),
        Route("/name", account, methods=["GET"]),
    ]


def ask(request: Request) -> Response:
    """The form."""
    target = inside(request.query_params.get("next"))
    return page(request, "login.html", next=target, said="", name="")


async def enter(request: Request) -> Response:
    """Let in who knows the password."""
    form = await request.form()
    target, name = inside(str(form.get("next", ""))), str(form.get("name", ""))[:200]
    login = request.state.login
    # Hashing takes some tens of milliseconds by design: others are served meanwhile.
    user, wait = await run_in_threadpool(
        login.enter, request, name, str(form.get("password", ""))[:2000]
    )
    if user is None:
        said = "That name and password do not belong together."
        if wait:
            said += f" Wait {max(1, round(wait))} seconds before the next try."
        answer = page(
            request, "login.html", 429 if wait else 401, next=target, said=said, name=name
        )
        if wait:
            answer.headers["Retry-After"] = str(max(1, round(wait)))
        return answer
    response = RedirectResponse(target, 303)
    login.keep(request, response, user)
    return response


def leave(request: Request) -> Response:
    """End the session of this browser."""
    response = RedirectResponse("/login", 303)
    request.state.login.forget(response)
    return response


def account(request: Request) -> Response:
    """Who one is, what one may do, and the way out."""
    return page(request, "account.html", by_proxy=request.state.login.by_proxy)
