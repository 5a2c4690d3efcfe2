"""`vsig review`."""

import contextlib
import socket
from typing import Annotated

import typer

from vsig_core.console import Context, note
from vsig_core.errors import InputError


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
    app = create_app(project, host)
    listening = _listening(host, port)
    shown = f"[{host}]" if ":" in host else host
    note(f"Review app: http://{shown}:{listening.getsockname()[1]}  (Ctrl+C ends it)")
    # Whose word about addresses is taken is decided by [review] trusted_proxies, not by uvicorn.
    config = uvicorn.Config(
        app,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        # What a browser has asked for and does not fetch would hold up Ctrl+C for ever.
        timeout_graceful_shutdown=3,
    )
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listening])


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens there; taken before the address is told.

    Raises
    ------
    InputError
        Somebody else has the port, or the address is not one of this machine.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise InputError(
            f"{host}:{port} cannot be listened on ({error.strerror}). Another 'vsig review' may be "
            f"there already; end it, or choose a port by --port, as --port {port % 65535 + 1}."
        ) from error
