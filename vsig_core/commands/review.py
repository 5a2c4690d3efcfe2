"""`vsig review`."""

from typing import Annotated

import typer

from vsig_core.console import Context, note
from vsig_core.errors import InputError

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def register(app: typer.Typer) -> None:
    """Add the command to `vsig`."""
    app.command("review")(review)


def review(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8765,
) -> None:
    """The web app in which people judge: groups, pairs, duplicates."""
    import uvicorn

    from vsig_core.review.app import create_app

    project = Context.of(context).project
    if host not in LOOPBACK:
        raise InputError(
            f"Without a login the review app listens on this machine alone, not on {host!r}. "
            "Leave --host out, and reach it from elsewhere through an SSH tunnel."
        )
    app = create_app(project)
    note(f"Review app: http://{host}:{port}  (Ctrl+C ends it)")
    uvicorn.run(app, host=host, port=port, log_level="warning", server_header=False)
