"""The app in this process, for tests and pictures of it: `vsig review` is what serves people."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from vsig_core.errors import StoreError
from vsig_core.project import Project
from vsig_core.review.app.application import create_app


@contextmanager
def served(project: Project) -> Iterator[str]:
    """The app on a free port of the loopback; gives its address."""
    import uvicorn

    config = uvicorn.Config(create_app(project), host="127.0.0.1", port=0, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise StoreError("The review app ended before it could be asked; its log says why.")
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
