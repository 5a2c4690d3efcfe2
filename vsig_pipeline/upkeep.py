"""The commands that keep a store in order: `verify`, `clean`, `purge`."""

from typing import Annotated

import typer

from vsig_core.console import Context, bars, emit, note
from vsig_core.upkeep import Report, verify


def register(app: typer.Typer) -> None:
    """Add the commands to `vsig`."""
    app.command("verify")(verify_command)


def verify_command(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Check every object and file against its digest, and every reference; changes nothing."""
    project = Context.of(context).project
    with bars() as progress:
        report = verify(project.store, progress)
    if as_json:
        emit(report.as_dict())
    else:
        _show_report(report)
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


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB"
