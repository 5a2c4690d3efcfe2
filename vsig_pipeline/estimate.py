"""What a run would cost: minutes and space, from what earlier runs took."""

import functools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from vsig_core.annotations import read_annotations
from vsig_core.corpus import present
from vsig_core.corpus.originals import is_on_web
from vsig_core.errors import AnnotationError
from vsig_core.project import Project
from vsig_pipeline.arrivals import pending_files
from vsig_pipeline.readings import File, files_of
from vsig_pipeline.state import State, Task
from vsig_pipeline.steps import STEPS

# Where this project has no figures of its own yet: two cores, no GPU.
SECONDS_PER_READ = 0.03
SECONDS_PER_VECTOR = 0.02
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
        Whether a network may be trained: a candidate is due, and positive links enough are
        there or in the inbox. Whether they differ from those of before is seen on the way.
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
        training = "may train a network" if self.training else "trains nothing"
        return (
            f"Reads {self.to_read} pictures, embeds at most {self.to_embed}, {training}: about "
            f"{self.minutes:.1f} minutes and {self.gigabytes:.2f} GB."
        )


def estimate(project: Project, tasks: Sequence[Task], batches: pa.Table) -> Estimate:
    """Estimate the cost of due work.

    Parameters
    ----------
    project
        The project.
    tasks
        What is due.
    batches
        The table `batches` as it would be then.
    """
    planned = present(batches)
    state = State(project, planned)
    files = _unread(state, planned, _batches(tasks, "images"))
    unread = Counter(file[0] for file in files)
    to_read = unread.total()
    fetched = sum(is_on_web(file[2]) for file in files)
    candidate = any(task.step == "candidate_model" for task in tasks)
    training = candidate and _enough_links(project)
    known = set() if candidate else set(state.vectors) & set(state.vector_keys)
    whole = Counter(planned["batch"].to_pylist())
    stale = _batches(tasks, "embeddings")
    to_embed = sum((unread if batch in known else whole)[batch] for batch in stale)
    judged = len(state.judged)
    seconds = (
        to_read * _rate(state, "images", "decoded", SECONDS_PER_READ)
        + fetched / project.settings.web.requests_per_second
        + to_embed * SECONDS_PER_VECTOR
        + (_training_seconds(state, judged) if training else 0)
        + len(tasks) * SECONDS_PER_STEP
    )
    space = to_read * BYTES_PER_PICTURE + to_embed * BYTES_PER_VECTOR
    return Estimate(to_read, to_embed, training, seconds / 60, space / 1e9)


def _enough_links(project: Project) -> bool:
    """Whether positive pairs of the log and of the inbox could be enough for a training."""
    log = project.store.read_or_empty("annotations", columns=["img1", "img2", "type"]).to_pylist()
    pairs = {(row["img1"], row["img2"]) for row in log if row["type"] == "POSITIVE"}
    names = [file.name for file in pending_files(project)]
    arriving = sum(_positive_rows(project.inbox.read(name) or b"", name) for name in names)
    return len(pairs) + arriving >= max(1, project.settings.training.min_links)


def _positive_rows(data: bytes, name: str) -> int:
    try:
        return read_annotations(data, name).by_type.get("POSITIVE", 0)
    except AnnotationError:  # the run puts such a file aside
        return 0


def _batches(tasks: Sequence[Task], step: str) -> set[str]:
    """Batches that a step has work on."""
    return {task.partition for task in tasks if task.step == step and task.partition}


def _unread(state: State, planned: pa.Table, due: set[str]) -> list[File]:
    """Files of the due batches that were not read as they are now.

    Held against the listing by which each batch was read last: the newest one may be
    recorded already, by the sensor or by a run that broke off.
    """

    @functools.cache
    def listed(version: int) -> set[File]:
        store = state.project.store
        return files_of(store.read("batches", version=store.readable_since("batches", version)))

    @functools.cache
    def read(batch: str) -> set[File]:
        reading = state.read_as_now(batch)
        # What was taken in from an exported project was read elsewhere, from a listing of there.
        version = reading.inputs.get("batches") if reading else None
        return set() if version is None else listed(version)

    files = [file for file in files_of(planned) if file[0] in due]
    return [file for file in files if file not in read(file[0])]


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
