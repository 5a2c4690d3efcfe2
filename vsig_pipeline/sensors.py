"""Sensors: what starts the loop by itself.

Each looks at the store, asks for the work of its stages that is due, and says
what it looked at. A stage waits while a stage before it has work.
"""

import json
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime

from dagster import (
    DefaultSensorStatus,
    RunFailureSensorContext,
    RunRequest,
    SensorEvaluationContext,
    SensorResult,
    run_failure_sensor,
    sensor,
)

from vsig_core.errors import VsigError
from vsig_core.project import Project
from vsig_pipeline.arrivals import QUIET_SECONDS, pending_files
from vsig_pipeline.failures import step_failure
from vsig_pipeline.jobs import annotate, embed, ingest, recluster, retrain
from vsig_pipeline.learning import answer_who_asked, learning
from vsig_pipeline.leftovers import clear_leftovers
from vsig_pipeline.listing import record_sources
from vsig_pipeline.notices import nothing_given_up, write_failure
from vsig_pipeline.orphans import end_orphans
from vsig_pipeline.partitions import BATCHES
from vsig_pipeline.requests import request
from vsig_pipeline.resources import ProjectResource
from vsig_pipeline.state import (
    State,
    Task,
)
from vsig_pipeline.steps import STAGES, STEPS, Stage

INTERVAL = 15


@sensor(
    jobs=[ingest],
    minimum_interval_seconds=INTERVAL,
    default_status=DefaultSensorStatus.RUNNING,
    description="Looks for added, changed and removed pictures in the sources.",
)
def sources_sensor(context: SensorEvaluationContext, project: ProjectResource) -> SensorResult:
    """Ask for the reading of batches whose pictures are new or changed."""
    opened = project.open()
    for run_id in end_orphans(context.instance, opened):
        context.log.info(f"run {run_id[:8]} is ended: its process was killed")
    clear_leftovers(opened)
    record_sources(opened)
    state = State(opened)
    known = set(context.instance.get_dynamic_partitions("batches"))
    added = [batch for batch in state.batch_keys if batch not in known]
    tasks = state.tasks()
    nothing_given_up(opened, set(STAGES) - {task.stage for task in tasks})
    result = _ask(context, opened, _of(tasks, "ingest"))
    return SensorResult(
        run_requests=result.run_requests,
        skip_reason=result.skip_reason,
        dynamic_partitions_requests=[BATCHES.build_add_request(added)] if added else [],
    )


@sensor(
    jobs=[annotate, retrain],
    minimum_interval_seconds=INTERVAL,
    default_status=DefaultSensorStatus.RUNNING,
    description="Looks for annotation files, and for judgements enough to learn from.",
)
def inbox_sensor(context: SensorEvaluationContext, project: ProjectResource) -> SensorResult:
    """Take new files at once; ask for a training when there is enough to learn, or when a
    person asked for one (a file in the inbox, see `vsig_core.review.learn_requests`)."""
    opened = project.open()
    state = State(opened)
    tasks = state.tasks()
    # What only waits for pictures has no key yet, and a run would find nothing to do.
    if ready := [task for task in _of(tasks, "annotate") if task.key]:
        if pending_files(opened) and not pending_files(opened, QUIET_SECONDS):
            return SensorResult(skip_reason=f"files are still arriving in {opened.inbox.uri()}")
        return _ask(context, opened, ready)
    if _of(tasks, "ingest"):
        return SensorResult(skip_reason="pictures are read before anything is learnt from them")
    if due := _of(tasks, "retrain"):
        found = learning(state, due)
        if not found.due:
            return SensorResult(skip_reason=f"judgements wait for more: {found.why}")
        context.log.info(f"training is due: {found.why}")
        return _ask(context, opened, due)
    if said := answer_who_asked(opened):
        context.log.info(f"whoever asked for a training is told: {said}")
    return SensorResult(skip_reason=f"nothing new in {opened.inbox.uri()}")


@sensor(
    jobs=[embed, recluster],
    minimum_interval_seconds=INTERVAL,
    default_status=DefaultSensorStatus.RUNNING,
    description="Looks for pictures without vectors of the model in force, and for stale clusters.",
)
def clusters_sensor(context: SensorEvaluationContext, project: ProjectResource) -> SensorResult:
    """Bring vectors, clusters, map and queue up to date with the model in force."""
    opened = project.open()
    state = State(opened)
    if state.champion is None:
        return SensorResult(skip_reason="no model is in force yet")
    # Asked for these stages alone: a training that waits for more judgements holds
    # nothing up, and neither does a picture that is just being read.
    for stage in ("embed", "recluster"):
        if due := state.tasks(name for name, step in STEPS.items() if step.stage == stage):
            return _ask(context, opened, due)
    return SensorResult(skip_reason="clusters are those of the vectors and judgements at hand")


@run_failure_sensor(
    default_status=DefaultSensorStatus.RUNNING,
    description="Writes a notice for each failed run, and calls the webhook of [run].",
)
def failure_sensor(context: RunFailureSensorContext, project: ProjectResource) -> None:
    """Leave a visible record of a failed run."""
    opened = project.open()
    run = context.dagster_run
    causes = map(step_failure, context.get_step_failure_events())
    notice = {
        "run_id": run.run_id,
        "job": run.job_name,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "message": " ".join([context.failure_event.message or "", *causes]),
        "reason": run.tags.get("vsig/reason", ""),
    }
    write_failure(opened, notice)
    if opened.settings.run.webhook:
        _call(opened.settings.run.webhook, notice)


def _call(url: str, notice: dict[str, str]) -> None:
    """POST a notice as JSON; the sensor's tick fails where nobody takes it."""
    if not url.startswith(("http://", "https://")):
        raise VsigError(f"[run] webhook = {url!r} is no http or https address.")
    body = json.dumps(notice).encode()
    headers = {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=10):
        return


def _of(tasks: Sequence[Task], stage: Stage) -> list[Task]:
    return [task for task in tasks if task.stage == stage]


def _ask(context: SensorEvaluationContext, project: Project, tasks: Sequence[Task]) -> SensorResult:
    """Ask for runs of one stage: one for each batch, or one for all."""
    if not tasks:
        return SensorResult(skip_reason="nothing is due")
    batches = [task for task in tasks if task.partition]
    answers = (
        [request(context.instance, project, [task], task.partition) for task in batches]
        if batches
        else [request(context.instance, project, tasks)]
    )
    runs = [answer for answer in answers if isinstance(answer, RunRequest)]
    reasons = [answer for answer in answers if isinstance(answer, str)]
    for reason in reasons:
        context.log.info(reason)
    return SensorResult(run_requests=runs, skip_reason=None if runs else "; ".join(reasons[:3]))


SENSORS = [sources_sensor, inbox_sensor, clusters_sensor, failure_sensor]
