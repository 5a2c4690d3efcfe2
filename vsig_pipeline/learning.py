"""When there is enough to learn from, and what judgements wait for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from vsig_core.project import Project
from vsig_core.review.learn_requests import answer_request, asked_to_learn
from vsig_core.review.rounds import Contest, newest_contest
from vsig_pipeline.state import State, Task
from vsig_pipeline.steps import STEPS


@dataclass(frozen=True)
class Learning:
    """Whether a training is due now, and why.

    Forty judgements saved in a row are one training, not forty.
    """

    due: bool
    why: str


def learning(state: State, tasks: Sequence[Task]) -> Learning:
    """Look at the work of the stage `retrain` that is due, at least one task."""
    if state.champion is None:
        return Learning(True, "no model is in force yet")
    if asked := asked_to_learn(state.project.inbox):
        return Learning(True, f"{asked.by} asked for it")
    first = tasks[0]
    if first.step != "triplets" or not first.reason.startswith("changed"):
        return Learning(True, first.reason)
    settings = state.project.settings.annotations
    trained = state.commits(STEPS["triplets"])[0].provenance.inputs.get("links")
    new = changed_links(state.project, trained)
    if new >= settings.min_new_links:
        return Learning(True, f"{new} new or changed links")
    waited = _waited(state, trained)
    longest = timedelta(hours=settings.max_wait_hours)
    if new and waited >= longest:
        return Learning(True, f"{new} new or changed links have waited {waited}")
    return Learning(
        False,
        f"{new} new or changed links wait for {settings.min_new_links} ([annotations] "
        f"min_new_links), or until {longest - waited} from now (max_wait_hours)",
    )


def answer_who_asked(project: Project) -> str | None:
    """Tell whoever asked for a training what came of it, once nothing is left to learn from.

    Returns what was said; None where nobody had asked.
    """
    asked = asked_to_learn(project.inbox)
    if asked is None:
        return None
    store = project.store
    contest = newest_contest(store.read_or_empty("models"), store.read_or_empty("evaluations"))
    said = _outcome(contest, datetime.fromisoformat(asked.at))
    answer_request(project.inbox, said)
    return said


def _outcome(contest: Contest | None, asked_at: datetime) -> str:
    if contest is None or contest.at is None or contest.at < asked_at:
        return "There was nothing new to learn from: the model in force knows all judgements."
    verdict = "took over" if contest.promoted else "was not taken"
    return f"The model {contest.model_id} was trained and {verdict}: {contest.reason}"


def _waited(state: State, trained: int | None) -> timedelta:
    """For how long judgements have lain there that came after a version of `links`.

    What came after is told by versions: by a clock that was set back it would be before.
    """
    links = next((c for c in state.commits(STEPS["morphograph"]) if c.version == trained), None)
    learnt = links.provenance.inputs.get("annotations", -1) if links else -1
    since = [c.at for c in state.commits(STEPS["annotations"]) if c.version > learnt]
    waited = datetime.now(UTC) - min(since) if since else timedelta(0)
    return timedelta(seconds=max(0, round(waited.total_seconds())))


def changed_links(project: Project, version: int | None) -> int:
    """Pairs whose link is new, gone or judged otherwise since a version of `links`."""
    columns = ["img1", "img2", "verdict", "contested"]

    def rows(table: pa.Table) -> set[tuple[object, ...]]:
        return {tuple(row.values()) for row in table.select(columns).to_pylist()}

    store, then = project.store, set[tuple[object, ...]]()
    if version is not None:
        then = rows(store.read("links", version=store.readable_since("links", version)))
    differing = then ^ rows(store.read_or_empty("links"))
    return len({(img1, img2) for img1, img2, *_ in differing})
