"""What tests of several packages need: a real S3 server on loopback, real corpora."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import boto3
import hypothesis
import pytest

# Tests never assert on wall time.
hypothesis.settings.register_profile(
    "vsig", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("vsig")


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """moto's server on a free port of 127.0.0.1, as a process of its own; gives its address.

    In this process it would wait for the interpreter's lock that Delta Lake holds.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, server)
        yield address
    finally:
        server.terminate()
        server.wait(10)


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/moto-api/", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"moto's server did not answer on {address}")


@pytest.fixture
def s3_root(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store's root in a new bucket, reached by standard AWS settings alone."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    bucket = f"lab-{uuid.uuid4().hex[:8]}"
    boto3.client("s3").create_bucket(Bucket=bucket)
    return f"s3://{bucket}/a project"


@pytest.fixture(scope="session")
def corpora() -> Path:
    """Real artworks; see corpora/README.md of the workplace."""
    folder = os.environ.get("VSIG_CORPORA")
    if not folder:
        pytest.skip("VSIG_CORPORA names no folder of real artworks")
    return Path(folder)
