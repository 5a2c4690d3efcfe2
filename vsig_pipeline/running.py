"""`vsig run`: everything that is due, stage by stage, in this process, through Dagster's graph.

The same assets run here as in a daemon, recorded in the same Dagster instance, so
that the UI shows them. Between stages the store is looked at afresh: a stage that
changed nothing leaves what is below it alone.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vsig_core.corpus import BatchPlan
from vsig_core.errors import InputError, VsigError
from vsig_core.project import PROJECT_VARIABLE, Project, write_dagster_home
from vsig_pipeline.failures import step_failure
from vsig_pipeline.learning import answer_who_asked
from vsig_pipeline.leftovers import clear_leftovers
from vsig_pipeline.listing import plan_sources, record_sources
from vsig_pipeline.notices import nothing_given_up
from vsig_pipeline.progress import Reporter, reporting_to
from vsig_pipeline.state import State, Task
from vsig_pipeline.steps import STAGES, STEPS, below
from vsig_pipeline.upcoming import reading_ahead


class RunFailedError(VsigError):
    """A run of the graph failed; the message is that of its first failed step."""


@dataclass(frozen=True)
class Ran:
    """What was carried out.

    Parameters
    ----------
    tasks
        In the order in which they were done.
    plan
        What the sources hold, and what is amiss there.
    """

    tasks: list[Task]
    plan: BatchPlan


@dataclass(frozen=True)
class Due:
    """What a run would carry out: as `Ran`."""

    tasks: list[Task]
    plan: BatchPlan


def due(project: Project, start: str | None = None) -> list[Task]:
    """What a run would do, without doing or writing anything; see `look`."""
    return look(project, start).tasks


def look(project: Project, start: str | None = None, *, at_once: bool = False) -> Due:
    """What a run would do, and what is amiss in the sources; does and writes nothing.

    Parameters
    ----------
    project
        The project.
    start
        Only this asset and what depends on it.
    at_once
        See `plan_sources`.

    Raises
    ------
    InputError
        There is no such asset.
    """
    plan = plan_sources(project, at_once=at_once)
    return Due(State(project, plan.table).tasks(_wanted(start)), plan)


def run(
    project: Project,
    reporter: Reporter,
    announce: Callable[[Task], None],
    start: str | None = None,
) -> Ran:
    """Do all that is due.

    Parameters
    ----------
    project
        The project.
    reporter
        Takes progress as (label, done, total).
    announce
        Called before each piece of work.
    start
        Only this asset and what depends on it.

    Raises
    ------
    RunFailedError
        A step failed; what was committed before it stays.
    """
    from vsig_pipeline.orphans import end_orphans_of

    wanted = _wanted(start)
    end_orphans_of(project)
    clear_leftovers(project)
    plan = record_sources(project, at_once=True)
    done: list[Task] = []
    for stage in STAGES:
        tasks = State(project).tasks(wanted)
        now = [task for task in tasks if task.stage == stage]
        with reporting_to(reporter):
            execute(project, now, announce)
        done += now
        nothing_given_up(project, [stage])
    if wanted is None:
        answer_who_asked(project)
    return Ran(done, plan)


def execute(
    project: Project, tasks: Sequence[Task], announce: Callable[[Task], None] = lambda _task: None
) -> None:
    """Carry out what is due of one stage, in one run of Dagster for each batch.

    While one batch is committed, the next one's pictures are read.

    Parameters
    ----------
    project
        The project.
    tasks
        Of one stage, as `State.tasks` gives them.
    announce
        Called before each piece of work.

    Raises
    ------
    RunFailedError
        A step failed; what was committed before it stays.
    """
    groups = _groups(tasks)
    following = [*(group[0].partition for group in groups[1:]), None]
    with reading_ahead(project) as upcoming:
        for group, upcoming.following in zip(groups, following, strict=False):
            for task in group:
                announce(task)
            _execute(project, group)


def _wanted(start: str | None) -> set[str] | None:
    if start is None:
        return None
    if start not in STEPS:
        raise InputError(f"There is no asset {start!r}; known are {', '.join(STEPS)}.")
    return below(start)


def _groups(tasks: Sequence[Task]) -> list[list[Task]]:
    """One run for each batch, then one for what is not batched."""
    rest = [task for task in tasks if not task.partition]
    return [[task] for task in tasks if task.partition] + ([rest] if rest else [])


def _execute(project: Project, tasks: Sequence[Task]) -> None:
    """One Dagster run, in this process."""
    write_dagster_home(project)
    os.environ["DAGSTER_HOME"] = str(project.dagster_home)
    os.environ[PROJECT_VARIABLE] = str(project.folder)
    from dagster import AssetKey, DagsterInstance

    from vsig_pipeline.definitions import defs
    from vsig_pipeline.orphans import sign_of_life
    from vsig_pipeline.partitions import register
    from vsig_pipeline.resources import working_on

    partition = tasks[0].partition
    with working_on(project), sign_of_life(project) as alive, DagsterInstance.get() as instance:
        if partition:
            register(instance, [partition])
        result = defs.resolve_implicit_global_asset_job_def().execute_in_process(
            asset_selection=[AssetKey(task.step) for task in tasks],
            partition_key=partition,
            instance=instance,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
            tags={"vsig/reason": tasks[0].reason[:200], **alive},
        )
    if not result.success:
        raise RunFailedError(_reason(result))


def _reason(result: object) -> str:
    """The words of the first step that failed."""
    for event in getattr(result, "all_events"):  # noqa: B009
        if event.is_step_failure:
            return step_failure(event)
    return "the run failed; see 'vsig ui'"
