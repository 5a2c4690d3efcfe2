"""`python -m benchmarks review`: the review app with 100,000 pictures in the store.

Prints start time, memory, and how long pages and judgements take, from outside, over HTTP. The
project is made once and kept; judgements go into its inbox, which is emptied first.
"""

import argparse
import http.client
import io
import json
import re
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import numpy as np
import pyarrow as pa
from PIL import Image
from rich.console import Console
from rich.table import Table

from vsig_core.clustering import Judgements, build_groups
from vsig_core.project import Project, init_project, open_project
from vsig_core.review import Evidence, rank_queue
from vsig_core.store import Provenance, schema

CONSOLE = Console(width=110)
IN_A_BATCH, IN_A_CLUSTER, K, RADIUS = 5_000, 5, 30, 0.13
JUDGED = 20_000  # rows of the log
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def main() -> None:
    """Make the project where it is missing, start the app, measure."""
    arguments = _arguments()
    folder = arguments.folder / f"review-{arguments.images}"
    project = open_project(folder) if (folder / "vsig.toml").exists() else None
    if project is None or project.store.version("review_queue") is None:
        shutil.rmtree(folder, ignore_errors=True)
        project = make(folder, arguments.images)
    shutil.rmtree(folder / "inbox")
    (folder / "inbox").mkdir()
    with Server(folder) as server:
        shown = Table(title=f"Review app, {arguments.images:,} pictures", title_justify="left")
        for column in ("", "median", "95th percentile", "n"):
            shown.add_column(column)
        shown.add_row("start until the first answer", f"{server.started:.1f} s", "", "1")
        visitor = Visitor(server.port)
        groups = [row["cluster"] for row in project.store.read("review_queue").to_pylist()]
        for name, paths in _pages(groups, project).items():
            visitor.timed_get(paths[0])
            times = [visitor.timed_get(path) for path in paths * (60 // len(paths))]
            _add(shown, name, times)
        _add(shown, "a judgement, until it is on disk", list(judge(visitor, arguments.acts)))
        shown.add_row("memory", f"{server.memory():.0f} MB", "", "1")
    CONSOLE.print(shown)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/vsig-bench"))
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--acts", type=int, default=300)
    return parser.parse_args()


def _pages(groups: Sequence[str], project: Project) -> dict[str, list[str]]:
    uids = project.store.read("review_queue")["images"].to_pylist()
    return {
        "queue": ["/", "/?sort=size", "/?only=mine"],
        "group": [f"/cluster/{group}" for group in groups[:20]],
        "record": [f"/record?uid={quote(images[0])}" for images in uids[:20]],
        "pairs": ["/pairs"],
        "a pair": [f"/pair?{urlencode({'a': one[0], 'b': one[1]})}" for one in uids[:20]],
        "duplicates": ["/duplicates"],
        "find": ["/find?q=copia+da", "/find?q=L%27Aquila", "/find?q=a", "/find?q=%25"],
        "nearest": [f"/near?uid={quote(images[0])}" for images in uids[:20]],
        "morphograph": ["/morphograph", "/morphograph?order=recent"],
        "conflicts": ["/conflicts"],
        "learn": ["/learn"],
        "people": ["/people"],
        "picture": [f"/picture?uid={quote(images[0])}&size=grid" for images in uids[:20]],
    }


def _add(shown: Table, name: str, times: list[float]) -> None:
    high = statistics.quantiles(times, n=20)[-1]
    middle = statistics.median(times)
    shown.add_row(name, f"{1000 * middle:.0f} ms", f"{1000 * high:.0f} ms", str(len(times)))


def judge(visitor: "Visitor", acts: int) -> Iterator[float]:
    """Seconds that each of so many judgements of new pairs takes."""
    for n in range(acts):
        pair = [uid(n * IN_A_CLUSTER), uid(n * IN_A_CLUSTER + 1)]
        wish = {"act": f"a-{secrets.token_hex(16)}", "kind": "same", "ticked": pair}
        wish["cluster"] = f"cl-{n:06}"
        started = time.perf_counter()
        status, text = visitor.post("/acts", json.dumps(wish), "application/json")
        assert status == 200, text
        yield time.perf_counter() - started


class Server:
    """`vsig review` in a process of its own."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        run = "from vsig_core.cli import main; main()"
        words = ["--project", str(folder), "review", "--port", str(self.port)]
        began = time.perf_counter()
        self._process = subprocess.Popen([sys.executable, "-c", run, *words])
        while not self._answers():
            time.sleep(0.05)
        self.started = time.perf_counter() - began

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError("the review app ended")
        try:
            return Visitor.ask(self.port, "GET", "/name")[0] == 200
        except OSError:
            return False

    def memory(self) -> float:
        """Memory in use, MB."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found
        return int(found[1]) / 1024

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(60)


class Visitor:
    """A person's browser, as far as it takes part in the measurement."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._cookies: dict[str, str] = {}
        self._token = ""
        _, text = self._send("GET", "/name")
        self._token = re.findall('name="csrf" content="([^"]+)"', text)[0]
        said = urlencode({"name": "Anna", "csrf": self._token})
        self.post("/name", said, "application/x-www-form-urlencoded")

    def timed_get(self, path: str) -> float:
        """Seconds until a page is there."""
        started = time.perf_counter()
        status, _ = self._send("GET", path)
        assert status == 200, path
        return time.perf_counter() - started

    def post(self, path: str, body: str, kind: str) -> tuple[int, str]:
        """Send something."""
        return self._send("POST", path, body, {"Content-Type": kind, "X-CSRF-Token": self._token})

    def _send(
        self, method: str, path: str, body: str | None = None, more: dict[str, str] | None = None
    ) -> tuple[int, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        status, text, headers = self.ask(
            self._port, method, path, body, {"Cookie": cookies, **(more or {})}
        )
        for name, value in headers:
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self._cookies[key] = rest.split(";")[0]
        return status, text

    @staticmethod
    def ask(
        port: int,
        method: str,
        path: str,
        body: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, str, list[tuple[str, str]]]:
        """One request: status, text, headers of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8", "replace"), answer.getheaders()
        finally:
            connection.close()


def uid(n: int) -> str:
    """Pictures by number."""
    return f"drawer-{n // 1000:03}/{n:06}.jpg"


def make(folder: Path, images: int) -> Project:
    """A project with so many pictures, as a run leaves it."""
    CONSOLE.print(f"making {folder}")
    project = init_project(folder)
    _write_pictures(project, images)
    _write_log(project, images)
    _write_results(project, images)
    return project


def _jpeg() -> bytes:
    noise = np.random.default_rng(7).integers(0, 256, (12, 16, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).resize((1024, 768)).save(out, "JPEG")
    return out.getvalue()


def _write_pictures(project: Project, images: int) -> None:
    working = project.store.objects.put("working", _jpeg(), "jpg")
    random = np.random.default_rng(7)
    for start in range(0, images, IN_A_BATCH):
        batch = f"b-{start:06}"
        rows = [
            {
                "uid": uid(n), "batch": batch, "source": "pictures", "uri": f"/pictures/{uid(n)}",
                "sha256": f"{n:064x}", "phash": random.bytes(8).hex(), "width": 4000,
                "height": 3000, "thumb": b"x" * 3000, "working": working,
                "title": f"The {n}th picture of a long series", "author": f"Master {n % 997}",
                "date_text": f"c. {1400 + n % 400}", "year_from": 1395 + n % 400,
                "year_to": 1405 + n % 400, "place": f"Town {n % 89}",
                "iconography": f"subject {n % 53}; subject {n % 31}",
                "extra": json.dumps({"inventory": n}), "added_at": NOW,
            }
            for n in range(start, min(start + IN_A_BATCH, images))
        ]  # fmt: skip
        made = Provenance("images", key=batch, partition=f"batch={batch}")
        table = pa.Table.from_pylist(rows, schema("images"))
        project.store.write("images", table, made, partition={"batch": batch})
    batches = [{"batch": f"b-{start:06}"} for start in range(0, images, IN_A_BATCH)]
    _write(project, "corpus", batches)


def _write(project: Project, name: str, rows: list[dict[str, Any]], **inputs: int) -> None:
    project.store.write(
        name, pa.Table.from_pylist(rows, schema(name)), Provenance(name, inputs, key=name)
    )


def _write_log(project: Project, images: int) -> None:
    random = np.random.default_rng(8)
    rows = [
        {
            "annotation_id": f"h-{n}", "act": f"a-old-{n // 4}", "type": "POSITIVE",
            "img1": uid(int(one)), "img2": uid(int(one) + 1), "annotator": f"Person {n % 7}",
            "made_at": NOW,
        }
        for n, one in enumerate(random.choice(images - 1, JUDGED, replace=False))
    ]  # fmt: skip
    _write(project, "annotations", rows)


def _write_results(project: Project, images: int) -> None:
    """Clusters of pictures in a row, neighbours likewise."""
    near, opinion = [], []
    steps = [m for m in range(-K // 2, K // 2 + 1) if m][:K]
    for n in range(images):
        others = sorted((n + m for m in steps if 0 <= n + m < images), key=lambda o: abs(o - n))
        near.append({
            "uid": uid(n), "ids": [uid(o) for o in others],
            "distances": [0.01 * abs(o - n) for o in others], "sha256": f"{n:064x}",
            "model_id": "m-1",
        })  # fmt: skip
        first = n % IN_A_CLUSTER == 0
        opinion.append({
            "uid": uid(n), "cluster": f"cl-{n // IN_A_CLUSTER:06}", "reachability": 0.01,
            "core_distance": 0.01, "order": n, "predecessor": None if first else uid(n - 1),
            "max_eps": RADIUS, "model_id": "m-1",
        })  # fmt: skip
    _write(project, "neighbours", near)
    _write(project, "clusters", opinion, neighbours=0)
    clusters = project.store.read("clusters")
    groups = build_groups(clusters, Judgements())
    made = Provenance("groups", {"clusters": 0, "corpus": 0}, key="groups")
    project.store.write("groups", groups, made)
    queue = rank_queue(groups, clusters, Evidence(), project.settings.review)
    made = Provenance("review_queue", {"groups": 0, "neighbours": 0}, key="review_queue")
    project.store.write("review_queue", queue, made)


if __name__ == "__main__":
    main()
