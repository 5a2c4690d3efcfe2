"""What the store says about each step: fresh, or stale and why.

The truth is the store alone, not Dagster's event log and no cursor: a run that
was killed, or a machine that was replaced, changes nothing here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from vsig_core.corpus import (
    present,
)
from vsig_core.current import current_images, taken_down
from vsig_core.errors import InputError
from vsig_core.model import champion
from vsig_core.pool import judged_uids
from vsig_core.project import Project
from vsig_core.store import Commit, Provenance, digest
from vsig_pipeline.arrivals import pending_files
from vsig_pipeline.steps import STEPS, Stage, Step

NOTHING = "nothing yet"


@dataclass(frozen=True)
class Task:
    """Work that is due.

    Parameters
    ----------
    step
        Name of the asset.
    partition
        Batch, where the step is batched.
    key
        Key of the work; empty where it cannot be known before what is above it is done.
    reason
        Why it is due, for a person.
    """

    step: str
    partition: str | None
    key: str
    reason: str

    @property
    def stage(self) -> Stage:
        """The job that does it."""
        return STEPS[self.step].stage


class State:
    """A look at the store, read once; make a new one after work was done.

    Parameters
    ----------
    project
        The project.
    batches
        Rows of `batches`; those in the store where left out.
    """

    def __init__(self, project: Project, batches: pa.Table | None = None) -> None:
        self.project = project
        self._batches = None if batches is None else present(batches)
        self._commits: dict[str, list[Commit]] = {}

    @cached_property
    def batch_keys(self) -> dict[str, str]:
        """Batch to the key of reading it."""
        rows: dict[str, list[dict[str, object]]] = {}
        files = self._planned().drop_columns(["gone_at", "sha256", "asked_at"]).sort_by("uid")
        for row in files.to_pylist():
            if row["asked"] is None:  # so that the key is that from before there was the column
                del row["asked"]
            rows.setdefault(row["batch"], []).append(row)
        step = STEPS["images"]
        keys: dict[str, str] = {}
        for batch, content in sorted(rows.items()):
            gone = sorted(self.taken_down.intersection(str(row["uid"]) for row in content))
            keys[batch] = digest([step.code, self.params(step), content, *([gone] if gone else [])])
        return keys

    @cached_property
    def taken_down(self) -> frozenset[str]:
        """Ids and contents of pictures that do not come back."""
        return taken_down(self.project.store)

    @cached_property
    def corpus(self) -> dict[str, dict[str, str]]:
        """Batch to its row in `corpus`."""
        rows = self.project.store.read_or_empty("corpus").to_pylist()
        return {row["batch"]: row for row in rows}

    @cached_property
    def judged(self) -> set[str]:
        """Pictures that some judgement names."""
        return judged_uids(self.project.store)

    @cached_property
    def judged_pictures(self) -> str:
        """Digest of what the morphograph knows of the judged pictures.

        The rest of the corpus does not enter it: new pictures alone retrain nothing.
        """
        images = current_images(self.project.store, ["uid", "sha256", "work"])
        return digest([row for row in images.to_pylist() if row["uid"] in self.judged])

    @cached_property
    def unread(self) -> set[str]:
        """Pictures of the batches that have to be read."""
        table = self._planned()
        return {
            row["uid"]
            for row in table.select(["uid", "batch"]).to_pylist()
            if self._read_again(row["batch"])
        }

    @cached_property
    def champion(self) -> str | None:
        """The model in force; None before the first run."""
        found = champion(self.project.store.read_or_empty("models"))
        return found["model_id"] if found else None

    @cached_property
    def vector_keys(self) -> dict[str, str]:
        """Batch to the key of embedding it with the model in force."""
        if self.champion is None:
            return {}
        return {
            batch: digest([STEPS["embeddings"].code, row["contents"], self.champion])
            for batch, row in self.corpus.items()
        }

    @cached_property
    def vectors(self) -> dict[str, str]:
        """Batch to the key of its vectors in `vectors`."""
        rows = self.project.store.read_or_empty("vectors").to_pylist()
        return {row["batch"]: row["digest"] for row in rows}

    def read_as_now(self, batch: str) -> Provenance | None:
        """The newest reading of a batch, where it was by the settings and the code of now."""
        step = STEPS["images"]
        latest = self.latest(step, f"batch={batch}")
        same = latest and (latest.params, latest.code) == (self.params(step), step.code)
        return latest if same else None

    def _planned(self) -> pa.Table:
        if self._batches is None:
            self._batches = present(self.project.store.read_or_empty("batches"))
        return self._batches

    def params(self, step: Step) -> str:
        """Hash of the settings that matter to a step, wherever the project's folder lies."""
        settings = self.project.settings.model_dump()
        weights = Path(settings["model"]["weights"])
        if weights.is_relative_to(self.project.folder):
            settings["model"]["weights"] = str(weights.relative_to(self.project.folder))
        return digest({name: _setting(settings, name) for name in step.sections})

    def commits(self, step: Step, partition: str = "") -> list[Commit]:
        """What a step has written, newest first."""
        if step.mark not in self._commits:
            self._commits[step.mark] = self.project.store.commits(step.mark)
        return [
            commit
            for commit in self._commits[step.mark]
            if commit.provenance.step == step.name and commit.provenance.partition == partition
        ]

    def latest(self, step: Step, partition: str = "") -> Provenance | None:
        """Provenance of a step's newest work."""
        found = self.commits(step, partition)
        return found[0].provenance if found else None

    def data_version(self, name: str) -> str:
        """What later steps compare."""
        if name == "model":
            return self.champion or NOTHING
        latest = self.latest(STEPS[name])
        return latest.data_version if latest else NOTHING

    def key(self, name: str, batch: str | None = None) -> str:
        """Key of the work that a step has to do now."""
        step = STEPS[name]
        if batch is not None:
            keys = self._key_of(batch) if name == "images" else self.vector_keys
            if batch not in keys:
                raise InputError(
                    f"The batch {batch!r} holds no pictures (any more), so there is nothing to do "
                    f"for {name!r}. 'vsig run --plan' says what is due."
                )
            return keys[batch]
        if name == "corpus":
            return digest(self.read_batches())
        if name == "vectors":
            return digest([self.vector_keys, self.embedded_batches()])
        inputs: object = {upstream: self.data_version(upstream) for upstream in step.inputs}
        if name == "morphograph":
            inputs = [self.data_version("annotations"), self.judged_pictures]
        if name == "annotations":
            # The version makes each key new: a file that comes twice is looked at twice.
            files = [path.name for path in pending_files(self.project)]
            inputs = [files, self.project.store.version("annotations")]
        return digest([name, step.code, self.params(step), inputs])

    def _key_of(self, batch: str) -> dict[str, str]:
        """The part of `batch_keys` for one batch, without the cost of the others."""
        if self._batches is None:
            own = self.project.store.read_or_empty("batches", among={"batch": [batch]})
        else:
            own = self._batches.filter(pc.field("batch") == batch)
        return State(self.project, own).batch_keys

    def read_batches(self) -> dict[str, str]:
        """Planned batches that have been read, and the key of the newest reading."""
        newest = self._newest_keys(STEPS["images"], "batch=")
        return {batch: newest[batch] for batch in self.batch_keys if batch in newest}

    def embedded_batches(self) -> dict[str, str]:
        """Batches with vectors of the model in force, and the key of the newest."""
        return self._newest_keys(STEPS["embeddings"], f"model_id={self.champion},batch=")

    def tasks(self, only: Iterable[str] | None = None) -> list[Task]:
        """All work that is due, in the order in which it must be done."""
        wanted = set(STEPS) if only is None else set(only)
        due: list[Task] = []
        for step in STEPS.values():
            if step.name in wanted:
                due += self._due(step, {task.step: task for task in due})
        return due

    def _due(self, step: Step, above: dict[str, Task]) -> list[Task]:
        if step.name == "images":
            return self._batches_due(step, self.batch_keys, self._known_images())
        if step.name == "embeddings":
            return self._embeddings_due(step, above)
        if step.name in {"corpus", "vectors"}:
            return self._summary_due(step, above)
        if step.name == "annotations":
            return self._annotations_due(step)
        waiting = [name for name in step.inputs if name in above]
        if step.name == "morphograph" and not self.unread & self.judged:
            waiting = [name for name in waiting if name != "corpus"]
        if waiting:
            return [Task(step.name, None, "", f"{', '.join(waiting)} will change")]
        latest, key = self.latest(step), self.key(step.name)
        if latest and latest.key == key:
            return []
        return [Task(step.name, None, key, self._reason(step, latest))]

    def _reason(self, step: Step, latest: Provenance | None) -> str:
        if latest is None:
            return "never computed"
        if latest.code != step.code:
            return "its code is newer"
        if latest.params != self.params(step):
            return f"settings changed in {', '.join(map(_shown, step.sections))}"
        changed = [
            table
            for name in step.inputs
            for table in STEPS[name].tables
            if self.project.store.version(table) != latest.inputs.get(table)
        ]
        return f"changed: {', '.join(changed) or ', '.join(step.inputs)}"

    def _known_images(self) -> dict[str, str]:
        known = {batch: row["planned"] for batch, row in self.corpus.items()}
        if known != self.batch_keys:
            known |= self.read_batches()
        return known

    def _newest_keys(self, step: Step, prefix: str) -> dict[str, str]:
        """Batch to the key of its newest commit, for partitions that begin with `prefix`."""
        newest: dict[str, str] = {}
        if step.mark not in self._commits:
            self._commits[step.mark] = self.project.store.commits(step.mark)
        for commit in self._commits[step.mark]:
            partition = commit.provenance.partition
            if partition.startswith(prefix):
                newest.setdefault(partition.removeprefix(prefix), commit.provenance.key)
        return newest

    def _batches_due(self, step: Step, wanted: dict[str, str], known: dict[str, str]) -> list[Task]:
        return [
            Task(step.name, batch, key, "changed" if batch in known else "new")
            for batch, key in wanted.items()
            if known.get(batch) != key
        ]

    def _embeddings_due(self, step: Step, above: dict[str, Task]) -> list[Task]:
        if "model" in above:
            return [
                Task(step.name, batch, "", "a new model may come into force")
                for batch in self.batch_keys
            ]
        known = dict(self.vectors)
        if known != self.vector_keys:
            known |= self.embedded_batches()
        due = self._batches_due(step, self.vector_keys, known)
        if "corpus" in above:
            fresh = {task.partition for task in due}
            unread = [b for b in self.batch_keys if self._read_again(b) and b not in fresh]
            due += [Task(step.name, batch, "", "its pictures will be read") for batch in unread]
        return due

    def _read_again(self, batch: str) -> bool:
        return self.corpus.get(batch, {}).get("planned") != self.batch_keys[batch]

    def _summary_due(self, step: Step, above: dict[str, Task]) -> list[Task]:
        if step.inputs[0] in above or (step.name == "vectors" and "model" in above):
            return [Task(step.name, None, "", f"{step.inputs[0]} will change")]
        if step.name == "corpus":
            now = {batch: row["planned"] for batch, row in self.corpus.items()}
            wanted = self.batch_keys
        else:
            now, wanted = self.vectors, self.vector_keys
        if now == wanted and self.latest(step):
            return []
        return [Task(step.name, None, self.key(step.name), "batches changed")]

    def _annotations_due(self, step: Step) -> list[Task]:
        files = pending_files(self.project)
        if not files and self.latest(step):
            return []
        names = ", ".join(path.name for path in files[:3]) or "nothing in the inbox yet"
        more = f" and {len(files) - 3} more" if len(files) > 3 else ""
        return [Task(step.name, None, self.key(step.name), f"{names}{more}")]


def _setting(settings: Mapping[str, Any], name: str) -> object:
    """A section, or one setting of it."""
    section, _, key = name.partition(".")
    return settings[section][key] if key else settings[section]


def _shown(name: str) -> str:
    """A section or a setting as `vsig.toml` writes it."""
    section, _, key = name.partition(".")
    return f"[{section}] {key}".strip()
