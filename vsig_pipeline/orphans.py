"""Runs of `vsig run` whose process was killed: Dagster would take them as going on for ever.

With one run at a time, none that a sensor asks for would start any more; and Dagster's
own monitoring watches only the runs that it launched itself.
"""

import fcntl
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

from vsig_core.project import Project, write_dagster_home
from vsig_core.store import open_files

ALIVE_TAG = "vsig/alive"
_ALIVE = "alive-"
UNFINISHED = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]


@contextmanager
def sign_of_life(project: Project) -> Iterator[dict[str, str]]:
    """Give the tag of the runs of this process, which shows as long as it lives.

    A locked file: the kernel releases it when the process dies, however it does.
    """
    path = project.dagster_home / f"{_ALIVE}{uuid.uuid4().hex}.lock"
    # Locked under another name first: one that is not locked is taken for dead.
    unborn = path.with_suffix(".new")
    with unborn.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        unborn.rename(path)
        try:
            yield {ALIVE_TAG: path.name}
        finally:
            path.unlink(missing_ok=True)


def end_orphans(instance: DagsterInstance, project: Project) -> list[str]:
    """Mark runs as failed whose process is gone, and give their ids."""
    ended = []
    for run in instance.get_runs(RunsFilter(statuses=UNFINISHED)):
        name = run.tags.get(ALIVE_TAG)
        if name and _abandoned(project.dagster_home / name):
            instance.report_run_failed(run, "The process of this 'vsig run' was killed.")
            ended.append(run.run_id)
    # Only now: what is told by them has been told.
    for path in project.dagster_home.glob(f"{_ALIVE}*.lock"):
        if _abandoned(path):
            path.unlink(missing_ok=True)
    return ended


def end_orphans_of(project: Project) -> None:
    """End them before anything new is started; see `end_orphans`.

    Raises
    ------
    StoreError
        The project's folder is read-only or full: Dagster could keep no record of a run.
    """
    open_files(str(project.folder)).check_writable()
    write_dagster_home(project)
    with DagsterInstance.from_config(str(project.dagster_home)) as instance:
        end_orphans(instance, project)


def _abandoned(path: Path) -> bool:
    """Whether nobody holds the file; one that is not here is of another machine."""
    try:
        with path.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (FileNotFoundError, BlockingIOError):
        return False
    return True
