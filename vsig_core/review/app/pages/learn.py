"""Learn: ask for a training, follow it, and see what it changed."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from vsig_core.annotations.times import read_time
from vsig_core.model import champion
from vsig_core.review.app.captions import Captions
from vsig_core.review.app.desk import Desk
from vsig_core.review.app.pages.models import registry_of
from vsig_core.review.app.person import may, person_of
from vsig_core.review.app.render import page
from vsig_core.review.dagster_api import DagsterError, Run, launch_training, newest_training
from vsig_core.review.learn_requests import ask_to_learn, asked_to_learn, last_answer
from vsig_core.review.rounds import ClustersChanged, clusters_changed, newest_contest
from vsig_core.store import Store

NAVIGATION = (("Learn", "/learn"),)
_MOST_PAIRS = 24
STEPS = {
    "annotations": "Take judgements into the log",
    "morphograph": "Join them to signatures",
    "triplets": "Choose what to learn from",
    "candidate_model": "Train a candidate",
    "evaluation": "Test it on held-out links",
    "model": "Decide whether it takes over",
    "embeddings": "See every picture anew",
    "neighbours": "Find the nearest of each",
    "clusters": "Group them",
    "review_queue": "Propose what to judge next",
}
"""Asset -> what it does, in the order in which a round goes."""

# Where a step writes to another table than that of its name.
_TABLES = {
    "morphograph": "links",
    "candidate_model": "models",
    "evaluation": "evaluations",
    "model": "models",
}
# A table that two steps write to tells by its newest commits which of them did.
_LOOKED_AT = 5
NAMES = {"map": "mean average precision", "recall@20": "found among the 20 nearest"}


@dataclass(frozen=True)
class Progress:
    """How far a round is.

    Parameters
    ----------
    state
        idle, waiting (for the sensor or a worker), running, failed.
    words
        The same, for people.
    steps
        Asset -> done, now, failed or an empty word, for the steps of `STEPS`.
    """

    state: str
    words: str
    steps: dict[str, str]


def routes(desk: Desk) -> list[Route]:
    """`/learn` shows and asks; `/learn/progress` tells how far it is."""

    def show(request: Request) -> Response:
        edition, store = desk.edition, desk.project.store
        models = store.read_or_empty("models")
        contest = newest_contest(models, store.read_or_empty("evaluations"))
        changed = _changed(store)
        return page(
            request,
            "learn.html",
            contest=contest,
            champion=champion(models),
            changed=changed,
            captions=Captions(edition),
            # Dagster may be slow to answer: the page asks it when it is open.
            progress=progress_by_store(desk),
            steps=STEPS,
            names=NAMES,
            registry=registry_of(store),
            new=desk.ledger.said_since(contest.at if contest else None),
            answer=last_answer(desk.project.inbox),
            least=desk.project.settings.evaluation.min_components,
            most=_MOST_PAIRS,
        )

    def ask(request: Request) -> Response:
        person = person_of(request)
        if not may(person, "decide"):
            raise HTTPException(403, f"{person.name} may not ask for a training: that takes the "
                                     "role decide.")  # fmt: skip
        address = desk.project.settings.review.dagster
        if not (address and _launched(address, person.name)):
            ask_to_learn(desk.project.inbox, person.name)
        return RedirectResponse("/learn", 303)

    def told(_request: Request) -> Response:
        found = progress(desk)
        return JSONResponse({"state": found.state, "words": found.words, "steps": found.steps})

    return [
        Route("/learn", show, methods=["GET"]),
        Route("/learn", ask, methods=["POST"]),
        Route("/learn/progress", told),
    ]


def _launched(address: str, by: str) -> bool:
    """Whether Dagster took the request; a server that is down is what the file is for."""
    try:
        launch_training(address, by)
    except DagsterError:
        return False
    return True


def progress(desk: Desk) -> Progress:
    """How far the newest round is: by Dagster where it is up, else by the store."""
    run = _run(desk.project.settings.review.dagster)
    if run is not None and run.unfinished:
        return _of_run(run)
    found = progress_by_store(desk)
    if found.state == "idle" and run is not None and run.status == "FAILURE":
        words = f"The newest training failed (run {run.run_id[:8]}); its log says why."
        return Progress("failed", words, _of_run(run).steps)
    return found


def progress_by_store(desk: Desk) -> Progress:
    """How far a round is that a file asks for: by what was written since."""
    asked = asked_to_learn(desk.project.inbox)
    if asked is None:
        return Progress("idle", "", dict.fromkeys(STEPS, ""))
    done = _since(desk.project.store, read_time(asked.at))
    words = f"{asked.by} asked for a training"
    if not any(done.values()):
        return Progress("waiting", f"{words}; it begins when 'vsig ui' or 'vsig run' runs.", done)
    return Progress("running", f"{words}; it is under way.", done)


def _run(address: str | None) -> Run | None:
    if not address:
        return None
    try:
        return newest_training(address)
    except DagsterError:
        return None


def _of_run(run: Run) -> Progress:
    words = {"SUCCESS": "done", "FAILURE": "failed", "IN_PROGRESS": "now"}
    found = {step.name: words.get(step.status or "", "") for step in run.steps}
    steps = {name: found.get(name, "") for name in STEPS}
    if run.status in ("QUEUED", "NOT_STARTED"):
        return Progress("waiting", "The training waits for Dagster's daemon to begin it.", steps)
    return Progress("running", f"Run {run.run_id[:8]} is under way.", steps)


def _since(store: Store, asked_at: datetime) -> dict[str, str]:
    """Which tables were written since; the first that was not is what is done now."""
    done = {name: _written(store, name) >= asked_at for name in STEPS}
    found = {name: "done" if there else "" for name, there in done.items()}
    if any(done.values()) and not all(done.values()):
        last = max(n for n, there in enumerate(done.values()) if there)
        found |= dict.fromkeys(list(STEPS)[:last], "done")
        if last + 1 < len(STEPS):
            found[list(STEPS)[last + 1]] = "now"
    return found


def _written(store: Store, step: str) -> datetime:
    """When a step wrote its table last."""
    commits = store.commits(_TABLES.get(step, step), _LOOKED_AT)
    times = [commit.at for commit in commits if commit.provenance.step == step]
    return max(times, default=datetime.min.replace(tzinfo=UTC))


def _changed(store: Store) -> ClustersChanged | None:
    """What the clusters changed, worked out once for each version."""
    return _compared(store, store.version("clusters"), store.version("links"))


@lru_cache(maxsize=1)
def _compared(store: Store, _clusters: int | None, _links: int | None) -> ClustersChanged | None:
    return clusters_changed(store)
