"""The picture map: all pictures at their places."""

from starlette.requests import Request
from starlette.routing import Mount

from vsig_core.review.app.desk import Desk
from vsig_core.review.atlas import MapLinks, map_routes

NAVIGATION = (("Map", "/map/"),)
_LINKS = MapLinks(
    image="../picture?uid={uid}&size=working",
    picture="../near?uid={uid}",
    cluster="../cluster/{cluster}",
    pair="../pair?a={a}&b={b}",
)


def routes(desk: Desk) -> list[Mount]:
    """`/map/` and what it loads."""
    return [Mount("/map", routes=map_routes(desk.project, _LINKS, _sections))]


def _sections(request: Request) -> list[tuple[str, str]]:
    """The navigation of the app, as seen from the map."""
    return [(title, f"..{address}") for title, address in request.app.state.navigation]
