"""A web server on loopback that answers as a test wants, faults included."""

import hashlib
import json
import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What is sent; with `cut` only so many bytes of the body, then the connection ends."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    endless: bool = False


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    path: str
    headers: Mapping[str, str]


class WebServer:
    """Pages by path, a queue of faults before each, and a record of who asked for what."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.asked: list[Asked] = []
        self._pages: dict[str, Callable[[], Answer]] = {}
        self._faults: dict[str, list[Answer]] = defaultdict(list)

    def put(self, path: str, body: bytes, kind: str = "image/jpeg", **headers: str) -> str:
        """Serve bytes with an ETag of their content; returns the address."""
        said = {"Content-Type": kind, "ETag": f'"{hashlib.sha256(body).hexdigest()[:12]}"'}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._pages[path] = lambda: Answer(body=body, headers={**said, **named})
        return f"{self.address}{path}"

    def put_json(self, path: str, document: Any) -> str:
        """Serve a document."""
        return self.put(path, json.dumps(document).encode(), "application/ld+json")

    def answer(self, path: str, answer: Answer) -> str:
        """Serve this, each time."""
        self._pages[path] = lambda: answer
        return f"{self.address}{path}"

    def fail_first(self, path: str, *answers: Answer) -> None:
        """Give these first, one after another."""
        self._faults[path] += answers

    def remove(self, path: str) -> None:
        """Serve it no more."""
        self._pages.pop(path, None)

    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [asked.path for asked in self.asked]

    def forget(self) -> None:
        """Begin a new record."""
        self.asked.clear()

    def reply(self, asked: Asked) -> Answer:
        """What the handler sends."""
        self.asked.append(asked)
        if waiting := self._faults[asked.path]:
            return waiting.pop(0)
        page = self._pages.get(asked.path)
        if page is None:
            return Answer(404)
        answer = page()
        etag = answer.headers.get("ETag")
        if etag and asked.headers.get("If-None-Match") == etag:
            return Answer(304, headers={"ETag": etag})
        return answer


@contextmanager
def serving() -> Iterator[WebServer]:
    """A server, for as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            _send(self, server.reply(Asked(self.path, dict(self.headers))))

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        server = WebServer(listening.server_port)
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()


def _send(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    handler.send_response(answer.status)
    for name, value in answer.headers.items():
        handler.send_header(name, value)
    if answer.endless:
        handler.send_header("Connection", "close")
    elif answer.status != 304 and "Content-Length" not in answer.headers:
        handler.send_header("Content-Length", str(len(answer.body)))
    handler.end_headers()
    body = answer.body if answer.cut is None else answer.body[: answer.cut]
    try:
        handler.wfile.write(body)
        while answer.endless:
            handler.wfile.write(b"x" * 65_536)
    except OSError:  # who asked has heard enough
        handler.close_connection = True
    if answer.cut is not None:
        handler.connection.shutdown(socket.SHUT_RDWR)
        handler.close_connection = True
