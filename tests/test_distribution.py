"""What people install: a wheel that works from an empty folder, without the repository."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("vsig_core", "vsig_pipeline")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of what is committed, with this environment's setuptools."""
    source, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    archive = folder / "source.tar"
    subprocess.run(["git", "archive", "-o", archive, "HEAD"], cwd=ROOT, check=True)
    subprocess.run(["tar", "-xf", archive, "-C", source], check=True)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    command += ["--quiet", "--wheel-dir", str(folder), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--quiet", "--target"]
    subprocess.run([*command, str(folder), str(wheel)], check=True, capture_output=True)
    return folder


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_the_packages(wheel: Path):
    listed = subprocess.run(
        ["git", "ls-files", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert set(listed.stdout.split("\n")) - {""} <= set(zipfile.ZipFile(wheel).namelist())


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_an_installed_wheel_goes_from_nothing_to_an_export(installed: Path, tmp_path: Path):
    environment = {**os.environ, "PYTHONPATH": str(installed)}

    def vsig(*words: str) -> str:
        command = [sys.executable, "-m", "vsig_core", *words]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = [sys.executable, "-c", "import vsig_core, vsig_pipeline as p; print(p.__file__)"]
    found = subprocess.run(where, cwd=tmp_path, env=environment, capture_output=True, check=True)
    assert found.stdout.decode().startswith(str(installed))
    vsig("sample", "pictures", "--images", "60", "--motifs", "12")
    vsig("init", "corpus", "--source", "pictures/images")
    vsig("--project", "corpus", "run")
    status = json.loads(vsig("--project", "corpus", "status", "--json"))
    assert {row["rows"] for row in status["tables"] if row["table"] == "clusters"} == {60}
    vsig("--project", "corpus", "export", "csv", "out")
    assert any((tmp_path / "out").rglob("*.csv")) or (tmp_path / "out").is_file()


def test_the_container_copies_only_what_is_there():
    text = (ROOT / "Containerfile").read_text()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
    assert copied
    for name in " ".join(copied).split():
        assert (ROOT / name).exists(), name


def test_ci_elsewhere_runs_what_ci_runs_here():
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    assert "run: .ci/run" in workflow
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", script.read_text(), re.MULTILINE):
        assert f"\n{target}:" in makefile, target


@pytest.mark.parametrize("module", ["vsig_core", "vsig_core.cli"])
def test_the_command_starts_as_a_module(module: str):
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "why" in done.stdout
