"""`vsig model`: the registry, and decisions by hand about which model is in force."""

import getpass
import os
from collections import Counter
from dataclasses import asdict
from typing import Annotated, Any

import typer

from vsig_core.console import Context, emit, note, table
from vsig_core.project import Project, write_dagster_home
from vsig_core.promotion import Reign, Request, listed, promote_by_hand, reigns, roll_back
from vsig_pipeline.lock import one_at_a_time
from vsig_pipeline.running import due
from vsig_pipeline.state import Task
from vsig_pipeline.steps import STEPS

WHY = "Why, in your words; kept with the decision."


def register(app: typer.Typer) -> None:
    """Add the commands to `vsig`."""
    group = typer.Typer(
        help="The models: which are there, which is in force, and since when.",
        no_args_is_help=True,
    )
    group.command("list")(list_command)
    group.command("promote")(promote_command)
    group.command("rollback")(rollback_command)
    app.add_typer(group, name="model")


def list_command(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Every model that was in force or asked to be, and every change of the one in force."""
    store = Context.of(context).project.store
    models, changes = listed(store), reigns(store.commits("models"))
    if as_json:
        emit({"models": [asdict(entry) for entry in models], "changes": [*map(_dict, changes)]})
        return
    if not models:
        note("No model is registered yet. Run 'vsig run'.")
        return
    table(
        "Models",
        ["model", "status", "val mAP", "test mAP", "batches embedded", "why"],
        [
            [
                entry.model_id,
                f"{entry.status}, serves" if entry.serves else entry.status,
                *(f"{entry.map[s]:.3f}" if s in entry.map else "" for s in ("val", "test")),
                entry.embedded,
                entry.reason,
            ]
            for entry in models
        ],
    )
    table(
        "In force since",
        ["at (UTC)", "model", "instead of", "", "who", "why"],
        [
            [f"{c.at:%Y-%m-%d %H:%M}", c.model_id, c.replaced or "", c.act, c.by, c.reason]
            for c in changes
        ],
    )


def promote_command(
    context: typer.Context,
    model_id: Annotated[str, typer.Argument(metavar="ID", help="As 'vsig model list' shows it.")],
    reason: Annotated[str, typer.Option(help=WHY)] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Put a model in force by hand, a rejected one too; recorded with who, when and why."""
    project = Context.of(context).project
    with one_at_a_time(project, note):
        change = promote_by_hand(project.store, model_id, Request(getpass.getuser(), reason))
        _tell_dagster(project, change)
    _show(project, change, as_json)


def rollback_command(
    context: typer.Context,
    model_id: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]", help="An earlier model that was in force; the last where left out."
        ),
    ] = None,
    reason: Annotated[str, typer.Option(help=WHY)] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Put the model before this one in force again; the gate does not bring this one back."""
    project = Context.of(context).project
    with one_at_a_time(project, note):
        change = roll_back(project.store, Request(getpass.getuser(), reason), model_id)
        _tell_dagster(project, change)
    _show(project, change, as_json)


def _tell_dagster(project: Project, change: Reign | None) -> None:
    """An event of the asset `model`, without a run: so the UI shows the decision too."""
    if change is None:
        return
    write_dagster_home(project)
    os.environ["DAGSTER_HOME"] = str(project.dagster_home)
    from dagster import AssetMaterialization, DagsterInstance

    event = AssetMaterialization(
        "model",
        description=f"{change.act} by {change.by}: {change.reason or 'no reason given'}",
        metadata={"champion": change.model_id, "replaced": change.replaced or "none"}
        | {"act": change.act, "by": change.by, "why": change.reason or "no reason given"}
        | {"versions": {"models": change.version}},
        tags={
            "dagster/data_version": change.model_id,
            "dagster/code_version": STEPS["model"].code,
        },
    )
    with DagsterInstance.get() as instance:
        instance.report_runless_asset_event(event)


def _show(project: Project, change: Reign | None, as_json: bool) -> None:  # noqa: FBT001
    tasks = due(project)
    if as_json:
        stale = [{"asset": task.step, "batch": task.partition} for task in tasks]
        emit({"changed": change is not None, "change": _dict(change), "stale": stale})
        return
    if change is None:
        note("This model is in force already; nothing was changed.")
        return
    note(f"In force: {change.model_id}, instead of {change.replaced} ({change.act}, {change.by}).")
    note(_consequences(project, change, tasks))


def _consequences(project: Project, change: Reign, tasks: list[Task]) -> str:
    """What is stale now, and whose vectors serve until it is brought up to date."""
    if not tasks:
        return "Nothing is stale: its vectors and what is made from them are there."
    counts = Counter(task.step for task in tasks)
    stale = [
        f"{name} ({count} batches)" if STEPS[name].batched else name
        for name, count in counts.items()
    ]
    serving = {row["model_id"] for row in project.store.read_or_empty("vectors").to_pylist()}
    until = (
        f"; until all its vectors are there, those of {serving.pop()} serve"
        if serving - {change.model_id}
        else ""
    )
    return f"Stale: {', '.join(stale)}. 'vsig run' brings them up to date{until}."


def _dict(change: Reign | None) -> dict[str, Any] | None:
    return None if change is None else {**asdict(change), "at": change.at.isoformat()}
