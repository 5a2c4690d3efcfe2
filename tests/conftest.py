"""What tests of several packages need: S3 servers on loopback, real corpora."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import hypothesis
import pytest

# Tests never assert on wall time.
hypothesis.settings.register_profile(
    "vsig", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("vsig")


SERVERS = Path(__file__).parent / "servers"
_CEPH = ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "monmaptool", "ceph", "curl")


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

    def new_bucket(self) -> str:
        """Make a bucket, under the settings of `reach`."""
        bucket = f"lab-{uuid.uuid4().hex[:8]}"
        boto3.client("s3").create_bucket(Bucket=bucket)
        return bucket


@pytest.fixture(scope="session")
def moto() -> Iterator[Server]:
    """moto's server, as a process of its own: it knows no wrong keys, and forgets when killed.

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
        yield Server(address, "key", "secret")
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


@pytest.fixture(scope="session")
def ceph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real S3 server, one-node Ceph; its tests are skipped where it is not installed."""
    missing = [program for program in _CEPH if shutil.which(program) is None]
    if missing:
        pytest.skip(
            f"no Ceph here ({', '.join(missing)} missing): .ci/run installs it, or "
            "apt-get install --no-install-recommends ceph-mon ceph-osd ceph-mgr radosgw "
            "ceph-common curl"
        )
    folder = tmp_path_factory.mktemp("ceph")
    try:
        address = _ceph(folder, "start").stdout.strip().splitlines()[-1]
        yield Server(address, "AKvsig", "SKvsigsecret", folder)
    finally:
        _ceph(folder, "stop")


def _ceph(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(SERVERS / "ceph.sh"), command, str(folder)], capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"ceph.sh {command} failed: {done.stderr}")
    return done


@pytest.fixture
def s3_root(moto: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store's root in a new bucket of moto's server."""
    moto.reach(monkeypatch)
    return f"s3://{moto.new_bucket()}/a project"


@pytest.fixture
def ceph_root(ceph: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store's root in a new bucket of a real server."""
    ceph.reach(monkeypatch)
    return f"s3://{ceph.new_bucket()}/a project"


@pytest.fixture
def folder_root(tmp_path: Path) -> str:
    """A store's root in a folder, with a name that is hard on all that builds addresses."""
    return str(tmp_path / "sto re é")


@pytest.fixture(
    params=["folder_root", "s3_root", pytest.param("ceph_root", marks=pytest.mark.slow)]
)
def root(request: pytest.FixtureRequest) -> str:
    """Each kind of place that a store may have."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def corpora() -> Path:
    """Real artworks; see corpora/README.md of the workplace."""
    folder = os.environ.get("VSIG_CORPORA")
    if not folder:
        pytest.skip("VSIG_CORPORA names no folder of real artworks")
    return Path(folder)
