"""Which model is in force, decided by hand: asked once more, then done as `vsig model` does it."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from vsig_core.errors import InputError
from vsig_core.model import champion
from vsig_core.promotion import (
    Listed,
    Reign,
    listed,
    promote_by_hand,
    reigns,
    roll_back,
    succession,
)
from vsig_core.promotion import Request as Wish
from vsig_core.review.app.desk import Desk
from vsig_core.review.app.person import may, person_of
from vsig_core.review.app.render import page
from vsig_core.store import Store

LONGEST_REASON = 500


@dataclass(frozen=True)
class Registry:
    """What can be put in force, and what is.

    Parameters
    ----------
    models
        The newest first.
    readable
        Those whose weights are in the store.
    in_force
        The model in force; None where there is none yet.
    now
        How the model in force came to be so; None where nothing was registered yet.
    earlier
        The model that a rollback goes back to; None where there is none.
    """

    models: Sequence[Listed]
    readable: frozenset[str]
    in_force: str | None
    now: Reign | None
    earlier: str | None

    @property
    def open(self) -> list[Listed]:
        """Those that can be put in force, the newest first."""
        return [
            entry
            for entry in self.models
            if entry.model_id in self.readable and entry.model_id != self.in_force
        ]


def registry_of(store: Store) -> Registry:
    """Read the registry."""
    changes = reigns(store.commits("models"))
    line = succession(changes)
    models = store.read_or_empty("models")
    in_force = champion(models)
    readable = {
        row["model_id"]
        for row in models.to_pylist()
        if row["weights"] and store.objects.exists(row["weights"])
    }
    return Registry(
        models=listed(store)[::-1],
        readable=frozenset(readable),
        in_force=in_force["model_id"] if in_force else None,
        now=changes[-1] if changes else None,
        earlier=line[-2] if len(line) > 1 and line[-2] in readable else None,
    )


def routes(desk: Desk) -> list[Route]:
    """`/learn/model?id=…`, `/learn/model?back=1` asks once more; a POST does it."""
    store = desk.project.store

    def confirm(request: Request) -> Response:
        _require_decide(request)
        registry = registry_of(store)
        back = request.query_params.get("back") == "1"
        wanted = registry.earlier if back else request.query_params.get("id", "")
        entry = next((one for one in registry.open if one.model_id == wanted), None)
        if entry is None:
            raise InputError(
                "That model cannot be put in force: it is in force already, is not registered, or "
                "its weights are not in the store. The page Learn lists those that can."
            )
        return page(request, "model.html", registry=registry, entry=entry, back=back)

    async def decide(request: Request) -> Response:
        _require_decide(request)
        form = await request.form()
        said = {name: str(form.get(name, "")) for name in ("id", "back", "instead", "reason")}
        wish = Wish(person_of(request).name, " ".join(said["reason"].split())[:LONGEST_REASON])
        await run_in_threadpool(_decide, store, said, wish)
        return RedirectResponse("/learn#model", 303)

    return [
        Route("/learn/model", confirm, methods=["GET"]),
        Route("/learn/model", decide, methods=["POST"]),
    ]


def _decide(store: Store, said: dict[str, str], wish: Wish) -> None:
    """Do what a form says, unless another model is in force than the person saw."""
    registry = registry_of(store)
    if registry.in_force == said["id"]:
        return  # sent twice
    if registry.in_force != said["instead"]:
        raise InputError(
            f"Meanwhile {registry.in_force or 'no model'} is in force, not {said['instead']}: "
            "nothing was changed. Look at the page Learn again, and decide anew."
        )
    if said["back"]:
        roll_back(store, wish, said["id"])
    else:
        promote_by_hand(store, said["id"], wish)


def _require_decide(request: Request) -> None:
    person = person_of(request)
    if not may(person, "decide"):
        raise HTTPException(
            403,
            f"{person.name} may not choose the model in force: that takes the role decide.",
        )
