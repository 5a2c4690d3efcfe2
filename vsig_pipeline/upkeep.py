"""The commands that keep a store in order: `verify`, `clean`, `purge`."""

import getpass
from pathlib import Path
from typing import Annotated, Any

import typer

from vsig_core.console import Context, bars, emit, note, table
from vsig_core.errors import InputError
from vsig_core.project import Project
from vsig_core.store import Provenance
from vsig_core.upkeep import (
    Report,
    Request,
    delete,
    mend,
    plan_clean,
    plan_renaming,
    plan_take_down,
    remove,
    rename_annotator,
    stale_caches,
    take_down,
    verify,
)
from vsig_pipeline.lock import alone, one_at_a_time
from vsig_pipeline.state import State


def register(app: typer.Typer) -> None:
    """Add the commands to `vsig`."""
    app.command("verify")(verify_command)
    app.command("clean")(clean_command)
    app.command("purge")(purge_command)


def verify_command(
    context: typer.Context,
    mending: Annotated[
        bool, typer.Option("--mend", help="Make damaged working copies due for the next run.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Check every object and file against its digest, and every reference."""
    project = Context.of(context).project
    with bars() as progress:
        report = verify(project.store, progress)
    due: list[str] = []
    if mending and report.damaged:
        with one_at_a_time(project, note):
            due = mend(project.store, report.damaged)
    if as_json:
        emit({**report.as_dict(), "due": due})
    else:
        _show_report(report)
        for batch in due:
            note(f"{batch} is due: 'vsig run' reads its damaged pictures again.")
    if report.damaged:
        raise typer.Exit(1)


def _show_report(report: Report) -> None:
    for damage in report.damaged:
        note(damage.in_words())
    note(
        f"{report.objects} objects and {report.files} files of {report.tables} tables, "
        f"{_size(report.bytes)}: {f'{len(report.damaged)} damaged' if report.damaged else 'whole'}."
    )
    if report.unsealed:
        note(f"{report.unsealed} files have no digest of their own; they were read whole instead.")
    orphans = report.orphan_objects + report.orphan_files
    if orphans:
        note(
            f"{orphans} files are named by no version ({_size(report.orphan_bytes)}): 'vsig clean'."
        )


def clean_command(
    context: typer.Context,
    keep: Annotated[
        int, typer.Option(min=1, help="Newest versions of each table that stay readable.")
    ] = 5,
    apply: Annotated[bool, typer.Option("--apply", help="Do it; else only say what.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Remove versions, objects and caches that nothing needs; where they came from is kept."""
    project = Context.of(context).project
    if apply:
        with one_at_a_time(project, note):
            removal, caches = plan_clean(project.store, keep), _stale_caches(project)
            delete(caches)  # first: on a full disk the rest needs some room
            remove(project.store, removal, Provenance("clean"))
    else:
        removal, caches = plan_clean(project.store, keep), _stale_caches(project)
    cached = sum(path.stat().st_size for path in caches if not apply)
    if as_json:
        emit({"applied": apply, **removal.as_dict(), "caches": [str(path) for path in caches]})
        return
    _show_removal(removal.as_dict(), "Removed" if apply else "What a clean would remove")
    note(f"{len(caches)} files of caches{'' if apply else f', {_size(cached)}'}.")
    if not apply:
        note(f"{_size(removal.bytes + cached)} would be freed. Nothing is removed yet: --apply.")


def purge_command(
    context: typer.Context,
    uids: Annotated[list[str] | None, typer.Argument(metavar="UID…")] = None,
    annotator: Annotated[
        str | None, typer.Option(help="Replace this person's name by a pseudonym instead.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; kept with the tombstone.")] = "",
    apply: Annotated[bool, typer.Option("--apply", help="Do it; else only say what.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Take pictures, or a person's name, out of every version, object and cache."""
    project = Context.of(context).project
    if bool(uids) == (annotator is not None):
        raise InputError("Name pictures to take down, or a person with --annotator NAME.")
    if not apply:
        done = _purge(project, uids or [], annotator, None)
    else:
        with alone(project, note):
            done = _purge(project, uids or [], annotator, Request(getpass.getuser(), reason))
    if as_json:
        emit({"applied": apply, **done})
        return
    _show_purge(done)
    note(
        "Done. 'vsig run' brings up to date what depended on it."
        if apply
        else "Nothing is changed yet: --apply. It cannot be undone."
    )


def _purge(
    project: Project, uids: list[str], annotator: str | None, request: Request | None
) -> dict[str, Any]:
    """What a purge does; without a request nothing is done."""
    store = project.store
    if annotator is not None:
        renaming = plan_renaming(store, annotator, project.inbox)
        if request is not None:
            rename_annotator(store, renaming)
        return renaming.as_dict()
    plan = plan_take_down(store, uids)
    if request is not None:
        take_down(store, plan, request)
        delete(_stale_caches(project))
    return plan.as_dict()


def _show_purge(done: dict[str, Any]) -> None:
    if "pseudonym" in done:
        table(
            f"{done['name']} is {done['pseudonym']}", ["table", "rows"], list(done["rows"].items())
        )
    else:
        others = f"{len(done['uids'])} ids with {len(done['sha256s'])} contents"
        rows = [[held["table"], held["rows"], held["versions"]] for held in done["holdings"]]
        table(f"{', '.join(done['uids'])}: {others}", ["table", "rows", "versions"], rows)
    for line in done["unreachable"]:
        note(f"Not within reach: {line}")


def _stale_caches(project: Project) -> list[Path]:
    """A training that was interrupted is gone on with as long as it is the one that is due."""
    due = (task.key for task in State(project).tasks({"candidate_model"}))
    return stale_caches(project, next(due, None))


def _show_removal(removal: dict[str, Any], title: str) -> None:
    rows = [
        [entry["table"], len(entry["versions"]), entry["files"], _size(entry["bytes"])]
        for entry in removal["tables"]
    ]
    rows += [
        [f"objects/{entry['kind']}", "", entry["files"], _size(entry["bytes"])]
        for entry in removal["objects"]
    ]
    table(title, ["", "versions", "files", "size"], rows)


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB"
