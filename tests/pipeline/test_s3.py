"""The whole loop with its store and its inbox on S3, on good days and on bad ones."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import boto3
import pytest
from s3_servers import Server, ceph_command, faults_seen, faulty
from small_project import edit_settings, run_quietly, run_stage, versions

from benchmarks.equal_tables import contents, differences
from vsig_core.project import Project, open_project

VSIG = [sys.executable, "-c", "from vsig_core.cli import main; main()"]


def moved_to(root: str, finished: Project, folder: Path) -> Project:
    """A project on the same pictures as `finished`, nothing computed yet, its data on S3."""
    folder.mkdir()
    shutil.copy(finished.folder / "vsig.toml", folder)
    here = f'store = "{root}/store"\ninbox = "{root}/inbox"\n[[source]]'
    project = edit_settings(open_project(folder), ("[[source]]", here))
    judged = finished.inbox.read("done/annotations-1.csv")
    assert judged
    project.inbox.write("annotations-1.csv", judged)
    return project


def start(project: Project) -> subprocess.Popen[str]:
    command = [*VSIG, "--project", str(project.folder), "run"]
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)


def names(project: Project, folder: str = "") -> list[str]:
    return [file.name for file in project.inbox.list(folder)]


@pytest.mark.slow
def test_the_whole_loop_runs_on_s3(s3_root: str, finished: Project, tmp_path: Path, sample: Path):
    project = moved_to(s3_root, finished, tmp_path / "project")
    project.inbox.write("broken.csv", b"no,columns\n1,2\n")
    run_quietly(project)
    wanted = contents(finished.store)
    faults = differences(wanted, contents(project.store))
    assert [fault.split()[0] for fault in faults] == ["rejected_annotations:"]
    assert names(project) == [] and names(project, "done") == ["done/annotations-1.csv"]
    assert names(project, "rejected") == ["rejected/broken.csv", "rejected/broken.csv.reason.txt"]
    before = versions(project)
    assert run_quietly(project) == [] and versions(project) == before
    assert not (project.folder / "store").exists() and not (project.folder / "inbox").exists()
    project.inbox.write("annotations-2.csv", (sample / "annotations-2.csv").read_bytes())
    run_stage(project, "annotate")
    assert project.store.count("annotations") > len(wanted["annotations"])


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_on_a_bad_day_a_run_ends_as_on_a_good_one(
    moto: Server, finished: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    moto.reach(monkeypatch)
    root = f"s3://{moto.new_bucket()}/lab"
    with faulty(moto) as address:
        moto.reach(monkeypatch, address)
        project = moved_to(root, finished, tmp_path / "project")
        run_quietly(project)
        assert differences(contents(finished.store), contents(project.store)) == []
        assert names(project) == [] and names(project, "done") == ["done/annotations-1.csv"]
        assert faults_seen(address)["503"] > 10


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_run_outlasts_a_gateway_that_is_killed_and_started_again(
    ceph: Server, ceph_root: str, finished: Project, tmp_path: Path
):
    assert ceph.folder
    project = moved_to(ceph_root, finished, tmp_path / "project")
    running, kills = start(project), 0
    while running.poll() is None:
        time.sleep(4)
        if kills < 4 and running.poll() is None:
            os.kill(int((ceph.folder / "rgw.pid").read_text()), signal.SIGKILL)
            kills += 1
            time.sleep(2)
            ceph_command(ceph.folder, "gateway")
    said = running.communicate()[1]
    assert running.returncode == 0, said
    assert kills
    assert differences(contents(finished.store), contents(project.store)) == []
    assert names(project) == [] and names(project, "done") == ["done/annotations-1.csv"]


@pytest.mark.slow
def test_wrong_keys_and_a_missing_bucket_end_with_one_line(
    ceph: Server, ceph_root: str, finished: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    project = moved_to(ceph_root, finished, tmp_path / "project")
    refused(project, 1, r"SignatureDoesNotMatch: the keys are wrong", AWS_SECRET_ACCESS_KEY="wrong")
    refused(project, 1, r"InvalidAccessKeyId: the keys are wrong", AWS_ACCESS_KEY_ID="wrong")
    refused(project, 1, r"Could not connect", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    refused(project, 1, r"NoSuchBucket: there is no such bucket", VSIG_STORE="s3://no-such/x")
    refused(project, 1, r"NoSuchBucket: there is no such bucket", VSIG_INBOX="s3://no-such/x")
    refused(project, 1, r"VSIG_STORE", VSIG_STORE="s3://")


@pytest.mark.slow
def test_keys_that_may_only_read_report_and_say_what_they_may_not(
    ceph: Server, ceph_root: str, finished: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert ceph.folder
    project = moved_to(ceph_root, finished, tmp_path / "project")
    run_quietly(project)
    project.inbox.write("more.csv", b"type,img1,img2\n")
    bucket = project.store.location.bucket
    ceph_command(ceph.folder, "user", "reader", "AKreader", "SKreadersecret")
    rights = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": '
        '["arn:aws:iam:::user/reader"]}, "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": '
        f'["arn:aws:s3:::{bucket}", "arn:aws:s3:::{bucket}/*"]}}]}}'
    )
    boto3.Session().client("s3").put_bucket_policy(Bucket=bucket, Policy=rights)
    reader = {"AWS_ACCESS_KEY_ID": "AKreader", "AWS_SECRET_ACCESS_KEY": "SKreadersecret"}
    for words in (["status"], ["run", "--plan"]):
        command = [*VSIG, "--project", str(project.folder), *words]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | reader)
        assert done.returncode == 0, done.stderr
    before = versions(project)
    refused(project, 1, r"AccessDenied: these keys have no right", **reader)
    edit_settings(project, ("epochs = 1", "epochs = 50000"))  # it is not trained in vain
    refused(project, 1, r"store cannot be written: .*AccessDenied", **reader)
    assert versions(project) == before and names(project) == ["more.csv"]


def refused(project: Project, status: int, says: str, **environment: str) -> None:
    """`vsig run` under other settings ends with one line that says why."""
    command = [*VSIG, "--project", str(project.folder), "run"]
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | environment, timeout=120
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("vsig: ")]
    assert (done.returncode, len(lines)) == (status, 1), done.stderr
    assert re.search(says, lines[0]), done.stderr
    assert "Traceback" not in done.stderr
