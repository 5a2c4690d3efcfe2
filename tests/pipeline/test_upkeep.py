"""A store that was cleaned goes on as if nothing had happened."""

import json

import pytest
from small_project import edit_settings, run_quietly, versions
from typer.testing import CliRunner

from vsig_core.cli import build
from vsig_core.project import Project


def vsig(project: Project, *words: object) -> dict:
    done = CliRunner().invoke(
        build(), ["--project", str(project.folder), *map(str, words), "--json"]
    )
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def changed_often(grown: Project) -> Project:
    """Lists of neighbours are taken over from the version before, which therefore stays."""
    changed = edit_settings(grown, ("[evaluation]", "[neighbours]\nk = 5\n[evaluation]"))
    for before, after in ((5, 6), (6, 7)):
        run_quietly(changed, "neighbours")
        changed = edit_settings(changed, (f"k = {before}", f"k = {after}"))
    return changed


def test_a_run_after_a_clean_computes_nothing(grown: Project):
    project = changed_often(grown)
    run_quietly(project)
    planned = vsig(project, "clean", "--keep", 1)
    assert not planned["applied"] and planned["bytes"] > 0
    done = vsig(project, "clean", "--keep", 1, "--apply")
    assert done["tables"] == planned["tables"]
    assert {entry["table"] for entry in done["tables"]} >= {"neighbours", "clusters"}
    assert vsig(project, "verify")["whole"]
    before = versions(project)
    assert run_quietly(project) == []
    assert versions(project) == before
    uid = project.store.read("images")["uid"][0].as_py()
    assert vsig(project, "trace", uid)["lineage"]["inputs"]
    assert vsig(project, "clean", "--keep", 1)["bytes"] == 0


def test_settings_that_go_back_to_a_version_that_was_removed_are_computed_again(grown: Project):
    project = changed_often(grown)
    run_quietly(project, "neighbours")
    before = project.store.read("neighbours", version=1)  # by k = 5
    vsig(project, "clean", "--keep", 1, "--apply")
    removed = [c.version for c in project.store.commits("neighbours") if not c.readable]
    assert removed == [1]
    project = edit_settings(project, ("k = 7", "k = 5"))
    run_quietly(project)
    assert project.store.read("neighbours").equals(before)


@pytest.mark.parametrize("words", [[], ["--apply"]])
def test_caches_that_no_picture_needs_go(grown: Project, words: list[str]):
    lost = grown.work / "trunk" / "abc" / f"{'0' * 64}-2.safetensors"
    lost.parent.mkdir(parents=True, exist_ok=True)
    lost.write_bytes(b"x")
    there = {path for path in (grown.work / "trunk").rglob("*.safetensors") if path != lost}
    assert there
    assert vsig(grown, "clean", *words)["caches"] == [str(lost)]
    assert lost.exists() == (not words)
    assert all(path.exists() for path in there)
