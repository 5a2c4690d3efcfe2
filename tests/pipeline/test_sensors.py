"""When the sensors ask for runs: enough judgements, one at a time, with pauses, never for ever."""

import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dagster import (
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    RunRequest,
    SensorDefinition,
    SensorResult,
    build_run_status_sensor_context,
    build_sensor_context,
)
from small_project import edit_settings, inbox_of, make_project, pictures_of, run_quietly, run_stage

from vsig_core.errors import TrainingError
from vsig_core.project import Project, open_project
from vsig_core.review.learn_requests import ask_to_learn, asked_to_learn, last_answer
from vsig_core.review.rounds import newest_contest
from vsig_core.store import Store
from vsig_pipeline import requests
from vsig_pipeline.arrivals import pending_files
from vsig_pipeline.definitions import defs
from vsig_pipeline.requests import WORK_TAG
from vsig_pipeline.resources import ProjectResource
from vsig_pipeline.sensors import failure_sensor
from vsig_pipeline.status import Status, project_status


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as made:
        yield made


def tick(name: str, project: Project, instance: DagsterInstance) -> tuple[list[RunRequest], str]:
    """One look of a sensor: what it asks for, and what it says."""
    sensor = next(s for s in defs.sensors or () if s.name == name)
    assert isinstance(sensor, SensorDefinition)
    resources = {"project": ProjectResource(folder=str(project.folder))}
    with build_sensor_context(instance=instance, resources=resources) as context:
        result = sensor(context)
    assert isinstance(result, SensorResult)
    reason = result.skip_reason
    return list(result.run_requests or ()), str(reason.skip_message if reason else "")


def ended(instance: DagsterInstance, asked: RunRequest, status: DagsterRunStatus) -> None:
    """Record a run that was asked for as ended."""
    run = DagsterRun(job_name=str(asked.job_name), tags=dict(asked.tags), status=status)
    instance.add_run(run)


def judge(project: Project, name: str, pairs: list[tuple[str, str]]) -> None:
    rows = [f"POSITIVE,{one},{other}" for one, other in pairs]
    (inbox_of(project) / name).write_text("\n".join(["type,img1,img2", *rows]) + "\n")
    arrived(project)


def arrived(project: Project) -> None:
    """The files of the inbox lie there for a minute."""
    then = time.time() - 60
    for path in inbox_of(project).glob("*.csv"):
        os.utime(path, (then, then))


def new_pairs(project: Project, count: int) -> list[tuple[str, str]]:
    """Pairs of pictures that nobody has judged."""
    judged = set(project.store.read("components")["uid"].to_pylist())
    free = [u for u in project.store.read("images")["uid"].to_pylist() if u not in judged]
    assert len(free) > count
    return [(free[0], other) for other in free[1 : count + 1]]


def test_a_new_project_asks_for_its_batches_first(
    tmp_path: Path, sample: Path, instance: DagsterInstance
):
    project = make_project(tmp_path / "project", sample)
    asked, _ = tick("sources_sensor", project, instance)
    assert [request.job_name for request in asked] == ["ingest"]
    assert asked[0].partition_key and asked[0].partition_key.startswith("b-")


def test_nothing_new_asks_for_nothing_and_says_where_it_looked(
    finished: Project, instance: DagsterInstance
):
    for name in ("sources_sensor", "inbox_sensor", "clusters_sensor"):
        asked, says = tick(name, finished, instance)
        assert asked == [] and says, name


def test_a_file_is_taken_at_once_and_forty_saves_are_one_training(
    grown: Project, instance: DagsterInstance
):
    pairs = new_pairs(grown, 20)
    trainings = []
    for number, pair in enumerate(pairs, start=1):
        judge(grown, f"save-{number:02d}.csv", [pair])
        asked, _ = tick("inbox_sensor", grown, instance)
        assert [request.job_name for request in asked] == ["annotate"]
        if number not in (10, 19, 20):
            continue  # the daemon is slower than the person who saves
        run_stage(grown, "annotate")
        asked, says = tick("inbox_sensor", grown, instance)
        trainings.append([request.job_name for request in asked])
        assert asked or "wait for 20" in says
    assert trainings == [[], [], ["retrain"]]  # min_new_links is 20


