"""Templates: all text is escaped, and a name that is not given is an error."""

from collections.abc import Sequence
from functools import cache
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from vsig_core.review.app import words
from vsig_core.review.app.person import may


@cache
def _templates() -> Environment:
    found = Environment(
        loader=PackageLoader("vsig_core.review.app"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals |= {"url": url, "picture": picture_url, "count": count, "words": words}
    found.filters["begin"] = words.begin
    return found


def url(path: str, **values: Any) -> str:
    """An address of this app; values that are None are left out.

    >>> url("/pair", a="x/y.jpg", b=None)
    '/pair?a=x%2Fy.jpg'
    """
    given = {name: value for name, value in values.items() if value is not None}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path


def picture_url(uid: str, size: str = "grid") -> str:
    """Address of a picture; `size` is one of `pages.pictures.SIZES`."""
    return url("/picture", uid=uid, size=size)


def count(number: int, thing: str) -> str:
    """A number with its thing.

    >>> count(2, "pair")
    '2 pairs'
    """
    return f"{number:,} {thing}{'' if number == 1 else 's'}".replace(",", " ")


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Answer with a page.

    Templates that extend `base.html` get, beside `values`: person (None before the name is
    known), may (role -> whether this person may), csrf, navigation ((title, path) each), path,
    project (its name), project_id and edition_name.
    """
    person = getattr(request.state, "person", None)
    navigation: Sequence[tuple[str, str]] = request.app.state.navigation
    text = (
        _templates()
        .get_template(template)
        .render(
            person=person,
            may=lambda role: may(person, role),
            csrf=getattr(request.state, "csrf", ""),
            navigation=navigation,
            project=request.app.state.project_name,
            project_id=request.app.state.project_id,
            edition_name=request.app.state.edition_name(),
            path=request.url.path,
            **values,
        )
    )
    return HTMLResponse(text, status)
