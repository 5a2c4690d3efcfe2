"""Pictures that look like one photograph, confirmed in bulk."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vsig_core.review.app.desk import Desk
from vsig_core.review.app.edition import pair_key
from vsig_core.review.app.ledger import Ledger
from vsig_core.review.app.render import page

NAVIGATION = (("Duplicates", "/duplicates"),)
_A_PAGE = 40
_COLUMNS = ["title", "author", "date_text", "year_from", "year_to", "width", "height", "uid"]
_ANSWERS = ("DUPLICATE", "NOT_DUPLICATE", "UNSURE")


def routes(desk: Desk) -> list[Route]:
    """`/duplicates`."""

    def duplicates(request: Request) -> Response:
        edition, ledger = desk.edition, desk.ledger
        sets = [s for s in desk.near_duplicates if not _is_answered(ledger, s.uids)]
        shown = [
            {
                "key": pair_key(alike.uids),
                "rows": list(edition.images.some(alike.uids, _COLUMNS).values()),
                "surely": alike.surely,
                "told_apart": alike.told_apart,
            }
            for alike in sets[:_A_PAGE]
        ]
        return page(request, "duplicates.html", sets=shown, total=len(sets))

    return [Route("/duplicates", duplicates)]


def _is_answered(ledger: Ledger, uids: tuple[str, ...]) -> bool:
    """Whether somebody said of these pictures whether they are one photograph."""
    return any(row.type in _ANSWERS for row in ledger.between(uids))
