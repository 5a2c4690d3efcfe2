"""Asking Dagster's web server for a training, and how far it is, over GraphQL.

Only HTTP: the app needs no Dagster. A server that is not there, or does not know the
job, is no fault: the request file is there for that.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from vsig_core.errors import VsigError

JOB = "retrain"
TIMEOUT = 5.0
# Dagster answers when it has handed the run on, which takes long where the machine is busy.
LAUNCH_TIMEOUT = 60.0
_MOST_BYTES = 4_000_000

_FIND = """{ repositoriesOrError { ... on RepositoryConnection {
  nodes { name location { name } jobs { name } } } } }"""
_LAUNCH = """mutation ($params: ExecutionParams!) { launchRun(executionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
  ... on UnauthorizedError { message } } }"""
_NEWEST = """{ runsOrError(filter: {pipelineName: "retrain"}, limit: 1) { ... on Runs { results {
  runId status creationTime startTime endTime tags { key value }
  stepStats { stepKey status startTime endTime } } } } }"""

Status = str


class DagsterError(VsigError):
    """Dagster's web server cannot be asked, or refuses."""


@dataclass(frozen=True)
class Step:
    """One step of a run: status is SUCCESS, FAILURE, IN_PROGRESS or None where it waits."""

    name: str
    status: Status | None


@dataclass(frozen=True)
class Run:
    """The newest run of the training job.

    Parameters
    ----------
    run_id, status
        As Dagster has them.
    asked_at
        When it was asked for.
    steps
        Those that have begun.
    """

    run_id: str
    status: Status
    asked_at: datetime
    steps: tuple[Step, ...]

    @property
    def unfinished(self) -> bool:
        """Whether it is still to end."""
        return self.status not in ("SUCCESS", "FAILURE", "CANCELED")


def launch_training(address: str, by: str) -> str:
    """Ask for a run of the training job, and return its id.

    Parameters
    ----------
    address
        Of Dagster's web server, as `http://127.0.0.1:3000`.
    by
        Who asks; kept as a tag of the run.

    Raises
    ------
    DagsterError
        It cannot be asked, has no such job, or refuses.
    """
    location, repository = _place(address)
    selector = {
        "jobName": JOB,
        "repositoryName": repository,
        "repositoryLocationName": location,
    }
    tags = [{"key": "vsig/reason", "value": f"{by} asked for it in the review app"}]
    params = {"selector": selector, "runConfigData": {}, "executionMetadata": {"tags": tags}}
    answer = _ask(address, _LAUNCH, {"params": params}, LAUNCH_TIMEOUT)["launchRun"]
    if answer["__typename"] != "LaunchRunSuccess":
        raise DagsterError(
            f"Dagster at {address} refuses the run: {answer.get('message') or answer['__typename']}"
        )
    return answer["run"]["runId"]


def newest_training(address: str) -> Run | None:
    """The newest run of the training job; None where there was none.

    Raises
    ------
    DagsterError
        The server cannot be asked.
    """
    runs = _ask(address, _NEWEST)["runsOrError"].get("results", [])
    if not runs:
        return None
    run = runs[0]
    steps = tuple(Step(step["stepKey"], step["status"]) for step in run["stepStats"])
    return Run(run["runId"], run["status"], datetime.fromtimestamp(run["creationTime"], UTC), steps)


def _place(address: str) -> tuple[str, str]:
    """Code location and repository that have the job."""
    nodes = _ask(address, _FIND)["repositoriesOrError"].get("nodes", [])
    for node in nodes:
        if JOB in (job["name"] for job in node["jobs"]):
            return node["location"]["name"], node["name"]
    raise DagsterError(f"Dagster at {address} has no job {JOB!r}: is it the one of 'vsig ui'?")


def _ask(
    address: str,
    query: str,
    variables: Mapping[str, Any] | None = None,
    seconds: float = TIMEOUT,
) -> dict[str, Any]:
    if not address.startswith(("http://", "https://")):
        raise DagsterError(f"[review] dagster = {address!r} is no http or https address.")
    body = json.dumps({"query": query, "variables": variables or {}}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{address.rstrip('/')}/graphql", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            said = json.loads(answer.read(_MOST_BYTES))
    except (OSError, ValueError) as error:
        raise DagsterError(f"Dagster at {address} does not answer: {error}.") from error
    if not isinstance(said, dict) or not isinstance(said.get("data"), dict):
        raise DagsterError(f"Dagster at {address} does not understand: {str(said)[:300]}")
    return said["data"]
