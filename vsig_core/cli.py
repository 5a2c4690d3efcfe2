"""The `vsig` command: thin. What works through Dagster is added by `vsig_pipeline`."""

import errno
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated

import typer

from vsig_core.commands import corpus, export, judgements, look, review, review_user
from vsig_core.console import Context, note
from vsig_core.errors import InputError, VsigError
from vsig_core.release import release

FAILED, WRONG = 1, 2
# The project's folder, too, may lie on a disk that is full, read-only, or not ours.
_OF_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}

app = typer.Typer(
    help="Visual signatures of artworks: from pictures and judgements to clusters and a map.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _say_version(asked: bool) -> None:  # noqa: FBT001  typer calls it so
    if asked:
        typer.echo(f"vsig {release()}")
        raise typer.Exit


@app.callback()
def shared(
    context: typer.Context,
    project: Annotated[
        Path | None,
        typer.Option(help="Project folder; else VSIG_PROJECT, else the current folder."),
    ] = None,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_say_version, is_eager=True, help="Say the version, and end."
        ),
    ] = False,
) -> None:
    """Options of all commands."""
    del version  # its callback has answered
    context.obj = Context(project)


def build() -> typer.Typer:
    """The whole command, plug-ins included: packages add theirs by the group `vsig.commands`."""
    for module in (corpus, judgements, look, export, review, review_user):
        module.register(app)
    for point in entry_points(group="vsig.commands"):
        point.load()(app)
    return app


def main() -> None:
    """Run the command; what vsig raises on purpose ends with its words and no traceback."""
    try:
        build()()
    except VsigError as error:
        note(f"vsig: {error}")
        sys.exit(WRONG if isinstance(error, InputError) else FAILED)
    except OSError as error:
        if error.errno not in _OF_THE_DISK:
            raise
        note(f"vsig: {error.filename or 'a file'} cannot be written or read: {error.strerror}.")
        sys.exit(FAILED)
    except KeyboardInterrupt:
        note("vsig: interrupted; what was committed stays, and the next run goes on from there")
        sys.exit(130)


if __name__ == "__main__":
    main()
