"""`vsig export`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from vsig_core.console import Context, emit, note


class Format(StrEnum):
    """What `vsig export` writes."""

    csv = "csv"
    parquet = "parquet"
    w3c = "w3c"
    graphml = "graphml"
    gexf = "gexf"
    map = "map"


def register(app: typer.Typer) -> None:
    """Add the command to `vsig`."""
    app.command("export")(export)


def export(
    context: typer.Context,
    format_: Annotated[
        Format,
        typer.Argument(
            metavar="FORMAT",
            help="csv or parquet (judgements), w3c (Web Annotations), graphml or gexf (the "
            "morphograph), map (Parquet for Embedding Atlas).",
        ),
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="File or folder to make.")],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an export that is there already.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Write what may leave the project (publish, embargo_until) in a format that others read."""
    from vsig_core.exchange import export as write

    done = write(Context.of(context).project, format_.value, out, overwrite=overwrite)
    if as_json:
        emit(done.as_dict())
        return
    for line in done.sentences():
        note(line)
