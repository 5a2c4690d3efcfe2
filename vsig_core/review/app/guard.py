"""What protects people: headers that forbid foreign script, and tokens against forged requests."""

import secrets
from collections.abc import Awaitable, Callable
from hmac import compare_digest
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from vsig_core.review.app.faults import fault
from vsig_core.review.app.signing import Signer

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
VISIT = "vsig_visit"
TOKEN_HEADER, TOKEN_FIELD = "X-CSRF-Token", "csrf"
MOST_FORM_BYTES = 1_000_000
_SAFE = ("GET", "HEAD", "OPTIONS")
_FORM = "application/x-www-form-urlencoded"

Next = Callable[[Request], Awaitable[Response]]


async def security_headers(request: Request, call_next: Next) -> Response:
    """The middleware that adds `HEADERS` to every answer; a page is not kept by the browser."""
    response = await call_next(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


class ForgeryGuard:
    """Refuses what changes something and does not carry the token of the page it came from.

    The token is the signature of a random cookie. Scripts send it in a header; a form without
    script in a field (uploads need the header).
    """

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    async def __call__(self, request: Request, call_next: Next) -> Response:
        """The middleware."""
        visit = request.cookies.get(VISIT) or secrets.token_urlsafe(24)
        token = self._signer.mark(f"visit {visit}")
        request.state.csrf = token
        if request.method not in _SAFE:
            given = request.headers.get(TOKEN_HEADER) or await _field(request)
            if VISIT not in request.cookies or not compare_digest(given.encode(), token.encode()):
                return _refused(request)
        response = await call_next(request)
        if VISIT not in request.cookies:
            response.set_cookie(VISIT, visit, httponly=True, samesite="lax")
        return response


def _refused(request: Request) -> Response:
    """Told to a script so that it keeps what it wanted to say until the page is reloaded."""
    said = "This page is out of date, or the request came from elsewhere. Reload it."
    if "application/json" in request.headers.get("Accept", ""):
        return JSONResponse({"error": said, "reload": True}, 403)
    return fault(request, 403, said)


async def _field(request: Request) -> str:
    """The token in a form without script; empty where there is none."""
    size = request.headers.get("Content-Length", "")
    is_form = request.headers.get("Content-Type", "").startswith(_FORM)
    if not is_form or not size.isdigit() or int(size) > MOST_FORM_BYTES:
        return ""
    fields = parse_qs((await request.body()).decode("utf-8", "replace"))
    return fields.get(TOKEN_FIELD, [""])[0]
