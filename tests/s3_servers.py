"""S3 servers on loopback, and a proxy that makes one of them fail now and then."""

import json
import os
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest

from vsig_core.workers import local_processes

SERVERS = Path(__file__).parent / "servers"
CEPH_PROGRAMS = ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "monmaptool", "ceph", "curl")


@dataclass(frozen=True)
class Server:
    """An S3 server on loopback, and keys for it; Ceph's is in a folder, see `ceph.sh`."""

    address: str
    access: str
    secret: str
    folder: Path | None = None

    def reach(self, monkeypatch: pytest.MonkeyPatch, address: str | None = None) -> None:
        """Set the standard AWS settings, and none that this machine has besides."""
        for variable in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(variable)
        for variable, value in {
            "AWS_ACCESS_KEY_ID": self.access,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_ENDPOINT_URL": address or self.address,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }.items():
            monkeypatch.setenv(variable, value)
        # Worker processes keep the settings that they were started with.
        local_processes(0).shutdown()
        local_processes.cache_clear()

    def new_bucket(self) -> str:
        """Make a bucket, under the settings of `reach`."""
        bucket = f"lab-{uuid.uuid4().hex[:8]}"
        boto3.Session().client("s3").create_bucket(Bucket=bucket)
        return bucket


def ceph_command(folder: Path, command: str, *more: str) -> str:
    """Let `ceph.sh` do something; returns the last line that it prints."""
    words = [str(SERVERS / "ceph.sh"), command, str(folder), *more]
    told = folder / "ceph.sh.err"
    with told.open("a") as errors:
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=errors, text=True)
    if done.returncode:
        raise RuntimeError(f"ceph.sh {command} failed: {told.read_text()}")
    return (done.stdout.strip().splitlines() or [""])[-1]


@contextmanager
def faulty(server: Server, *more: str) -> Iterator[str]:
    """Address of a proxy before a server, with the faults of a bad day; see `faulty_proxy.py`."""
    command = [sys.executable, str(SERVERS / "faulty_proxy.py"), server.address, *more]
    proxy = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert proxy.stdout
    try:
        yield proxy.stdout.readline().strip()
    finally:
        proxy.kill()  # what ignores Ctrl-C may ignore a gentler word
        proxy.wait(60)
        proxy.stdout.close()


def faults_seen(address: str) -> dict[str, int]:
    """How many faults of each kind a proxy has made."""
    with urllib.request.urlopen(f"{address}/-/faults", timeout=5) as answer:
        return json.load(answer)
