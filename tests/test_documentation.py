"""What is written about vsig, held against vsig."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from vsig_core.cli import build
from vsig_core.settings import Settings
from vsig_core.store import TABLES
from vsig_pipeline.steps import STEPS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> dict[str, set[str]]:
    """Command to the options it knows."""
    group = typer.main.get_command(build())
    return {
        name: {option for parameter in command.params for option in parameter.opts}
        for name, command in group.commands.items()  # type: ignore[attr-defined]
    }


def test_the_reference_pages_are_those_of_the_code(tmp_path: Path):
    script = "import write_reference as w, sys; [print(n, p() == (w.HERE / n).read_text('utf-8'))"
    script += " for n, p in w.PAGES.items()]"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT / "docs",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout and "False" not in done.stdout, "run 'make docs'"


def test_the_readme_names_only_commands_and_options_that_exist():
    known = commands()
    code = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    lines = [line.split("#")[0] for block in code for line in block.splitlines()]
    lines += [f"vsig {words}" for words in re.findall(r"`vsig ([^`]+)`", README)]
    seen = set()
    for line in lines:
        words = shlex.split(line)
        if not words or not words[0].endswith("vsig"):
            continue
        rest = words[1:]
        if rest[0] == "--project":
            rest = rest[2:]
        assert rest[0] in known, line
        seen.add(rest[0])
        assert {word for word in rest if word.startswith("--")} <= known[rest[0]], line
    assert seen >= {"init", "run", "status", "check-annotations", "similar", "trace", "ui"}


def test_the_readme_names_only_make_targets_that_exist():
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", README, re.MULTILINE):
        assert f"\n{target}:" in makefile, target


@pytest.mark.parametrize("page", [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"])
def test_links_between_pages_lead_somewhere(page: Path):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_every_column_and_every_setting_says_what_it_means():
    for spec in TABLES.values():
        assert spec.meaning
        assert all(column.meaning for column in spec.columns), spec.name
    for name, field in Settings.model_fields.items():
        for key, setting in getattr(field.annotation, "model_fields", {}).items():
            assert setting.description, f"{name}.{key}"


def test_the_architecture_page_shows_every_asset():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for name in STEPS:
        assert name in page, name


def test_the_changelog_has_a_place_for_what_is_new():
    assert "## Unreleased" in (ROOT / "CHANGELOG.md").read_text()
