"""A real Dagster daemon on a small project: files that arrive, processes that are killed."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from small_project import edit_settings, inbox_of
from starlette.testclient import TestClient

from vsig_core.project import Project
from vsig_core.review.app import create_app
from vsig_core.review.dagster_api import DagsterError, newest_training
from vsig_core.review.learn_requests import asked_to_learn
from vsig_pipeline.arrivals import pending_files
from vsig_pipeline.notices import given_up
from vsig_pipeline.state import State, Task
from vsig_pipeline.steps import STEPS, Stage

PATIENCE = 900  # seconds: the machine may be busy
pytestmark = [pytest.mark.slow, pytest.mark.timeout(4 * PATIENCE)]

HEALTH = (
    "{instance{daemonHealth{allDaemonStatuses{healthy required}}} workspaceOrError{__typename}}"
)


@contextlib.contextmanager
def ui_of(project: Project, port: int, log: Path) -> Iterator[None]:
    """`vsig ui` on a project: web server and daemon, until both are up."""
    command = [sys.executable, "-c", "from vsig_core.cli import main; main()"]
    command += ["--project", str(project.folder), "ui", "--port", str(port)]
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)
        try:
            wait_until(lambda: healthy(port), "the daemon is healthy")
            yield
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(30)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def daemon(grown: Project, tmp_path: Path) -> Iterator[tuple[Project, int]]:
    """`vsig ui` on a project that asks for a training at every new link."""
    project = eager(grown, min_new_links=1)
    port = free_port()
    with ui_of(project, port, tmp_path / "daemon.log"):
        yield project, port


def eager(project: Project, min_new_links: int) -> Project:
    """A project that trains at so many new links, and tries again soon."""
    settings = f"[annotations]\nmin_new_links = {min_new_links}\n[run]\nbackoff_seconds = 1\n"
    return edit_settings(project, ("[training]", f"{settings}[training]"))


def wait_until(holds: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"waited {PATIENCE} s for: {what}"
        time.sleep(0.5)


def ask(port: int, query: str) -> dict:
    body = json.dumps({"query": query}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/graphql", body, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["data"]


def healthy(port: int) -> bool:
    try:
        data = ask(port, HEALTH)
    except OSError:
        return False
    statuses = data["instance"]["daemonHealth"]["allDaemonStatuses"]
    needed = [status["healthy"] for status in statuses if status["required"]]
    return bool(needed) and all(needed) and data["workspaceOrError"]["__typename"] == "Workspace"


def processes() -> dict[int, tuple[int, str]]:
    """Process to its parent and its command line."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found[int(entry.name)] = (parent, line)
    return found


def runs(port: int, status: str) -> list[dict]:
    query = "{runsOrError(filter:{statuses:[%s]}){... on Runs{results{runId jobName status}}}}"
    return ask(port, query % status)["runsOrError"]["results"]


def idle(port: int) -> bool:
    """Whether no run is going on or waits for its turn."""
    return not runs(port, "QUEUED, NOT_STARTED, STARTING, STARTED, CANCELING")


def worker_of(port: int) -> int | None:
    """The process that carries out the run that is going on."""
    if not runs(port, "STARTED"):
        return None
    alive = processes()
    servers = {pid for pid, (_, line) in alive.items() if "dagster" in line and "api grpc" in line}
    workers = [
        pid
        for pid, (parent, line) in alive.items()
        if parent in servers and "multiprocessing.spawn" in line
    ]
    return max(workers, default=None)


def due_in(project: Project, *stages: Stage) -> list[Task]:
    """What is due of stages, each looked at alone, as the sensors do."""
    state = State(project)
    steps = [[name for name, step in STEPS.items() if step.stage == stage] for stage in stages]
    return [task for names in steps for task in state.tasks(names)]


def in_force(project: Project) -> tuple[set[str], set[str]]:
    """Models that the clusters are made of, and the champion."""
    models = project.store.read("models").to_pylist()
    champion = {row["model_id"] for row in models if row["status"] == "champion"}
    return set(project.store.read("clusters")["model_id"].to_pylist()), champion


