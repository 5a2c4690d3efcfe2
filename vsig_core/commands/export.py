"""`vsig export` and `vsig import`."""

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
    iiif = "iiif"
    package = "package"
    atlas = "atlas"


def register(app: typer.Typer) -> None:
    """Add the commands to `vsig`."""
    app.command("export")(export)
    app.command("import")(bring_in)


def export(
    context: typer.Context,
    format_: Annotated[
        Format,
        typer.Argument(
            metavar="FORMAT",
            help="csv or parquet (judgements), w3c (Web Annotations), graphml or gexf (the "
            "morphograph), map (Parquet for Embedding Atlas), iiif (clusters and signatures), "
            "package (all tables: Frictionless and Croissant), atlas (the picture map as a site).",
        ),
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="File or folder to make.")],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an export that is there already.")
    ] = False,
    base_url: Annotated[
        str | None,
        typer.Option(
            help="Address that the folder is served at, with which IIIF ids begin; else "
            "http://localhost:8000."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Write what may leave the project (publish, embargo_until) in a format that others read."""
    project = Context.of(context).project
    if format_ is Format.atlas:
        from vsig_core.review.atlas import write_atlas

        done = write_atlas(project, out, overwrite=overwrite)
    else:
        from vsig_core.exchange import export as write

        done = write(project, format_.value, out, overwrite=overwrite, base_url=base_url)
    if as_json:
        emit(done.as_dict())
        return
    for line in done.sentences():
        note(line)


def bring_in(
    context: typer.Context,
    package: Annotated[
        Path, typer.Argument(metavar="PACKAGE", help="Folder that 'vsig export package' made.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Take an exported project into one that has no tables yet: judgements, clusters, scores."""
    from vsig_core.exchange import import_package

    done = import_package(Context.of(context).project, package)
    if as_json:
        emit(done.as_dict())
        return
    for line in done.sentences():
        note(line)
