"""The app: page groups, middleware, static files."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from vsig_core.project import Project
from vsig_core.review.app.desk import Desk
from vsig_core.review.app.faults import HANDLERS
from vsig_core.review.app.guard import ForgeryGuard, security_headers
from vsig_core.review.app.login import is_loopback, login_of
from vsig_core.review.app.pages import (
    acts,
    cluster,
    conflicts,
    duplicates,
    find,
    learn,
    login,
    models,
    morphograph,
    name,
    pair,
    people,
    picture_map,
    pictures,
    queue,
    zoom,
)
from vsig_core.review.app.person import NameCookie
from vsig_core.review.app.signing import Signer, kept_secret
from vsig_core.store import digest

PAGE_GROUPS: tuple[ModuleType, ...] = (
    queue,
    pair,
    duplicates,
    cluster,
    find,
    picture_map,
    morphograph,
    conflicts,
    learn,
    models,
    people,
    acts,
    pictures,
    zoom,
)
"""In the order of the navigation."""

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_STATIC = Path(__file__).parent / "static"


def create_app(project: Project, host: str = LOOPBACK[0]) -> Starlette:
    """Make the app of a project.

    Parameters
    ----------
    project
        Opened project; it may be empty, or be written to meanwhile.
    host
        Address that it is to listen on. Beyond loopback people log in.

    Raises
    ------
    InputError
        Others could reach it, and there is no login.
    """
    desk = Desk(project)
    signer = Signer(kept_secret(project.work / "review.secret"))
    gate = login_of(project, host, signer)

    @asynccontextmanager
    async def life(_app: Starlette) -> AsyncIterator[None]:
        desk.open()
        try:
            yield
        finally:
            desk.close()

    groups = [cast(Any, group) for group in (*PAGE_GROUPS, login if gate else name)]
    app = Starlette(
        routes=[
            *[route for group in groups for route in group.routes(desk)],
            Mount("/static", StaticFiles(directory=_STATIC), name="static"),
        ],
        middleware=[
            Middleware(BaseHTTPMiddleware, dispatch=security_headers),
            Middleware(
                TrustedHostMiddleware, allowed_hosts=_names(project, host), www_redirect=False
            ),
            Middleware(BaseHTTPMiddleware, dispatch=ForgeryGuard(signer)),
            Middleware(BaseHTTPMiddleware, dispatch=gate or NameCookie(signer)),
        ],
        exception_handlers=cast(Any, HANDLERS),
        lifespan=life,
    )
    app.state.navigation = [entry for group in groups for entry in getattr(group, "NAVIGATION", ())]
    app.state.project_name = project.folder.name
    app.state.project_id = digest(str(project.folder))
    app.state.edition_name = lambda: desk.edition_name
    return app


def _names(project: Project, host: str) -> list[str]:
    """Names by which browsers may call the app.

    Others are refused, so that a foreign page cannot reach it by a name that it lets point here.
    """
    names = [*LOOPBACK, *project.settings.review.hosts]
    if not is_loopback(host):
        names += [host, socket.gethostname(), socket.getfqdn()]
    return names
