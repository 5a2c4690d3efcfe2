"""What goes wrong, as a page that says so; a traceback goes to the log alone."""

import logging
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from vsig_core.errors import (
    InputError,
    StoreError,
    TableMissingError,
    UnknownImageError,
    VsigError,
)
from vsig_core.review.app.render import page

LOG = logging.getLogger("vsig.review")
# The most special first.
_STATUS: tuple[tuple[type[VsigError], int], ...] = (
    (UnknownImageError, 404),
    (TableMissingError, 503),
    (InputError, 400),
    (StoreError, 503),
)
_TITLES = {
    400: "That cannot be done",
    403: "Not allowed",
    404: "Not here",
    405: "Not here",
    503: "Not ready",
    507: "Not saved",
}
# What people are told where the server knows no more than its status.
_SAID = {
    404: "There is no such page.",
    405: "There is no page at this address: it only takes what other pages send. Nothing was "
    "changed.",
}


async def said_by_vsig(request: Request, error: Exception) -> Response:
    """What vsig raises on purpose, in its own words."""
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
    return fault(request, status, str(error))


async def said_by_http(request: Request, error: Exception) -> Response:
    """No such page, and what pages refuse themselves."""
    assert isinstance(error, HTTPException)
    plain = error.detail == HTTPStatus(error.status_code).phrase
    said = _SAID.get(error.status_code, error.detail) if plain else error.detail
    return fault(request, error.status_code, said)


async def unforeseen(request: Request, error: Exception) -> Response:
    """A fault of ours: logged whole, told in one sentence."""
    LOG.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return fault(
        request,
        500,
        "The app made a mistake; the details are in its log. Nothing that was confirmed is lost.",
    )


def fault(request: Request, status: int, said: str) -> Response:
    """One clear page; JSON for scripts."""
    if "application/json" in request.headers.get("Accept", ""):
        return JSONResponse({"error": said}, status)
    title = _TITLES.get(status, "Something went wrong")
    return page(request, "fault.html", status, title=title, said=said)


HANDLERS = {VsigError: said_by_vsig, HTTPException: said_by_http, Exception: unforeseen}
