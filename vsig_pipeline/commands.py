"""The commands that work through Dagster's graph: `run`, `status`, `ui`, `model`; and upkeep's."""

import os
import signal
import sys
from typing import Annotated

import typer

from vsig_core.console import Context, bars, emit, note, table
from vsig_core.errors import StoreError, VsigError
from vsig_core.project import PROJECT_VARIABLE, Project
from vsig_pipeline import models, upkeep
from vsig_pipeline.estimate import estimate
from vsig_pipeline.findings import Finding, findings, news, show
from vsig_pipeline.importing import imported
from vsig_pipeline.running import Due, look, run
from vsig_pipeline.state import Task
from vsig_pipeline.status import project_status, show_sources, sources


def register(app: typer.Typer) -> None:
    """Add the commands to `vsig`."""
    app.command("run")(run_command)
    app.command("status")(status_command)
    app.command("ui")(ui_command)
    models.register(app)
    upkeep.register(app)


def run_command(
    context: typer.Context,
    start: Annotated[
        str | None, typer.Option("--from", help="Only this asset and what depends on it.")
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only say what would be done.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Bring all that is stale up to date, in this process, with progress bars."""
    project = Context.of(context).project
    if plan:
        _show_plan(project, look(project, start, at_once=True), as_json)
        return
    project.store.check_writable()  # before all that takes time
    before, begun = findings(project), set[str]()

    def announce(task: Task) -> None:
        note(f"{_named(task)}: {task.reason}")
        begun.add(task.step)

    try:
        with bars() as progress_of:
            done = run(
                project,
                lambda label, done, total: progress_of(label)(done, total),
                announce,
                start,
            )
    except VsigError:
        _show_all_the_same(project, before, begun)
        raise
    found = news(before, findings(project), begun)
    show(found)
    report = imported(project, done.plan)
    show_sources(done.plan, report)
    if as_json:
        shown = [_as_dict(task) for task in done.tasks]
        found_by_kind = [finding.as_dict() for finding in found]
        emit({"done": shown, "findings": found_by_kind, "sources": sources(done.plan, report)})
    else:
        note("Nothing was stale." if not done.tasks else "Up to date.")


def _show_all_the_same(project: Project, before: list[Finding], begun: set[str]) -> None:
    """What was found before a step failed, unless it is the store that fails."""
    try:
        project.store.location.check()
        show(news(before, findings(project), begun))
    except StoreError as error:
        note(f"What was found before the failure cannot be shown: {error}")


def _show_plan(project: Project, found: Due, as_json: bool) -> None:  # noqa: FBT001
    tasks = found.tasks
    needed = estimate(project, tasks, found.plan.table)
    report = imported(project, found.plan)
    if as_json:
        shown = [_as_dict(task) for task in tasks]
        emit({"tasks": shown, "estimate": needed.as_dict(), "sources": sources(found.plan, report)})
        return
    show_sources(found.plan, report)
    if not tasks:
        note("Nothing is stale.")
        return
    table(
        "What a run would do",
        ["asset", "batch", "why"],
        [[task.step, task.partition or "", task.reason] for task in tasks],
    )
    note(needed.in_words())


def _as_dict(task: Task) -> dict[str, str | None]:
    return {"asset": task.step, "batch": task.partition, "reason": task.reason}


def _named(task: Task) -> str:
    return f"{task.step} {task.partition}" if task.partition else task.step


def status_command(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Every table, fresh or stale and why; the model in force; inbox and conflicts."""
    status = project_status(Context.of(context).project)
    if as_json:
        emit(status.as_dict())
    else:
        status.show()


def ui_command(
    context: typer.Context,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 3000,
) -> None:
    """The Dagster UI and daemon of this project: sensors run as long as it does."""
    from vsig_pipeline.orphans import end_orphans_of

    project = Context.of(context).project
    end_orphans_of(project)
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(project.dagster_home),
        PROJECT_VARIABLE: str(project.folder),
        "DAGSTER_DISABLE_TELEMETRY": "1",
    }
    note(f"http://127.0.0.1:{port} (end with Ctrl-C)")
    os.chdir(project.folder)
    command = [sys.executable, "-m", "dagster", "dev", "-m", "vsig_pipeline.definitions"]
    # A shell's "&" ignores Ctrl-C for what it starts, and Dagster would then ignore SIGTERM too.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # This process becomes Dagster's: a signal that ends it ends the daemon too.
    os.execve(sys.executable, [*command, "-h", "127.0.0.1", "-p", str(port)], environment)
