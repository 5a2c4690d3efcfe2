"""What is written about vsig, held against vsig."""

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer.main
from packaging.requirements import Requirement

from vsig_core.cli import build
from vsig_core.corpus.sample.plan import names_for
from vsig_core.settings import Settings
from vsig_core.store import TABLES
from vsig_pipeline.steps import STEPS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> dict[str, set[str]]:
    """Command, its group's name before it, to the options it knows."""
    return dict(_leaves("", typer.main.get_command(build())))


def _leaves(name: str, command: Any) -> Iterator[tuple[str, set[str]]]:
    parts = getattr(command, "commands", None)
    if parts is None:
        yield name, {option for parameter in command.params for option in parameter.opts}
        return
    for part, below in parts.items():
        yield from _leaves(f"{name} {part}".strip(), below)


def named_commands(page: str) -> Iterator[tuple[str, set[str]]]:
    """Each `vsig` command that a page names, and its options; `vsig` alone is none."""
    known = commands()
    groups = {name.split()[0] for name in known if " " in name}
    code = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    lines = [line.split("#")[0] for block in code for line in block.splitlines()]
    lines += [f"vsig {words}" for words in re.findall(r"`vsig ([^`]+)`", page)]
    for line in lines:
        words = shlex.split(line.replace("[", " ").replace("]", " "))
        if not words or not words[0].endswith("vsig"):
            continue
        rest = words[3:] if words[1] == "--project" else words[1:]
        length = 2 if rest[0] in groups and len(rest) > 1 else 1
        name = " ".join(rest[:length])
        assert name in known or name in groups, line
        yield name, {word for word in rest if word.startswith("--")}


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


PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"]
WRITTEN = [page for page in PAGES if page.name != "commands.md"]  # which is made from them


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_a_page_names_only_commands_and_options_that_exist(page: Path):
    known = commands()
    for name, options in named_commands(page.read_text(encoding="utf-8")):
        assert options <= known.get(name, set()), f"{name}: {options}"


def test_the_readme_names_the_commands_that_people_need():
    seen = {name for name, _ in named_commands(README)}
    assert seen >= {"init", "run", "status", "check-annotations", "similar", "why", "trace", "ui"}


def test_the_readme_names_only_make_targets_that_exist():
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", README, re.MULTILINE):
        assert f"\n{target}:" in makefile, target


# Made when the site is built: see docs/write_api.py.
MADE_WITH_THE_SITE = {"api.md"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if "://" not in target and target not in MADE_WITH_THE_SITE:
            assert (page.parent / target).exists(), target


def test_the_pictures_that_the_tutorial_names_are_in_the_sample():
    tutorial = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    drawn = names_for(600, np.random.default_rng([7, 1]))
    named = set(re.findall(r"drawer-\d/\d+\.jpg", tutorial))
    assert named and named <= set(drawn)


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


def test_every_page_stands_in_the_navigation_of_the_site():
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2]
    for page in (ROOT / "docs").glob("*.md"):
        assert f": {page.name}\n" in navigation, f"add {page.name} to nav in mkdocs.yml"


def test_the_licences_of_all_that_is_installed_are_listed():
    page = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| ([\w.-]+) \| ([\w.+-]+) \|", page, re.MULTILINE))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for line in project["dependencies"]:
        assert Requirement(line).name.lower() in listed, line
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pins = re.findall(r"^([\w.-]+)==([\w.+-]+)", constraints, re.MULTILINE)
    pinned = {name.lower(): version for name, version in pins}
    both = {name for name in listed if name in pinned}
    assert both
    assert {name: listed[name] for name in both} == {name: pinned[name] for name in both}


def test_the_changelog_has_a_place_for_what_is_new():
    assert "## Unreleased" in (ROOT / "CHANGELOG.md").read_text()
