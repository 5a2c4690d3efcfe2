"""Saving: `POST /acts` writes one act; it answers when the act is on disk."""

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vsig_core.annotations import Act
from vsig_core.annotations.acts import ActKind
from vsig_core.errors import AnnotationError, StoreError
from vsig_core.review.app.desk import Desk
from vsig_core.review.app.inbox import is_full
from vsig_core.review.app.ledger import Said
from vsig_core.review.app.person import Person, may, one_line, person_of
from vsig_core.review.app.render import page
from vsig_core.review.app.words import act_in_words

MOST_BYTES = 2_000_000
# More pairs than anyone can have looked at, and a file that the inbox chokes on.
MOST_PAIRS = 5_000
_HISTORY, _OFFERED = 200, 20


class Wish(BaseModel):
    """What a browser asks to be written.

    `act` is made by the browser, so that a second try after a lost answer writes nothing twice;
    `edition` is what its page showed.
    """

    model_config = ConfigDict(extra="forbid")

    act: str = Field(pattern="^a-[0-9a-f]{32}$")
    kind: ActKind
    ticked: list[str] = []
    unticked: list[str] = []
    unticked_are_not: bool = False
    cluster: str | None = Field(default=None, max_length=200)
    motif: str | None = Field(default=None, max_length=200)
    note: str | None = Field(default=None, max_length=2_000)
    target: str | None = Field(default=None, max_length=200)
    edition: str | None = Field(default=None, max_length=200)
    boxes: dict[str, str] = Field(default={}, max_length=100)


def routes(desk: Desk) -> list[Route]:
    """`/acts` writes; `/history` and `/history.json` list a person's acts, newest first."""

    async def write(request: Request) -> Response:
        wish = await _wish(request)
        try:
            said = await run_in_threadpool(write_wish, desk, person_of(request), wish)
        except StoreError as error:
            return JSONResponse({"error": not_saved(error)}, 507)
        return JSONResponse(_told(said))

    def history(request: Request) -> Response:
        ledger, person = desk.ledger, person_of(request)
        acts = ledger.acts_of(person.name)
        shown = [ledger.said(act) for act in acts[:_HISTORY]]
        return page(request, "history.html", acts=shown, more=len(acts) - len(shown))

    def newest(request: Request) -> Response:
        ledger = desk.ledger
        acts = ledger.acts_of(person_of(request).name)[:_OFFERED]
        return JSONResponse({"acts": [_told(ledger.said(act)) for act in acts]})

    return [
        Route("/acts", write, methods=["POST"]),
        Route("/history", history),
        Route("/history.json", newest),
    ]


async def _wish(request: Request) -> Wish:
    if int(request.headers.get("Content-Length") or MOST_BYTES + 1) > MOST_BYTES:
        raise AnnotationError("That is more than one judgement can say.")
    try:
        return Wish.model_validate_json(await request.body())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise AnnotationError(f"That is no judgement: {place}: {first['msg']}.") from error


def write_wish(desk: Desk, person: Person, wish: Wish) -> Said:
    """Write what a person asked for.

    Raises
    ------
    HTTPException
        The person may not.
    AnnotationError
        It cannot be said so.
    StoreError
        It cannot be written; nothing was.
    """
    needed = "decide" if wish.kind == "settle" else "judge"
    if not may(person, needed):
        raise HTTPException(403, f"{person.name} may look here, but not {needed}.")
    if wish.kind == "undo":
        _check_undo(desk, person, wish)
    number = pairs_of(len(set(wish.ticked)), len(set(wish.unticked)) * wish.unticked_are_not)
    if wish.kind not in ("right", "wrong") and number > MOST_PAIRS:
        raise AnnotationError(f"{number} pairs at once: tick fewer (at most {MOST_PAIRS} pairs).")
    act = Act(
        kind=wish.kind,
        made_at=datetime.now(UTC),
        ticked=wish.ticked,
        unticked=wish.unticked,
        unticked_are_not=wish.unticked_are_not,
        annotator=person.name,
        motif=one_line(wish.motif or "") or None,
        target=wish.target,
        note=wish.note,
        name=wish.act,
        boxes=wish.boxes,
    )
    return desk.save(act, wish.cluster, [*wish.ticked, *wish.unticked], wish.edition)


def pairs_of(ticked: int, denied: int) -> int:
    """How many pairs an act writes.

    >>> pairs_of(4, 3)
    18
    """
    return ticked * (ticked - 1) // 2 + ticked * denied


def _check_undo(desk: Desk, person: Person, wish: Wish) -> None:
    """One undoes one's own acts; what others said is contradicted, not taken back."""
    ledger, target = desk.ledger, wish.target or ""
    if target not in ledger or ledger.said(target).annotator != person.name:
        raise AnnotationError("Only what you said yourself can be undone here.")


def _told(said: Said) -> dict[str, Any]:
    return {
        "act": said.act,
        "said": act_in_words(said),
        "cluster": said.cluster,
        "images": said.images[:2],
    }


def not_saved(error: StoreError) -> str:
    """What the person is told when the inbox takes nothing."""
    why = "the disk is full" if is_full(error) else str(error)
    return f"Not saved: {why}. Your judgement is kept in this browser and tried again."
