"""What is asked of Dagster's web server, and what its answers mean; a stand-in answers."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from vsig_core.review.dagster_api import DagsterError, launch_training, newest_training

PLACES = {
    "repositoriesOrError": {
        "nodes": [
            {"name": "other", "location": {"name": "x"}, "jobs": [{"name": "ingest"}]},
            {"name": "__repository__", "location": {"name": "vsig"}, "jobs": [{"name": "retrain"}]},
        ]
    }
}
RUN = {
    "runId": "r-1",
    "status": "STARTED",
    "creationTime": 1_767_225_600.0,
    "stepStats": [{"stepKey": "triplets", "status": "SUCCESS"}],
}


class StandIn:
    """Answers queries in turn, and keeps what was asked."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.asked: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                outer.asked.append(json.loads(self.rfile.read(length)))
                answer = outer.answers.pop(0)
                body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def dagster() -> Iterator[StandIn]:
    stand_in = StandIn()
    thread = threading.Thread(target=stand_in.server.serve_forever)
    thread.start()
    yield stand_in
    stand_in.server.shutdown()
    thread.join()
    stand_in.server.server_close()


def test_the_run_is_asked_of_the_place_that_has_the_job(dagster: StandIn):
    launched = {"launchRun": {"__typename": "LaunchRunSuccess", "run": {"runId": "r-9"}}}
    dagster.answers = [{"data": PLACES}, {"data": launched}]
    assert launch_training(dagster.address, "Anna") == "r-9"
    params = dagster.asked[1]["variables"]["params"]
    assert params["selector"] == {
        "jobName": "retrain",
        "repositoryName": "__repository__",
        "repositoryLocationName": "vsig",
    }
    assert "Anna" in params["executionMetadata"]["tags"][0]["value"]


def test_a_refusal_is_told_in_dagsters_words(dagster: StandIn):
    refused = {"launchRun": {"__typename": "PythonError", "message": "no daemon"}}
    dagster.answers = [{"data": PLACES}, {"data": refused}]
    with pytest.raises(DagsterError, match="no daemon"):
        launch_training(dagster.address, "Anna")


def test_a_server_without_the_job_is_not_ours(dagster: StandIn):
    dagster.answers = [{"data": {"repositoriesOrError": {"nodes": []}}}]
    with pytest.raises(DagsterError, match="vsig ui"):
        launch_training(dagster.address, "Anna")


def test_the_newest_run_and_its_steps(dagster: StandIn):
    dagster.answers = [{"data": {"runsOrError": {"results": [RUN]}}}]
    run = newest_training(dagster.address)
    assert run is not None and run.unfinished
    assert [(step.name, step.status) for step in run.steps] == [("triplets", "SUCCESS")]
    dagster.answers = [{"data": {"runsOrError": {"results": [RUN | {"status": "SUCCESS"}]}}}]
    again = newest_training(dagster.address)
    assert again is not None and not again.unfinished
    dagster.answers = [{"data": {"runsOrError": {"results": []}}}]
    assert newest_training(dagster.address) is None


@pytest.mark.parametrize("answer", [b"<html>", b"", [], {"errors": ["what?"]}, {"data": None}])
def test_an_answer_that_is_none_is_an_error(dagster: StandIn, answer: Any):
    dagster.answers = [answer]
    with pytest.raises(DagsterError):
        newest_training(dagster.address)


def test_a_server_that_is_down_is_an_error_too(dagster: StandIn):
    with pytest.raises(DagsterError, match="does not answer"):
        newest_training("http://127.0.0.1:9")
    with pytest.raises(DagsterError, match="no http"):
        newest_training("file:///etc/passwd")
