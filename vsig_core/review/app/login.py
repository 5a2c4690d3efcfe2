"""Who is asking, beyond this machine: by a password, or by the word of a trusted proxy."""

import time
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from vsig_core.errors import InputError
from vsig_core.project import Project
from vsig_core.review.app.person import Person, clean_name
from vsig_core.review.app.render import url
from vsig_core.review.app.signing import Signer
from vsig_core.review.throttle import Throttle
from vsig_core.review.users import User, allows, read_users, users_file, verify
from vsig_core.settings import ReviewSettings

SESSION_SECONDS = 12 * 3600
_OPEN = ("/login", "/static/")
_SAFE = ("GET", "HEAD", "OPTIONS")
# What whoever may look may send, too.
_NO_JUDGEMENT = ("/login", "/logout", "/here", "/find/")
Next = Callable[[Request], Awaitable[Response]]


def login_of(project: Project, host: str, signer: Signer) -> "Login | None":
    """The login of a project; None where the app only asks for a name, on this machine.

    Once there is a user, or a proxy is trusted, there is a login on loopback too: a
    proxy that lets others in connects from there.

    Parameters
    ----------
    host
        Address that the app is to listen on.

    Raises
    ------
    InputError
        Others could reach it, and there is no login.
    """
    settings = project.settings.review
    path = users_file(project.folder, settings)
    if settings.proxy_header or read_users(path):
        return Login(path, settings, signer)
    if is_loopback(host):
        return None
    raise InputError(
        f"On {host} others can reach the app, and it has no login yet. Make a user with "
        "'vsig review-user NAME --role decide', or name the header of a proxy that people "
        "log in at ([review] proxy_header), or listen on 127.0.0.1."
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Login:
    """The middleware that lets in who has logged in, and sets `request.state.person`.

    Parameters
    ----------
    users
        The file of users; read again when it changes.
    settings
        Which proxies are trusted, and by which header.
    signer
        Signs the cookie of a session.
    """

    def __init__(self, users: Path, settings: ReviewSettings, signer: Signer) -> None:
        self._path, self._settings, self._signer = users, settings, signer
        self._cookie = signer.cookie("vsig_session")
        self._read: tuple[int, dict[str, User]] = (-1, {})
        self.throttle = Throttle()

    async def __call__(self, request: Request, call_next: Next) -> Response:
        """The middleware."""
        person = self.find(request)
        request.state.person, request.state.login = person, self
        path = request.url.path
        if person is None and not path.startswith(_OPEN):
            return self._ask(request)
        writes = request.method not in _SAFE and not path.startswith(_NO_JUDGEMENT)
        if person and writes and not allows(person.role, "judge"):
            said = (
                f"{person.name} may look, not judge. Somebody who runs the project can change it."
            )
            return JSONResponse({"error": said}, 403)
        return await call_next(request)

    def find(self, request: Request) -> Person | None:
        """Who is asking; None where nobody is known."""
        if self._settings.proxy_header:
            return self._by_proxy(request)
        said = self._signer.open(request.cookies.get(self._cookie, "")) or ""
        name, since, mark = (*said.split("\n"), "", "", "")[:3]
        user = self.users().get(name)
        fresh = since.isdigit() and 0 <= time.time() - int(since) < SESSION_SECONDS
        if user is None or not fresh or mark != self._signer.mark(user.password):
            return None
        return Person(user.name, user.role)

    def _by_proxy(self, request: Request) -> Person | None:
        peer = request.client.host if request.client else ""
        if peer not in self._settings.trusted_proxies:
            return None
        name = clean_name(request.headers.get(self._settings.proxy_header or "", ""))
        if not name:
            return None
        user = self.users().get(name)
        return Person(name, user.role if user else self._settings.proxy_role)

    def enter(self, request: Request, name: str, password: str) -> tuple[User | None, float]:
        """Try a password: who it opens for, and how long to wait for the next try, seconds."""
        keys = (f"name {clean_name(name)}", f"from {address_of(request, self._settings)}")
        if wait := self.throttle.wait(*keys):
            return None, wait
        # Counted before it is known, so that many tries at once are as slow as one by one.
        self.throttle.failed(*keys)
        user = verify(self.users(), name, password)
        if user is None:
            return None, self.throttle.wait(*keys)
        self.throttle.passed(*keys)
        return user, 0.0

    def keep(self, request: Request, response: Response, user: User) -> None:
        """Begin a session; it ends after `SESSION_SECONDS`, or with another password."""
        said = f"{user.name}\n{int(time.time())}\n{self._signer.mark(user.password)}"
        response.set_cookie(
            self._cookie,
            self._signer.close(said),
            max_age=SESSION_SECONDS,
            httponly=True,
            samesite="lax",
            secure=_by_https(request, self._settings),
        )

    def forget(self, response: Response) -> None:
        """End the session of a browser."""
        response.delete_cookie(self._cookie)

    @property
    def by_proxy(self) -> bool:
        """Whether a proxy knows who people are, and nobody logs in here."""
        return self._settings.proxy_header is not None

    def users(self) -> dict[str, User]:
        """Who may log in, as the file says now."""
        try:
            changed = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return {}
        if changed != self._read[0]:
            self._read = (changed, read_users(self._path))
        return self._read[1]

    def _ask(self, request: Request) -> Response:
        if self.by_proxy:
            said = "The proxy in front of this app did not say who you are. Log in there."
            return JSONResponse({"error": said}, 401)
        if request.method not in ("GET", "HEAD"):
            said = "Your session has ended: log in again, in another tab. Nothing here is lost."
            return JSONResponse({"error": said}, 401)
        target = request.url.path + ("?" + request.url.query if request.url.query else "")
        return RedirectResponse(url("/login", next=target), 303)


def address_of(request: Request, settings: ReviewSettings) -> str:
    """Where a request comes from; behind a trusted proxy, whom the proxy names."""
    peer = request.client.host if request.client else ""
    forwarded = request.headers.get("X-Forwarded-For", "").split(",")[-1].strip()
    return forwarded if forwarded and peer in settings.trusted_proxies else peer


def _by_https(request: Request, settings: ReviewSettings) -> bool:
    peer = request.client.host if request.client else ""
    forwarded = request.headers.get("X-Forwarded-Proto") == "https"
    return request.url.scheme == "https" or (forwarded and peer in settings.trusted_proxies)
