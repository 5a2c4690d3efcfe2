"""`vsig init` and `vsig sample`."""

from pathlib import Path
from typing import Annotated

import typer

from vsig_core.console import emit, note, table
from vsig_core.project import init_project


def register(app: typer.Typer) -> None:
    """Add the commands to `vsig`."""
    app.command("init")(init)
    app.command("sample")(sample)


def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]")] = Path(),
    source: Annotated[
        list[str] | None,
        typer.Option(help="Folder, table or address (docs/sources.md); may be given again."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Make a project: a commented vsig.toml, inbox/ and store/."""
    project = init_project(folder, source or [])
    if as_json:
        emit({"project": str(project.folder), "sources": [s.uri for s in project.settings.source]})
        return
    note(f"Made {project.folder}/vsig.toml. Put annotation files in {project.inbox.uri()}.")
    if not source:
        note("Name your pictures in it under [[source]], then run 'vsig run'.")


def sample(
    folder: Annotated[Path, typer.Argument(metavar="DIR")],
    images: Annotated[int, typer.Option(min=60, help="Number of pictures.")] = 600,
    motifs: Annotated[int, typer.Option(min=12, help="Number of signatures.")] = 80,
    seed: Annotated[int, typer.Option(help="The same seed draws the same pictures.")] = 7,
    pictures: Annotated[
        Path | None,
        typer.Option("--from", help="Compose from these pictures instead of drawing."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Draw a corpus with known signatures: pictures, metadata, truth, two annotation files."""
    from vsig_core.console import bars
    from vsig_core.corpus.sample import compose_sample, draw_sample

    with bars() as progress_of:
        progress = progress_of("drawing pictures")
        if pictures is None:
            report = draw_sample(folder, images=images, motifs=motifs, seed=seed, progress=progress)
        else:
            report = compose_sample(
                folder, pictures, images=images, motifs=motifs, seed=seed, progress=progress
            )
    figures = report.as_dict()
    if as_json:
        emit(figures)
    else:
        table(f"Sample in {folder}", ["", ""], list(figures.items()))
