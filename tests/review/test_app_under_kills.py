"""Eight people judge while the server is killed again and again: nothing lost, nothing twice."""

import http.client
import json
import re
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlencode

import pyarrow as pa
import pytest
from judging_project import MANY
from live_server import LiveServer

from vsig_core.annotations import ingest_file
from vsig_core.project import Project
from vsig_core.store import empty

PEOPLE, KILLS, BETWEEN = 8, 10, 3.0


class Judge(threading.Thread):
    """One person, who asks again until there is an answer; each act has one id."""

    def __init__(self, number: int, port: int, done: threading.Event) -> None:
        super().__init__(daemon=True)
        self.number, self.port, self.done = number, port, done
        self.acknowledged: list[str] = []
        self.refused: list[str] = []
        self._cookies: dict[str, str] = {}

    def run(self) -> None:
        self._begin()
        while not self.done.is_set():
            act = f"a-{self.number:02x}{len(self.acknowledged):030x}"
            first = len(self.acknowledged) % (len(MANY) - 1)
            wish = {"act": act, "kind": "same", "ticked": MANY[first : first + 2]}
            status, text = self._insist("POST", "/acts", json.dumps(wish), "application/json")
            if status != 200:
                self.refused.append(text)
                return
            self.acknowledged.append(act)

    def _begin(self) -> None:
        _, text = self._insist("GET", "/name")
        found = re.search('name="csrf" content="([^"]+)"', text)
        assert found
        self._token = found[1]
        said = urlencode({"name": f"Person {self.number}", "csrf": self._token})
        self._insist("POST", "/name", said, "application/x-www-form-urlencoded")

    _token = ""

    def _insist(self, method: str, path: str, body: str = "", kind: str = "") -> tuple[int, str]:
        while True:
            try:
                return self._ask(method, path, body, kind)
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)

    def _ask(self, method: str, path: str, body: str, kind: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        headers = {"Cookie": cookies, "Content-Type": kind, "X-CSRF-Token": self._token}
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        for value in answer.headers.get_all("Set-Cookie") or ():
            name, _, rest = value.partition("=")
            self._cookies[name] = rest.split(";")[0]
        return answer.status, text


def ingested(project: Project) -> pa.Table:
    """The log that a run makes of the inbox."""
    log = empty("annotations")
    for file in project.inbox.list():
        result = ingest_file(project.inbox.read(file.name) or b"", file.name, log)
        assert result.rejected.num_rows == 0
        log = pa.concat_tables([log, result.annotations])
    return log


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_every_acknowledged_judgement_is_in_the_log_exactly_once(project: Project, tmp_path: Path):
    server, done = LiveServer(project.folder), threading.Event()
    server.start()
    people = [Judge(n, server.port, done) for n in range(PEOPLE)]
    try:
        for person in people:
            person.start()
        for _ in range(KILLS):
            time.sleep(BETWEEN)
            server.kill()
            server.start()
        time.sleep(BETWEEN)
    finally:
        done.set()
        for person in people:
            person.join(120)
        server.stop()
    assert [person.refused for person in people] == [[]] * PEOPLE
    log = ingested(project)
    acts = Counter(log["act"].to_pylist())
    acknowledged = [act for person in people for act in person.acknowledged]
    assert len(acknowledged) > PEOPLE and all(person.acknowledged for person in people)
    assert all(acts[act] == 1 for act in acknowledged)
    assert set(acts.values()) == {1}
