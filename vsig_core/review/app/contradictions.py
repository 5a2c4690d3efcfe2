"""The conflicts of this moment: also those of judgements that wait in the inbox."""

from functools import lru_cache

from vsig_core.annotations.conflicts import contest_inside
from vsig_core.review.app.desk import Desk
from vsig_core.review.app.edition import Edition
from vsig_core.review.app.ledger import Ledger
from vsig_core.review.disputes import Dispute, disputes


def disputes_now(desk: Desk) -> list[Dispute]:
    """All conflicts, the open ones first; worked out anew when somebody judged."""
    ledger = desk.ledger
    return _disputes(desk.edition, ledger, ledger.revision)


@lru_cache(maxsize=2)
def _disputes(edition: Edition, ledger: Ledger, _revision: int) -> list[Dispute]:
    links = ledger.links(edition.contents, edition.is_suspended)
    contest_inside(links, edition.contents, ledger.settled)
    return disputes(links.values())
