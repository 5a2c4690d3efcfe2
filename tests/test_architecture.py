"""The import contracts of pyproject.toml hold, and would be seen broken."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LINT], cwd=folder, capture_output=True, text=True, check=False
    )


def test_the_import_contracts_hold():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout
    assert "2 kept, 0 broken" in done.stdout


def test_a_planted_bad_import_is_seen(tmp_path: Path):
    for name in ("vsig_core", "vsig_pipeline"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "vsig_core" / "clustering" / "metrics.py").open("a") as file:
        file.write("\nimport dagster\nimport vsig_core.review\n")
    done = lint(tmp_path)
    assert done.returncode != 0
    assert "0 kept, 2 broken" in done.stdout


@pytest.mark.parametrize(
    ("written", "home"),
    [
        (r'= "champion"', "model/registry.py"),
        (r'= "grey16"', "model/baselines.py"),
        (r"None if np\.isnan\(", "model/bootstrap.py"),
        (r'"NEGATIVE", "DIFFERENT"[})]', "store/schema/judgements.py"),
    ],
)
def test_one_thing_is_decided_in_one_place(written: str, home: str):
    found = {
        path.relative_to(package).as_posix()
        for package in (ROOT / "vsig_core", ROOT / "vsig_pipeline", ROOT / "benchmarks")
        for path in package.rglob("*.py")
        if re.search(written, path.read_text(encoding="utf-8"))
    }
    assert found == {home}


def test_public_names_of_each_package_exist():
    import vsig_core.annotations
    import vsig_core.clustering
    import vsig_core.corpus
    import vsig_core.embedding
    import vsig_core.layout
    import vsig_core.model
    import vsig_core.review
    import vsig_core.store

    for module in vars(vsig_core).values():
        for name in getattr(module, "__all__", ()):
            assert getattr(module, name) is not None, f"{module.__name__}.{name}"


def test_commands_that_need_no_network_start_without_torch():
    script = "import sys; from vsig_core.cli import build; build(); print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
