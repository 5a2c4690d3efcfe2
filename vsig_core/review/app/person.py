"""Who is asking: one value, set by one middleware before any page is looked up.

On loopback the app asks once for a name and keeps it in a signed cookie; whoever sits
at this machine may do everything.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from vsig_core.review.app.signing import Signer
from vsig_core.review.users import LONGEST_NAME, Role, allows

A_YEAR = 365 * 24 * 3600
# Open to those who have not said their name yet.
_OPEN = ("/name", "/static/")


@dataclass(frozen=True)
class Person:
    """Who is asking.

    Parameters
    ----------
    name
        Goes into the column `annotator`.
    role
        look, judge (write judgements) or decide (settle conflicts, Learn, promote).
    """

    name: str
    role: Role


def person_of(request: Request) -> Person:
    """The person who asks; every page but that which asks for the name has one."""
    return request.state.person


def may(person: Person | None, role: Role) -> bool:
    """Whether a person may do what a role may."""
    return person is not None and allows(person.role, role)


def one_line(text: str) -> str:
    """What a person typed, as it is kept: without line ends and the like, spaces single."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def clean_name(text: str) -> str:
    """A name as it is kept: one line, not too long."""
    return one_line(text)[:LONGEST_NAME].strip()


class NameCookie:
    """Asks for a name once, on loopback.

    Parameters
    ----------
    signer
        Signs the cookie.
    """

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self._cookie = signer.cookie("vsig_name")

    def find(self, request: Request) -> Person | None:
        """Who is asking, by the cookie; None where it is missing or not ours."""
        name = self._signer.open(request.cookies.get(self._cookie, ""))
        return Person(name, "decide") if name else None

    def keep(self, response: Response, name: str) -> None:
        """Let the browser keep a name."""
        response.set_cookie(
            self._cookie, self._signer.close(name), max_age=A_YEAR, httponly=True, samesite="lax"
        )

    async def __call__(
        self, request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        """The middleware."""
        request.state.person = self.find(request)
        request.state.name_cookie = self
        if request.state.person is None and not request.url.path.startswith(_OPEN):
            return _ask(request)
        return await call_next(request)


def _ask(request: Request) -> Response:
    if request.method not in ("GET", "HEAD"):
        return JSONResponse({"error": "Say your name first: reload the page."}, 401)
    target = request.url.path + ("?" + request.url.query if request.url.query else "")
    return RedirectResponse(f"/name?next={quote(target)}", 303)
