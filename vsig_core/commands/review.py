"""`vsig review`."""

from typing import Annotated

import typer

from vsig_core.console import Context, note


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
    note(f"Review app: http://{host}:{port}  (Ctrl+C ends it)")
    # Whose word about addresses is taken is decided by [review] trusted_proxies, not by uvicorn.
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        # What a browser has asked for and does not fetch would hold up Ctrl+C for ever.
        timeout_graceful_shutdown=3,
    )