def test_a_file_in_the_inbox_leads_to_new_clusters_even_when_its_run_is_killed(
    daemon: tuple[Project, int], sample: Path
):
    project, port = daemon
    images = project.store.version("images")
    rows = project.store.count("annotations")
    evaluations = project.store.version("evaluations")
    shutil.copy(sample / "annotations-2.csv", project.inbox.uri())
    # The first run of the file is killed, wherever it is.
    wait_until(lambda: worker_of(port), "a run begins")
    victim = worker_of(port)
    if victim is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
    wait_until(lambda: project.store.count("annotations") > rows, "the judgements are taken")
    wait_until(lambda: project.store.version("evaluations") != evaluations, "a new evaluation")
    wait_until(lambda: project.inbox.find("annotations-2.csv") is None, "the file is moved")

    def settled() -> bool:
        made_of, champion = in_force(project)
        return idle(port) and made_of == champion

    wait_until(settled, "clusters of the model in force")
    ids = project.store.read("annotations")["annotation_id"].to_pylist()
    assert len(ids) == len(set(ids)) > rows  # nothing lost, nothing twice
    assert project.store.version("images") == images
    before = {name: project.store.version(name) for name in ("annotations", "links", "models")}
    shutil.copy(sample / "annotations-2.csv", project.inbox.uri("the same again.csv"))
    wait_until(lambda: project.inbox.find("the same again.csv") is None, "it is moved")
    time.sleep(20)
    assert {name: project.store.version(name) for name in before} == before


def test_a_training_asked_for_in_the_app_is_run_by_dagster_and_told_on_its_page(
    grown: Project, sample: Path, tmp_path: Path
):
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    # So many links that the sensor never asks by itself: only the button does.
    more = f'[annotations]\nmin_new_links = 100000\n[review]\ndagster = "{address}"\n[training]'
    project = edit_settings(grown, ("[training]", more))
    trained = project.store.count("models")
    app = create_app(project)
    with (
        ui_of(project, port, tmp_path / "daemon.log"),
        TestClient(app, base_url="http://127.0.0.1") as browser,
    ):
        browser.post("/name", data={"name": "Anna", "csrf": token_of(browser.get("/name").text)})
        shutil.copy(sample / "annotations-2.csv", project.inbox.uri())
        pressed = browser.post("/learn", data={"csrf": token_of(browser.get("/learn").text)})
        assert pressed.url.path == "/learn"
        assert asked_to_learn(project.inbox) is None, "Dagster took it: no file has to wait"
        wait_until(lambda: told_by(address, "SUCCESS"), "the run has ended well")
        assert [run["jobName"] for run in runs(port, "SUCCESS")].count("retrain") == 1
        assert project.store.count("models") == trained + 1
        wait_until(lambda: browser.get("/learn/progress").json()["state"] == "idle", "all told")
        page = browser.get("/learn").text
    newest = max(project.store.read("models").to_pylist(), key=lambda row: row["created_at"])
    verdict = "The new model took over" if newest["status"] == "champion" else "The old model stays"
    assert verdict in page and "On held-out links" in page


def token_of(page: str) -> str:
    return page.split('name="csrf" content="')[1].split('"')[0]


def told_by(address: str, status: str) -> bool:
    """Whether Dagster's newest training has a status; a busy server may not answer in time."""
    try:
        run = newest_training(address)
    except DagsterError:
        return False
    assert run is None or run.status not in ("FAILURE", "CANCELED"), run
    return run is not None and run.status == status


def test_two_daemons_on_one_project_take_each_file_once_and_give_nothing_up(
    grown: Project, tmp_path: Path
):
    project = eager(grown, min_new_links=1000)
    uids = sorted(project.store.read("images")["uid"].to_pylist())
    before = project.store.count("annotations")
    one, two = free_port(), free_port()
    with (
        ui_of(project, one, tmp_path / "one.log"),
        ui_of(project, two, tmp_path / "two.log"),
    ):
        for number in range(6):
            name = f"rows-{number}"
            partial = inbox_of(project) / f".{name}"
            partial.write_text(
                f"type,img1,img2,annotator\nSIMILAR,{uids[0]},{uids[number + 1]},p\n"
            )
            partial.rename(inbox_of(project) / f"{name}.csv")
            time.sleep(5)  # some arrive while the runs of others are going on

        def all_is_done() -> bool:
            return not due_in(project, "annotate", "recluster") and idle(one) and idle(two)

        wait_until(all_is_done, "nothing is due and nothing runs")
    rows = project.store.read("annotations").to_pylist()
    ids = [row["annotation_id"] for row in rows]
    assert len(ids) == len(set(ids)) == before + 6
    assert len(list(project.inbox.list("done"))) == 1 + 6 and pending_files(project) == []
    assert given_up(project) == []
