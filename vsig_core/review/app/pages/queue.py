"""The queue: what to look at next, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vsig_core.review.app.desk import Desk
from vsig_core.review.app.listing import ONLY, SORTS, Choice, Item, chosen, done_in
from vsig_core.review.app.paging import number_in
from vsig_core.review.app.person import person_of
from vsig_core.review.app.render import page
from vsig_core.review.app.stopping import Outlook, outlook

NAVIGATION = (("Queue", "/"),)
_A_PAGE = 60


@dataclass(frozen=True)
class Queue:
    """A person's list.

    Parameters
    ----------
    choice
        With the edition whose list it is.
    items
        In the order wished for.
    done
        Group -> who judged it since the list was made.
    newer
        Whether there are newer results than the list.
    elsewhere
        Group -> who else has it open just now.
    """

    choice: Choice
    items: Sequence[Item]
    done: dict[str, str]
    newer: bool
    elsewhere: dict[str, list[str]]

    def place(self, key: str) -> int | None:
        """Where a group stands, from 0; None where it is not in the list."""
        keys = [item.entry.key for item in self.items]
        return keys.index(key) if key in keys else None

    def after(self, key: str) -> Item | None:
        """The next one that nobody has judged yet, from a group on; then from the top.

        What somebody else has open comes last.
        """
        place = self.place(key)
        begin = 0 if place is None else place + 1
        rest = [*self.items[begin:], *self.items[:begin]]
        open_ = [item for item in rest if item.entry.key not in {*self.done, key}]
        free = (item for item in open_ if item.entry.key not in self.elsewhere)
        return next(free, next(iter(open_), None))


def queue_of(desk: Desk, request: Request) -> Queue:
    """The list that an address asks for."""
    asked = Choice.of(request.query_params)
    opened = desk.opened(asked.edition)
    choice = Choice(asked.sort, asked.only, opened.name)
    ledger, person = desk.ledger, person_of(request)
    items = chosen(opened.items["cluster"], choice, ledger, person.name)
    done = done_in(ledger, opened.acts, [item.entry.key for item in items])
    elsewhere = desk.presence.elsewhere(person.name)
    return Queue(choice, items, done, opened.name != desk.edition.name, elsewhere)


def outlook_of(desk: Desk, request: Request, queue: Queue) -> Outlook:
    """What is likely left in a list."""
    return outlook(desk.ledger, person_of(request).name, len(queue.items) - len(queue.done))


def routes(desk: Desk) -> list[Route]:
    """`/`."""

    def show(request: Request) -> Response:
        queue = queue_of(desk, request)
        start = min(number_in(request, "from"), max(len(queue.items) - 1, 0))
        return page(
            request,
            "queue.html",
            queue=queue,
            shown=queue.items[start : start + _A_PAGE],
            start=start,
            a_page=_A_PAGE,
            sorts=SORTS,
            filters=ONLY,
            outlook=outlook_of(desk, request, queue),
            pictures=len(desk.edition.images),
        )

    return [Route("/", show)]
