"""What a run would cost: minutes and space, from what earlier runs took."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vsig_core.project import Project
from vsig_pipeline.state import State, Task, plan_sources
from vsig_pipeline.steps import STEPS

# Where this project has no figures of its own yet: two cores, no GPU.
SECONDS_PER_READ = 0.03
SECONDS_PER_VECTOR = 0.04
SECONDS_PER_TRAINING_PICTURE = 0.3
SECONDS_PER_STEP = 1.5
BYTES_PER_PICTURE = 250_000
BYTES_PER_VECTOR = 6_000


@dataclass(frozen=True)
class Estimate:
    """What a run would cost.

    Parameters
    ----------
    to_read
        Pictures to look at and, where new, decode.
    to_embed
        Vectors to compute at most.
    training
        Whether a network would be trained.
    minutes
        Time.
    gigabytes
        Space in the store.
    """

    to_read: int
    to_embed: int
    training: bool
    minutes: float
    gigabytes: float

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "pictures_to_read": self.to_read,
            "pictures_to_embed": self.to_embed,
            "training": self.training,
            "minutes": round(self.minutes, 1),
            "gigabytes": round(self.gigabytes, 3),
        }

    def in_words(self) -> str:
        """For a person."""
        training = "trains a network" if self.training else "trains nothing"
        return (
            f"Reads {self.to_read} pictures, embeds at most {self.to_embed}, {training}: about "
            f"{self.minutes:.1f} minutes and {self.gigabytes:.2f} GB."
        )


def estimate(project: Project, tasks: Sequence[Task]) -> Estimate:
    """Estimate the cost of due work."""
    plan = plan_sources(project)
    batches = {task.partition for task in tasks if task.step == "images"}
    to_read = len(set(plan.added) | set(plan.changed)) if batches else 0
    training = any(task.step == "candidate_model" for task in tasks)
    state = State(project, plan.table)
    known = set() if training else {b for b in state.vectors if b in state.vector_keys}
    stale = {task.partition for task in tasks if task.step == "embeddings"}
    to_embed = sum(
        count
        for batch, count in Counter(plan.table["batch"].to_pylist()).items()
        if batch in stale - known
    ) + sum(1 for uid in plan.changed if stale)
    judged = len(state.judged)
    seconds = (
        to_read * _rate(state, "images", "decoded", SECONDS_PER_READ)
        + to_embed * SECONDS_PER_VECTOR
        + (_training_seconds(state, judged) if training else 0)
        + len(tasks) * SECONDS_PER_STEP
    )
    space = to_read * BYTES_PER_PICTURE + to_embed * BYTES_PER_VECTOR
    return Estimate(to_read, to_embed, training, seconds / 60, space / 1e9)


def _rate(state: State, step: str, counted: str, default: float) -> float:
    """Seconds for one picture in the newest commit that did some of this work."""
    for commit in state.project.store.commits(STEPS[step].mark, limit=20):
        facts = commit.provenance.facts
        if facts.get(counted) and facts.get("seconds"):
            return facts["seconds"] / facts[counted]
    return default


def _training_seconds(state: State, judged: int) -> float:
    """As long as the last training took, else by the number of judged pictures."""
    for commit in state.commits(STEPS["candidate_model"]):
        if "seconds" in commit.provenance.facts:
            return float(commit.provenance.facts["seconds"])
    return judged * SECONDS_PER_TRAINING_PICTURE
