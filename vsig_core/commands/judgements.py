"""`vsig check-annotations` and `vsig evaluate`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from vsig_core.annotations import check_file
from vsig_core.console import Context, emit, note, table, write_file
from vsig_core.current import aliases, current_images
from vsig_core.errors import AnnotationError, InputError
from vsig_core.project import Project
from vsig_core.store import Provenance


def register(app: typer.Typer) -> None:
    """Add the commands to `vsig`."""
    app.command("check-annotations")(check_annotations)
    app.command("evaluate")(evaluate)


def check_annotations(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE…")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Say what ingesting files would do; changes nothing. Works outside a project too.

    Files that cannot be read are named, and the others reported: exit status 1, or 2 where
    none could be read.
    """
    known = _known(context)
    reports = [_check(path, known) for path in files]
    if as_json:
        emit({"files": reports})
    else:
        for report in reports:
            _show(report)
    unread = sum("error" in report for report in reports)
    if unread:
        raise typer.Exit(2 if unread == len(reports) else 1)


def _known(context: typer.Context) -> dict[str, Any]:
    """The project's pictures, log, old ids and conflicts; empty where there is no project."""
    project = Context.of(context).project_if_any
    if project is None:
        return {}
    store = project.store
    unread = store.version("images") is None
    return {
        "uids": None if unread else set(current_images(store, ["uid"])["uid"].to_pylist()),
        "log": store.read_or_empty("annotations"),
        "aliases": aliases(store),
        "conflicts": set(store.read_or_empty("conflicts")["conflict_id"].to_pylist()),
    }


def _check(path: Path, known: dict[str, Any]) -> dict[str, Any]:
    try:
        data = path.read_bytes()
    except OSError as error:
        return {"path": str(path), "error": f"{path} cannot be read: {error.strerror}."}
    try:
        return check_file(data, str(path), **known)
    except AnnotationError as error:
        return {"path": str(path), "error": str(error)}


def _show(report: dict[str, Any]) -> None:
    if "error" in report:
        note(f"vsig: {report['error']}")
        return
    table(
        report["path"],
        ["", ""],
        [
            ["rows", report["rows"]],
            *[[f"  {kind}", count] for kind, count in report["by_type"].items()],
            *[
                [key.replace("_", " "), _brief(value)]
                for key, value in report.items()
                if key not in ("path", "rows", "by_type", "unknown_targets", "bad_rows", "notes")
            ],
        ],
    )
    for row in report["unknown_targets"] or ():
        note(f"line {row['row']}: {row['type']} names {row['names']}, which is not there (yet)")
    for row in report["bad_rows"]:
        note(f"line {row['row']}: {row['reason']}: {row['text']}")
    for line in report["notes"]:
        note(line)


def _brief(value: Any) -> str:
    """Long lists by their number and beginning."""
    if value is None:
        return "not compared: there is no project here, or no run of it yet"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_brief(part)}" for key, part in value.items()) or "none"
    if isinstance(value, list):
        shown = ", ".join(str(item) for item in value[:5])
        return f"{len(value)}: {shown}{' …' if len(value) > 5 else ''}" if value else "none"
    return str(value)


def evaluate(
    context: typer.Context,
    model: Annotated[
        list[str] | None, typer.Option(help="Model id; may be given again. All where left out.")
    ] = None,
    worst: Annotated[
        Path | None,
        typer.Option(
            help="JPEG of the queries that the last model answers worse than the first.",
            dir_okay=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Score models on the links in force: all on the same queries.

    Beside them a grey thumbnail and a colour histogram, which need no network.
    """
    from vsig_core.console import bars
    from vsig_core.evaluation import COUNTS, Contest, score
    from vsig_core.queries import judged_now

    project = Context.of(context).project
    store = project.store
    names = model or store.read("models", columns=["model_id"])["model_id"].to_pylist()
    judged = judged_now(store, project.settings.annotations.same_work)
    if worst and len(set(names)) < 2:
        raise InputError("--worst compares two models: name both with --model.")
    contest = Contest(names, names[-1], names[0] if worst else None)
    with bars() as progress:
        found = score(project, contest, judged, Provenance("evaluate"), progress)
    if worst:
        from vsig_core.review import draw_worst

        write_file(worst, draw_worst(found.worst, found.thumbs))
        note(f"{worst}: {len(found.worst)} queries that got worse")
    rows = [row for row in found.rows.to_pylist() if row["value"] is not None]
    notes = [] if any(row["metric"] == "map" for row in rows) else [_nothing_to_score(project)]
    if as_json:
        emit({"evaluations": rows, "notes": notes})
        return
    for line in notes:
        note(line)
    table(
        "Retrieval on signatures that are put aside",
        ["model", "split", "metric", "value", "95 % interval", "n"],
        [
            [
                row["subject"],
                row["split"],
                row["metric"],
                f"{row['value']:.0f}" if row["metric"] in COUNTS else f"{row['value']:.3f}",
                "" if row["ci_low"] is None else f"{row['ci_low']:.3f} to {row['ci_high']:.3f}",
                row["n"],
            ]
            for row in rows
        ],
    )


def _nothing_to_score(project: Project) -> str:
    return (
        "No picture of the splits val and test has a POSITIVE link in force, so there is nothing "
        f"to find and nothing to score. Put judgements in {project.inbox.uri()} and run 'vsig run'."
    )
