"""What people install: a wheel that works from an empty folder, without the repository.

Built as `pip install` builds, from a clone of what is committed, by the build backend that
`pyproject.toml` asks for; it is fetched for that.
"""

import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("vsig_core", "vsig_pipeline")
RELEASE = "98.7.6"
IDENTITY = ["-c", "user.name=anna", "-c", "user.email=anna@example.org"]

Build = Callable[[str, Path], Path]


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Gives the `wheel` or the `sdist` of a source tree."""
    backend = tmp_path_factory.mktemp("backend")
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(backend)]
    subprocess.run([*command, *wanted["requires"]], check=True, capture_output=True)

    def build(kind: str, source: Path) -> Path:
        out = tmp_path_factory.mktemp(kind)
        code = f"import {wanted['build-backend']} as b, sys; print(b.build_{kind}(sys.argv[1]))"
        done = subprocess.run(
            [sys.executable, "-c", code, str(out)],
            cwd=source,
            env={**os.environ, "PYTHONPATH": str(backend)},
            check=True,
            capture_output=True,
            text=True,
        )
        return out / done.stdout.splitlines()[-1]

    return build


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of what is committed, tagged as a release."""
    source = tmp_path_factory.mktemp("source") / "vsig"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(source)], check=True)
    tag = ["git", *IDENTITY, "tag", "--annotate", f"v{RELEASE}", "--message", "a release"]
    subprocess.run(tag, cwd=source, check=True)
    return source


@pytest.fixture(scope="module")
def wheel(build: Build, tree: Path) -> Path:
    return build("wheel", tree)


@pytest.fixture(scope="module")
def sdist(build: Build, tree: Path) -> Path:
    return build("sdist", tree)


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
def test_a_release_is_called_by_its_tag(wheel: Path, sdist: Path):
    assert wheel.name == f"vsig-{RELEASE}-py3-none-any.whl"
    assert sdist.name == f"vsig-{RELEASE}.tar.gz"


@pytest.mark.slow
def test_a_tree_without_git_can_be_built(build: Build, tree: Path, tmp_path: Path):
    archive = tmp_path / "vsig.tar"
    subprocess.run(["git", "archive", "-o", archive, "HEAD"], cwd=tree, check=True)
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path / "vsig", filter="data")
    settings = tomllib.loads((tree / "pyproject.toml").read_text())["tool"]
    version = settings["setuptools_scm"]["fallback_version"]
    assert build("wheel", tmp_path / "vsig").name == f"vsig-{version}-py3-none-any.whl"


@pytest.mark.slow
def test_a_wheel_made_from_the_sdist_is_the_wheel_made_from_the_tree(
    build: Build, wheel: Path, sdist: Path, tmp_path: Path
):
    with tarfile.open(sdist) as packed:
        packed.extractall(tmp_path, filter="data")
    again = build("wheel", tmp_path / sdist.name.removesuffix(".tar.gz"))

    def contents(path: Path) -> dict[str, int]:
        return {file.filename: file.CRC for file in zipfile.ZipFile(path).infolist()}

    assert contents(again) == contents(wheel)


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
    assert vsig("--version") == f"vsig {RELEASE}\n"
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
