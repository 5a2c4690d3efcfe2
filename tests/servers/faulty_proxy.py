"""A proxy on loopback before an S3 server, with the faults of a bad day, always the same ones.

    python faulty_proxy.py http://127.0.0.1:PORT    prints its own address, runs until it is ended
    python faulty_proxy.py http://127.0.0.1:PORT --calm    makes none, and counts what passes

Of the requests that pass, every tenth is answered 503 and not passed on; every twentieth is
cut off: before it is passed on, after it was carried out, or in the middle of the answer, in
turn; every fifteenth is slow. `GET /-/faults` gives how many there were of each, as JSON.
"""

import http.client
import itertools
import json
import socket
import sys
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

DELAY_SECONDS = 0.3
_CUTS = itertools.cycle(["cut before", "cut after", "cut within"])
_NUMBERS = itertools.count(1)
_SEEN: Counter[str] = Counter()
# Of one connection only: what the proxy and each of its sides agree on among themselves.
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "expect"}


def fault_of(number: int) -> str:
    """What befalls a request."""
    if Handler.calm:
        return "none"
    if number % 10 == 0:
        return "503"
    if number % 20 == 7:
        return next(_CUTS)
    return "slow" if number % 15 == 3 else "none"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    upstream: str
    calm: bool

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/-/faults":
            self._answer(200, {}, json.dumps(_SEEN).encode())
            return
        fault = fault_of(next(_NUMBERS))
        _SEEN[fault] += 1
        if fault == "503":
            self._answer(503, {}, b"<Error><Code>SlowDown</Code></Error>")
        elif fault == "cut before":
            self._cut()
        else:
            time.sleep(DELAY_SECONDS if fault == "slow" else 0)
            self._pass_on(body, fault)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any  # noqa: N815

    def _pass_on(self, body: bytes, fault: str) -> None:
        server = http.client.HTTPConnection(self.upstream, timeout=60)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP_BY_HOP}
        try:
            server.request(self.command, self.path, body, headers | {"Content-Length": len(body)})
            answer = server.getresponse()
            content = answer.read()
        except OSError:  # the server behind is away: so is this one
            self._cut()
            return
        finally:
            server.close()
        if fault == "cut after":
            self._cut()
            return
        length = answer.headers["Content-Length"] if self.command == "HEAD" else len(content)
        kept = {k: v for k, v in answer.getheaders() if k.lower() not in _HOP_BY_HOP}
        if fault == "cut within":
            self._answer(answer.status, kept, content[: len(content) // 2], length)
            self._cut()
            return
        self._answer(answer.status, kept, content, length)

    def _answer(
        self, status: int, headers: dict[str, str], content: bytes, length: Any = None
    ) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
        self.wfile.flush()

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:
        return


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        return  # a connection that was cut


if __name__ == "__main__":
    Handler.upstream = urlsplit(sys.argv[1]).netloc
    Handler.calm = "--calm" in sys.argv
    server = Server(("127.0.0.1", 0), Handler)
    sys.stdout.write(f"http://127.0.0.1:{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()
