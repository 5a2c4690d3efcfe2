"""What tests of several packages need: S3 and web servers on loopback, real corpora."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from s3_servers import CEPH_PROGRAMS, Server, ceph_command
from web_server import WebServer, serving

# Tests never assert on wall time.
hypothesis.settings.register_profile(
    "vsig", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("vsig")

# SQLite and Delta Lake wait for the disk after each of their many small commits: a third of the
# time of a run of the loop in a test.
IN_MEMORY = Path("/dev/shm")
ROOM = 8 << 30  # bytes: the tests of one session leave less than half of it


def pytest_configure() -> None:
    """Keep the tests' files in memory where there is room, unless the caller names a place."""
    if os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free > ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(IN_MEMORY))


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
        server.wait(60)


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
def ceph() -> Iterator[Server]:
    """A real S3 server, one-node Ceph; its tests are skipped where it is not installed.

    Its files lie on the disk: it writes past the cache, which not every file system in memory can.
    """
    missing = [program for program in CEPH_PROGRAMS if shutil.which(program) is None]
    if missing:
        pytest.skip(
            f"no Ceph here ({', '.join(missing)} missing): .ci/run installs it, or "
            "apt-get install --no-install-recommends ceph-mon ceph-osd ceph-mgr radosgw "
            "ceph-common curl"
        )
    with tempfile.TemporaryDirectory(prefix="vsig-ceph-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        try:
            yield Server(ceph_command(folder, "start"), "AKvsig", "SKvsigsecret", folder)
        finally:
            ceph_command(folder, "stop")


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


@pytest.fixture
def server() -> Iterator[WebServer]:
    """A web server on loopback that answers as a test wants."""
    with serving() as running:
        yield running


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)
