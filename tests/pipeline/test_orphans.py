"""A `vsig run` that is killed leaves a run record that says it goes on: it is ended."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter, build_sensor_context
from small_project import run_quietly

from vsig_core.project import Project
from vsig_pipeline.orphans import end_orphans, sign_of_life
from vsig_pipeline.resources import ProjectResource
from vsig_pipeline.sensors import sources_sensor

KILLED = """
import os, signal
from vsig_core.project import open_project
from vsig_pipeline.running import run
from vsig_pipeline import inbox
def dies(*_):
    os.kill(os.getpid(), signal.SIGKILL)
inbox.ingest_file = dies
run(open_project(), lambda *_: None, lambda _: None)
"""


def going_on(instance: DagsterInstance) -> list[DagsterRun]:
    return list(instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.STARTED])))


@pytest.fixture
def killed(grown: Project, sample: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose `vsig run` was killed in the middle of a step."""
    monkeypatch.setenv("VSIG_PROJECT", str(grown.folder))
    shutil.copy(sample / "annotations-2.csv", grown.inbox.uri())
    done = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    with instance_of(grown) as instance:
        assert len(going_on(instance)) == 1
    return grown


def instance_of(project: Project) -> DagsterInstance:
    return DagsterInstance.from_config(str(project.dagster_home))


def test_the_next_run_ends_the_one_that_was_killed(killed: Project):
    (killed.inbox.folder / "annotations-2.csv").unlink()
    assert run_quietly(killed) == []
    with instance_of(killed) as instance:
        assert going_on(instance) == []
        assert instance.get_runs_count(RunsFilter(statuses=[DagsterRunStatus.FAILURE])) == 1


def test_so_does_a_sensor_that_looks_while_the_daemon_runs(killed: Project):
    resources = {"project": ProjectResource(folder=str(killed.folder))}
    with (
        instance_of(killed) as instance,
        build_sensor_context(instance=instance, resources=resources) as context,
    ):
        sources_sensor(context)
        assert going_on(instance) == []


def test_a_run_whose_process_lives_or_is_of_elsewhere_is_left_alone(finished: Project):
    with DagsterInstance.ephemeral() as instance, sign_of_life(finished) as alive:
        tags = (alive, {"vsig/alive": "alive-of-another-machine.lock"}, {})
        for own in tags:
            instance.add_run(DagsterRun("job", tags=own, status=DagsterRunStatus.STARTED))
        assert end_orphans(instance, finished) == []
        assert len(going_on(instance)) == 3
