"""Commands that need no run before them: what they print and what they refuse."""

import json
from importlib import metadata
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from vsig_core.cli import build
from vsig_core.errors import SettingsError, StoreError
from vsig_core.project import init_project


def vsig(*words: object) -> Result:
    return CliRunner().invoke(build(), [str(word) for word in words])


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A current folder that is no project, and no project named."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VSIG_PROJECT", raising=False)


def test_names_are_printed_as_they_are():
    file = Path("a[/z]:smile:.csv")
    file.parent.mkdir()
    file.write_text("type,img1,img2\nLIKES,[/b]:smile:.jpg,c.jpg\n")
    done = vsig("check-annotations", file)
    assert done.exit_code == 0, done.exception
    assert "a[/z]:smile:.csv" in done.stdout
    assert "[/b]:smile:.jpg" in done.stderr


def test_check_annotations_says_what_it_could_not_compare(tmp_path: Path):
    file = tmp_path / "judged.csv"
    file.write_text("type,img1,img2\nPOSITIVE,b.jpg,c.jpg\n")
    outside = vsig("check-annotations", file)
    assert outside.exit_code == 0 and "not compared" in outside.stdout
    project = init_project(tmp_path / "p")
    never_run = vsig("--project", project.folder, "check-annotations", file)
    assert never_run.exit_code == 0 and "not compared" in never_run.stdout


@pytest.mark.parametrize("named", ["folder", "variable", "option"])
def test_check_annotations_fails_in_a_project_whose_settings_are_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
):
    file = tmp_path / "judged.csv"
    file.write_text("type,img1,img2\nPOSITIVE,b.jpg,c.jpg\n")
    folder = init_project(tmp_path / "p").folder
    (folder / "vsig.toml").write_text("[training]\nepoch = 1\n")
    before = []
    if named == "folder":
        monkeypatch.chdir(folder)
    elif named == "variable":
        monkeypatch.setenv("VSIG_PROJECT", str(folder))
    else:
        before = ["--project", folder]
    done = vsig(*before, "check-annotations", file, "--json")
    assert isinstance(done.exception, SettingsError) and "epochs" in str(done.exception)


@pytest.mark.parametrize("words", [["run"], ["run", "--plan"], ["status"]])
@pytest.mark.parametrize(
    ("inbox", "says"), [("nope/x", "No such file"), ("file.csv", "Not a directory")]
)
def test_an_inbox_that_is_no_folder_is_said_to_be_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], inbox: str, says: str
):
    (tmp_path / "file.csv").touch()
    folder = init_project(tmp_path / "p").folder
    monkeypatch.setenv("VSIG_INBOX", str(tmp_path / inbox))
    done = vsig("--project", folder, *words)
    assert isinstance(done.exception, SettingsError)
    assert inbox in str(done.exception) and says in str(done.exception)


@pytest.mark.parametrize("words", [["run"], ["run", "--plan"], ["status"]])
def test_a_store_that_is_a_file_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
):
    (tmp_path / "list.txt").touch()
    folder = init_project(tmp_path / "p").folder
    monkeypatch.setenv("VSIG_STORE", str(tmp_path / "list.txt"))
    done = vsig("--project", folder, *words)
    assert isinstance(done.exception, StoreError) and "list.txt" in str(done.exception)


def test_check_annotations_goes_on_after_a_file_that_cannot_be_read(tmp_path: Path):
    for name, text in (("a.csv", ""), ("b.csv", "type,img1,img2\nSIMILAR,a,b\n")):
        (tmp_path / name).write_text(text)
    names = ["nowhere.csv", "a.csv", "b.csv"]
    done = vsig("check-annotations", *(tmp_path / name for name in names), "--json")
    reports = json.loads(done.stdout)["files"]
    assert [Path(report["path"]).name for report in reports] == names
    assert "No such file" in reports[0]["error"] and "is empty" in reports[1]["error"]
    assert reports[2]["rows"] == 1 and done.exit_code == 1
    shown = vsig("check-annotations", *(tmp_path / name for name in names))
    assert "nowhere.csv cannot be read" in shown.stderr and "SIMILAR" in shown.stdout
    assert vsig("check-annotations", tmp_path / "a.csv", tmp_path).exit_code == 2


def test_the_version_is_told_without_a_project():
    done = vsig("--version")
    assert (done.exit_code, done.stdout) == (0, f"vsig {metadata.version('vsig')}\n")