def test_a_file_that_is_still_being_copied_holds_up_nobody_else(
    grown: Project, sample: Path, instance: DagsterInstance
):
    shutil.copy(sample / "annotations-2.csv", grown.inbox.uri())
    asked, says = tick("inbox_sensor", grown, instance)
    assert asked == [] and "arriving" in says
    judge(grown, "whole.csv", new_pairs(grown, 1))
    (inbox_of(grown) / "annotations-2.csv").touch()
    assert [r.job_name for r in tick("inbox_sensor", grown, instance)[0]] == ["annotate"]


def test_a_person_who_asks_need_not_wait_and_is_told_what_came_of_it(
    grown: Project, instance: DagsterInstance
):
    judge(grown, "few.csv", new_pairs(grown, 1))
    run_stage(grown, "annotate")
    assert "wait for 20" in tick("inbox_sensor", grown, instance)[1]
    ask_to_learn(grown.inbox, "anna")
    asked, _ = tick("inbox_sensor", grown, instance)
    assert [(r.job_name, r.tags["vsig/reason"][:7]) for r in asked] == [("retrain", "changed")]
    assert asked_to_learn(grown.inbox) is not None, "it waits until the work is done"
    run_stage(grown, "retrain")
    assert tick("inbox_sensor", grown, instance)[0] == []
    assert asked_to_learn(grown.inbox) is None
    answer = last_answer(grown.inbox)
    assert answer is not None
    assert answer.asked_by == "anna"
    newest = newest_contest(grown.store.read("models"), grown.store.read("evaluations"))
    assert newest is not None and newest.model_id in answer.outcome


def test_where_nothing_is_new_who_asks_is_told_so(grown: Project, instance: DagsterInstance):
    ask_to_learn(grown.inbox, "anna")
    assert tick("inbox_sensor", grown, instance)[0] == []
    answer = last_answer(grown.inbox)
    assert answer is not None and "nothing new to learn from" in answer.outcome


def test_a_run_by_hand_answers_who_asked_too(grown: Project):
    ask_to_learn(grown.inbox, "anna")
    run_quietly(grown)
    assert asked_to_learn(grown.inbox) is None
    assert last_answer(grown.inbox) is not None


def test_few_judgements_are_learnt_from_when_they_have_waited(
    grown: Project, instance: DagsterInstance
):
    judge(grown, "few.csv", new_pairs(grown, 2))
    run_stage(grown, "annotate")
    assert tick("inbox_sensor", grown, instance)[0] == []
    project = edit_settings(grown, ("[training]", "[annotations]\nmax_wait_hours = 0\n[training]"))
    assert [r.job_name for r in tick("inbox_sensor", project, instance)[0]] == ["retrain"]


