"""The picture map: all pictures at their places."""

from starlette.requests import Request
from starlette.routing import Mount

from vsig_core.review.app.desk import Desk
from vsig_core.review.app.group import MOST_CHOSEN
from vsig_core.review.app.person import person_of
from vsig_core.review.atlas import Head, MapLinks, map_routes

NAVIGATION = (("Map", "/map/"),)
_LINKS = MapLinks(
    image="../picture?uid={uid}&size=working",
    picture="../near?uid={uid}",
    cluster="../cluster/{cluster}",
    pair="../pair?a={a}&b={b}",
    together="../set",
    most_together=MOST_CHOSEN,
)


def routes(desk: Desk) -> list[Mount]:
    """`/map/` and what it loads."""
    return [Mount("/map", routes=map_routes(desk.project, _LINKS, _head))]


def _head(request: Request) -> Head:
    """The head of the app's pages, as seen from the map."""
    state = request.app.state
    pages = [(title, f"..{address}") for title, address in state.navigation]
    return Head(pages, state.project_name, person_of(request).name)
