"""When a sensor asks for a run, and when it does not.

The truth is the store: work is asked for as long as it is due. `run_key` alone
would never repeat a failed run, so each attempt has a key of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from dagster import AssetKey, DagsterInstance, DagsterRunStatus, RunRequest, RunsFilter

from vsig_core.project import Project
from vsig_core.store import digest
from vsig_pipeline.orphans import UNFINISHED
from vsig_pipeline.state import State, Task
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
    """

    total: int
    failed: int
    last_end: datetime | None


def attempts(instance: DagsterInstance, work: str) -> Attempts:
    """Look up the runs that were asked for some work."""
    records = instance.get_run_records(RunsFilter(tags={WORK_TAG: work}))
    ends = [record.end_time for record in records if record.end_time]
    return Attempts(
        total=len(records),
        failed=sum(record.dagster_run.status in _FAILED for record in records),
        last_end=datetime.fromtimestamp(max(ends), UTC) if ends else None,
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
        give_up(project, work, past)
        return f"{stage} failed {past.failed} times; given up, see {project.notices}"
    if past.failed and past.last_end:
        pause = timedelta(seconds=settings.backoff_seconds * 2 ** (past.failed - 1))
        if datetime.now(UTC) < past.last_end + pause:
            return (
                f"{stage} failed {past.failed} times; next try at {past.last_end + pause:%H:%M:%S}"
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


def give_up(project: Project, work: str, past: Attempts) -> None:
    """Leave a visible record that some work is not tried any more."""
    project.notices.mkdir(parents=True, exist_ok=True)
    notice = project.notices / f"given-up-{digest(work)}.txt"
    if not notice.exists():
        notice.write_text(
            f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC: {work} failed {past.failed} times and is not "
            "tried any more. Nothing is lost: files are still in the inbox. Read the runs' logs "
            "('vsig ui'), mend the cause, then start 'vsig run' or the job by hand.\n",
            encoding="utf-8",
        )


def enough_to_learn(state: State, tasks: Sequence[Task]) -> str | None:
    """Why a training is due now; None where it waits for more judgements.

    Forty judgements saved in a row are one training, not forty.
    """
    if state.champion is None:
        return "no model is in force yet"
    first = tasks[0]
    if first.step != "triplets" or not first.reason.startswith("changed"):
        return first.reason
    settings = state.project.settings.annotations
    trained = state.commits(STEPS["triplets"])[0]
    new = changed_links(state.project, trained.provenance.inputs.get("links"))
    if new >= settings.min_new_links:
        return f"{new} new or changed links"
    since = [commit.at for commit in state.commits(STEPS["annotations"]) if commit.at > trained.at]
    waited = datetime.now(UTC) - min(since) if since else timedelta(0)
    if new and waited >= timedelta(hours=settings.max_wait_hours):
        return f"{new} new or changed links have waited {waited}"
    return None


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
