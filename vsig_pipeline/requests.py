"""When a sensor asks for a run, and when it does not.

The truth is the store: work is asked for as long as it is due. `run_key` alone
would never repeat a failed run, so each attempt has a key of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dagster import AssetKey, DagsterInstance, DagsterRunStatus, RunRequest, RunsFilter

from vsig_core.project import Project
from vsig_core.store import digest
from vsig_pipeline.notices import failure_of, give_up
from vsig_pipeline.orphans import UNFINISHED
from vsig_pipeline.state import Task
from vsig_pipeline.steps import STEPS, Stage

WORK_TAG = "vsig/work"
PARTITION_NAME_TAG = "dagster/partition"
_FAILED = {DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED}


@dataclass(frozen=True)
class Attempts:
    """What has become of the runs that were asked for some work.

    Parameters
    ----------
    total, failed
        Runs that ended, and how many of them without success.
    last_end
        When the newest of them ended.
    runs
        Their ids, newest first.
    """

    total: int
    failed: int
    last_end: datetime | None
    runs: tuple[str, ...] = ()


def attempts(instance: DagsterInstance, work: str) -> Attempts:
    """Look up the runs that were asked for some work."""
    records = instance.get_run_records(RunsFilter(tags={WORK_TAG: work}))
    ends = [record.end_time for record in records if record.end_time]
    return Attempts(
        total=len(records),
        failed=sum(record.dagster_run.status in _FAILED for record in records),
        last_end=datetime.fromtimestamp(max(ends), UTC) if ends else None,
        runs=tuple(record.dagster_run.run_id for record in records),
    )


def unfinished_run(instance: DagsterInstance, stage: Stage, partition: str | None) -> str | None:
    """Id of a run that is at a stage, whoever asked for it."""
    tags = {PARTITION_NAME_TAG: partition} if partition else {}
    runs = instance.get_runs(RunsFilter(job_name=stage, statuses=UNFINISHED, tags=tags), limit=1)
    return runs[0].run_id if runs else None


def request(
    instance: DagsterInstance, project: Project, tasks: Sequence[Task], partition: str | None = None
) -> RunRequest | str:
    """Ask for a run that does some work of one stage, or say why not now.

    Parameters
    ----------
    instance
        Where the runs are recorded.
    project
        For the number of attempts and the pause between them.
    tasks
        Work of one stage, at least one.
    partition
        The batch, where the stage goes by batches.
    """
    stage = tasks[0].stage
    if running := unfinished_run(instance, stage, partition):
        return f"run {running[:8]} is at {stage} already"
    work = f"{stage}:{partition or ''}:{digest([[t.step, t.key] for t in tasks if t.key])}"
    past = attempts(instance, work)
    settings = project.settings.run
    if past.failed >= settings.max_attempts:
        reason = f"failed {past.failed} times; {_last_words(project, past)}"
        give_up(project, stage, work, reason)
        return f"{stage} is given up, see {project.notices}: {reason}"
    if past.failed and past.last_end:
        pause = timedelta(seconds=settings.backoff_seconds * 2 ** (past.failed - 1))
        # An end that lies ahead is of a clock that was set back: it holds nothing up.
        if timedelta(0) <= datetime.now(UTC) - past.last_end < pause:
            return (
                f"{stage} failed {past.failed} times; next try at {past.last_end + pause:%H:%M:%S}"
                f" UTC; {_last_words(project, past)}"
            )
    return RunRequest(
        run_key=f"{work}:{past.total}",
        job_name=stage,
        partition_key=partition,
        tags={WORK_TAG: work, "vsig/reason": tasks[0].reason[:200]},
        asset_selection=None if partition else _whole(stage, tasks),
    )


def _whole(stage: Stage, tasks: Sequence[Task]) -> list[AssetKey] | None:
    """A stage that goes by batches, but of which only the summing up is due."""
    batched = any(step.batched for step in STEPS.values() if step.stage == stage)
    return [AssetKey(task.step) for task in tasks if not task.partition] if batched else None


def _last_words(project: Project, past: Attempts) -> str:
    """Why the newest run that has left a notice failed."""
    said = filter(None, (failure_of(project, run) for run in past.runs))
    return next(said, "the last one's reason is in its log ('vsig ui')")
