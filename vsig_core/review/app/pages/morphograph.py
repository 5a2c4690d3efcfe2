"""The morphograph: what people confirmed, by component, on a time line, a map, and as a graph."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vsig_core.annotations import representatives
from vsig_core.review.app.captions import Captions
from vsig_core.review.app.desk import Desk
from vsig_core.review.app.drawings import draw_graph, draw_places, draw_timeline, year_label
from vsig_core.review.app.edition import Edition
from vsig_core.review.app.paging import Paging
from vsig_core.review.app.render import page
from vsig_core.review.graph import component_graph
from vsig_core.review.places import place_map
from vsig_core.review.timeline import time_line

NAVIGATION = (("Morphograph", "/morphograph"),)
_A_PAGE = 30
_ORDERS = {"size": "largest first", "recent": "judged last", "oldest": "oldest work first"}
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Component:
    """A component as the list shows it.

    Parameters
    ----------
    component
        Its id.
    uids
        Its pictures, folded ones included, ascending.
    works
        One picture of each work, ascending.
    names
        Names that people gave its signatures.
    judged_at
        Latest judgement of a pair in it.
    """

    component: str
    uids: tuple[str, ...]
    works: tuple[str, ...]
    names: tuple[str, ...]
    judged_at: datetime


def routes(desk: Desk) -> list[Route]:
    """`/morphograph` lists the components, `/morphograph/ID` shows one."""

    def listed(request: Request) -> Response:
        edition = desk.edition
        order = request.query_params.get("order", "size")
        order = order if order in _ORDERS else "size"
        paging = Paging.of(request, _ordered(edition, order), _A_PAGE)
        return page(
            request,
            "morphograph.html",
            components=[(found, _facts(edition, found)) for found in paging.shown],
            paging=paging,
            pictures=sum(len(c.uids) for c in components(edition).values()),
            captions=Captions(edition),
            order=order,
            orders=_ORDERS,
        )

    def one(request: Request) -> Response:
        edition = desk.edition
        name = request.path_params["component"]
        found = components(edition).get(name)
        if found is None:
            raise HTTPException(
                404,
                f"There is no component {name[:80]!r} (any more): its links may have been taken "
                "back, or it was joined with another. The list shows those there are.",
            )
        return page(request, "component.html", **_view(edition, found))

    return [Route("/morphograph", listed), Route("/morphograph/{component}", one)]


@lru_cache(maxsize=2)
def components(edition: Edition) -> Mapping[str, Component]:
    """All components of an edition, by id."""
    members: dict[str, list[str]] = defaultdict(list)
    component_of: dict[str, str] = {}
    for row in edition.table("components").to_pylist():
        if row["uid"] in edition:
            members[row["component"]].append(row["uid"])
            component_of[row["uid"]] = row["component"]
    judged: dict[str, datetime] = {}
    for link in edition.table("links").select(["img1", "img2", "decided_at"]).to_pylist():
        name = component_of.get(link["img1"])
        if name and name == component_of.get(link["img2"]) and link["decided_at"]:
            judged[name] = max(judged.get(name, _NEVER), link["decided_at"])
    standing = representatives(edition.table("links"))
    return {
        name: Component(
            name,
            tuple(sorted(uids)),
            tuple(_works(edition, sorted(uids), standing)),
            tuple(_names(edition, uids)),
            judged.get(name, _NEVER),
        )
        for name, uids in members.items()
    }


def _works(edition: Edition, uids: Sequence[str], standing: Mapping[str, str]) -> list[str]:
    """One picture of each work: duplicates and views of one object count once."""
    first: dict[str, str] = {}
    for uid in uids:
        shown = standing.get(uid, uid)
        shown = shown if shown in uids else uid
        first.setdefault(edition.image(uid)["work"] or f"\0{shown}", shown)
    return sorted(set(first.values()))


def _names(edition: Edition, uids: Sequence[str]) -> list[str]:
    motifs = {motif for uid in uids for motif in edition.motifs_of.get(uid, ())}
    return sorted({name for motif in motifs if (name := edition.motif_names.get(motif))})


def _ordered(edition: Edition, order: str) -> list[Component]:
    found = list(components(edition).values())
    if order == "recent":
        return sorted(found, key=lambda c: (c.judged_at, c.component), reverse=True)
    if order == "oldest":
        return sorted(found, key=lambda c: (_first_year(edition, c), c.component))
    return sorted(found, key=lambda c: (-len(c.works), -len(c.uids), c.component))


def _first_year(edition: Edition, component: Component) -> int:
    years = [edition.image(uid)["year_from"] for uid in component.works]
    return min((year for year in years if year is not None), default=10_000)


def _facts(edition: Edition, component: Component) -> str:
    """Works, years and places in one line."""
    rows = [edition.image(uid) for uid in component.works]
    first = [row["year_from"] for row in rows if row["year_from"] is not None]
    last = [row["year_to"] for row in rows if row["year_to"] is not None]
    parts = []
    if first and last:
        low, high = year_label(min(first)), year_label(max(last))
        parts.append(low if low == high else f"{low}–{high}")
    places = Counter(row["place"] for row in rows if row["place"])
    if places:
        parts.append(", ".join(place for place, _ in places.most_common(3)))
    return " · ".join(parts)


def _view(edition: Edition, component: Component) -> dict[str, Any]:
    captions = Captions(edition)
    rows = [edition.image(uid) for uid in component.works]
    line, places = time_line(rows), place_map(rows)
    return {
        "component": component,
        "captions": captions,
        "facts": _facts(edition, component),
        "time": draw_timeline(line, captions.work),
        "undated": line.unknown,
        "map": draw_places(places, captions.work),
        "unplaced": places.unknown,
        "graph": draw_graph(component_graph(component.uids, edition.table("links")), captions.work),
    }