def test_judgements_wait_no_longer_when_the_clock_is_set_back(
    grown: Project, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    """What came after the last training is told by versions, not by times."""
    for table in ("annotations", "links", "triplets"):
        for entry in (Path(grown.store.uri(table)) / "_delta_log").glob("*.json"):
            text = entry.read_text()
            later = re.sub(r'"timestamp":(\d+)', lambda m: f'"timestamp":{int(m[1]) + 9**12}', text)
            entry.write_text(later)
    judge(grown, "few.csv", new_pairs(grown, 2))
    run_stage(grown, "annotate")
    project = edit_settings(grown, ("[training]", "[annotations]\nmax_wait_hours = 0\n[training]"))
    assert [r.job_name for r in tick("inbox_sensor", project, instance)[0]] == ["retrain"]


def test_a_failure_that_lies_ahead_by_a_clock_that_was_set_back_holds_nothing_up(
    grown: Project, sample: Path, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    shutil.copy(sample / "annotations-2.csv", grown.inbox.uri())
    to_come = time.time() + 3600
    os.utime(inbox_of(grown) / "annotations-2.csv", (to_come, to_come))
    (asked,), _ = tick("inbox_sensor", grown, instance)
    ended(instance, asked, DagsterRunStatus.FAILURE)
    _set_end(monkeypatch, datetime.now(UTC))
    assert "next try at" in tick("inbox_sensor", grown, instance)[1]
    monkeypatch.undo()
    _set_end(monkeypatch, datetime.now(UTC) + timedelta(days=1))
    (again,), _ = tick("inbox_sensor", grown, instance)
    assert again.run_key != asked.run_key


def test_two_daemons_that_see_the_same_file_ask_under_the_same_key(
    grown: Project, sample: Path, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    """Dagster starts one run for a key; a second daemon with records of its own starts another."""
    shutil.copy(sample / "annotations-2.csv", grown.inbox.uri())
    arrived(grown)
    keys = {tick("inbox_sensor", grown, instance)[0][0].run_key for _ in range(2)}
    assert len(keys) == 1
    before = grown.store.count("annotations")
    monkeypatch.setenv("VSIG_PROJECT", str(grown.folder))
    job = defs.resolve_job_def("annotate")
    for _ in range(2):
        with DagsterInstance.ephemeral() as other:
            assert tick("inbox_sensor", grown, other)[0] or not pending_files(grown)
            assert job.execute_in_process(instance=other).success
    ids = grown.store.read("annotations")["annotation_id"].to_pylist()
    assert len(ids) == len(set(ids)) > before


def test_a_retraction_alone_is_learnt_from(grown: Project, instance: DagsterInstance):
    rows = grown.store.read("annotations").to_pylist()
    name = next(row["annotation_id"] for row in rows if row["type"] == "POSITIVE")
    (inbox_of(grown) / "back.csv").write_text(f"type,img1,img2,retracts\nRETRACT,,,{name}\n")
    run_stage(grown, "annotate")
    project = edit_settings(grown, ("[training]", "[annotations]\nmin_new_links = 1\n[training]"))
    assert [r.job_name for r in tick("inbox_sensor", project, instance)[0]] == ["retrain"]


def test_judgements_that_wait_for_pictures_ask_for_no_run(
    grown: Project, instance: DagsterInstance
):
    project = edit_settings(grown, ("[training]", "[images]\nthumb_px = 64\n[training]"))
    asked, says = tick("inbox_sensor", project, instance)
    assert asked == [] and "pictures are read" in says


def test_while_a_run_is_at_it_no_second_one_is_asked_for(
    grown: Project, sample: Path, instance: DagsterInstance
):
    shutil.copy(sample / "annotations-2.csv", grown.inbox.uri())
    arrived(grown)
    (asked,), _ = tick("inbox_sensor", grown, instance)
    ended(instance, asked, DagsterRunStatus.STARTED)
    again, says = tick("inbox_sensor", grown, instance)
    assert again == [] and "already" in says


def test_a_failed_run_is_asked_for_again_with_growing_pauses_and_then_given_up(
    grown: Project, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    one, two = new_pairs(grown, 1)[0]  # a row after which nothing has to be learnt
    (inbox_of(grown) / "annotations-2.csv").write_text(f"type,img1,img2\nUNSURE,{one},{two}\n")
    arrived(grown)
    now = datetime.now(UTC)
    keys, pauses = set(), []
    attempts = grown.settings.run.max_attempts

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return now

    monkeypatch.setattr(requests, "datetime", Clock)
    for number in range(1, attempts + 1):
        start = now
        while True:
            asked, says = tick("inbox_sensor", grown, instance)
            if asked:
                break
            assert "next try" in says
            now += timedelta(seconds=15)
        pauses.append(now - start)
        keys.add(asked[0].run_key)
        ended(instance, asked[0], DagsterRunStatus.FAILURE)
        _set_end(monkeypatch, now)
        assert len(keys) == number  # a key that was used would never run again
    now += timedelta(days=1)
    asked, says = tick("inbox_sensor", grown, instance)
    assert asked == [] and "given up" in says
    assert pauses[1:] == sorted(pauses[1:]) and pauses[1] > timedelta(0)
    (notice,) = grown.notices.glob("given-up-*.txt")
    assert "still in the inbox" in notice.read_text()
    assert (inbox_of(grown) / "annotations-2.csv").exists()
    status = project_status(grown)
    assert ["annotate failed" in item for item in _items(status, "given_up")] == [True]
    assert [(w.what, "failed" in w.why) for w in status.waiting] == [("annotations-2.csv", True)]
    run_quietly(grown)
    assert _items(project_status(grown), "given_up") == [] and not notice.exists()


def _items(status: Status, kind: str) -> list[str]:
    return [item for found in status.findings if found.kind == kind for item in found.items]


def test_status_says_what_waits_and_why(grown: Project):
    judge(grown, "few.csv", new_pairs(grown, 2))
    (file,) = project_status(grown).waiting
    assert file.what == "few.csv" and "the next 'vsig run' takes it" in file.why
    (inbox_of(grown) / "few.csv").touch()
    (file,) = project_status(grown).waiting
    assert "written to a moment ago" in file.why
    run_stage(grown, "annotate")
    (training,) = project_status(grown).waiting
    assert "2 new or changed links wait for 20" in training.why


def _set_end(monkeypatch: pytest.MonkeyPatch, end: datetime) -> None:
    """Runs of an ephemeral instance have no end: give them one."""
    real = requests.attempts

    def with_end(instance: DagsterInstance, work: str) -> requests.Attempts:
        found = real(instance, work)
        return requests.Attempts(found.total, found.failed, end if found.total else None)

    monkeypatch.setattr(requests, "attempts", with_end)


def test_only_one_run_is_asked_for_each_batch(
    grown: Project, finished: Project, tmp_path: Path, instance: DagsterInstance
):
    pictures = tmp_path / "copy" / "images"
    shutil.copytree(pictures_of(finished.folder).parent, pictures.parent)
    project = edit_settings(grown, (str(pictures_of(finished.folder)), str(pictures)))
    first = sorted(pictures.rglob("*.jpg"))[0]
    shutil.copy(first, first.with_name("again.jpg"))
    asked, _ = tick("sources_sensor", project, instance)
    batches = [request.partition_key for request in asked]
    assert batches and len(batches) == len(set(batches))
    assert all(request.tags[WORK_TAG].startswith("ingest:b-") for request in asked)
    run_quietly(open_project(project.folder))
    assert tick("sources_sensor", project, instance)[0] == []
    assert tick("clusters_sensor", project, instance)[0] == []


def test_the_notice_of_a_failed_run_says_why_its_step_failed(
    grown: Project, sample: Path, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    shutil.copy(sample / "annotations-2.csv", grown.inbox.uri())

    def full(*_: object, **_named: object) -> int:
        raise TrainingError("the loss is not finite")

    monkeypatch.setattr(Store, "append", full)
    resource = ProjectResource(folder=str(grown.folder))
    monkeypatch.setenv("VSIG_PROJECT", str(grown.folder))
    result = defs.resolve_job_def("annotate").execute_in_process(
        instance=instance, raise_on_error=False
    )
    assert not result.success
    (event,) = [one for one in result.all_events if one.is_run_failure]
    context = build_run_status_sensor_context(
        "failure_sensor", event, instance, result.dagster_run
    ).for_run_failure()
    failure_sensor(context, project=resource)
    (notice,) = grown.notices.glob("failed-*.json")
    assert "annotations: the loss is not finite" in json.loads(notice.read_text())["message"]
