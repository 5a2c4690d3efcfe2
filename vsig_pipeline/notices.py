"""Visible records of what failed while nobody watched: files in the project's `notices/`."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from vsig_core.project import Project
from vsig_core.store import digest
from vsig_pipeline.steps import Stage

_GIVEN_UP = "given-up"


def write_failure(project: Project, notice: dict[str, Any]) -> None:
    """Keep the notice of a failed run, with its `run_id` and the `message` that says why."""
    project.notices.mkdir(parents=True, exist_ok=True)
    path = project.notices / f"failed-{notice['run_id']}.json"
    path.write_text(json.dumps(notice, indent=2, ensure_ascii=False), encoding="utf-8")


def failure_of(project: Project, run_id: str) -> str | None:
    """Why a run failed; None where it has left no notice."""
    path = project.notices / f"failed-{run_id}.json"
    return json.loads(path.read_text(encoding="utf-8"))["message"] if path.exists() else None


def give_up(project: Project, stage: Stage, work: str, reason: str) -> None:
    """Leave a record that some work is not tried any more."""
    project.notices.mkdir(parents=True, exist_ok=True)
    notice = project.notices / f"{_GIVEN_UP}-{stage}-{digest(work)}.txt"
    if not notice.exists():
        notice.write_text(
            f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC: {stage} {reason}. It is not tried any more. "
            "Nothing is lost: files are still in the inbox. Mend the cause, then start 'vsig run' "
            "or the job by hand.\n",
            encoding="utf-8",
        )


def given_up(project: Project) -> list[str]:
    """What is not tried any more, and why."""
    notices = sorted(project.notices.glob(f"{_GIVEN_UP}-*.txt"))
    return [path.read_text(encoding="utf-8").strip() for path in notices]


def nothing_given_up(project: Project, stages: Iterable[Stage]) -> None:
    """Remove the records of stages that have no work left: it was done after all."""
    for stage in stages:
        for path in project.notices.glob(f"{_GIVEN_UP}-{stage}-*.txt"):
            path.unlink(missing_ok=True)
