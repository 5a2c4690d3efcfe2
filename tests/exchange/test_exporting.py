"""What holds for every format."""

import json
from pathlib import Path

import pytest
from click.testing import Result
from shown_project import HERE, LATER, STAYING, UIDS
from typer.testing import CliRunner

from vsig_core.cli import build
from vsig_core.commands.export import Format
from vsig_core.errors import InputError, TableMissingError
from vsig_core.exchange import FORMATS, export
from vsig_core.project import Project, init_project


def vsig(*words: object) -> Result:
    return CliRunner().invoke(build(), [str(word) for word in words])


def bytes_of(out: Path) -> bytes:
    files = [out] if out.is_file() else sorted(path for path in out.rglob("*") if path.is_file())
    return b"\0".join(str(path).encode() + b"\0" + path.read_bytes() for path in files)


@pytest.mark.parametrize("name", FORMATS)
def test_a_picture_that_may_not_leave_is_nowhere_in_the_export(
    project: Project, tmp_path: Path, name: str
):
    done = export(project, name, tmp_path / "out")
    written = bytes_of(tmp_path / "out").lower()
    assert b"a.jpg" in written
    for uid in (*STAYING, "nobody known", "/home/anna"):
        assert uid.encode() not in written, uid
    images = project.store.read("images").to_pylist()
    for row in images:
        if row["uid"] in STAYING:
            assert row["thumb"].lower() not in written
            assert row["sha256"].encode() not in written
    assert done.left_out == {"publish is none": 1, "embargo until 2999-01-01": 1}


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_there_already_is_replaced_only_when_asked(
    project: Project, tmp_path: Path, name: str
):
    out = tmp_path / "out"
    export(project, name, out)
    before = bytes_of(out)
    with pytest.raises(InputError, match="--overwrite"):
        export(project, name, out)
    assert bytes_of(out) == before
    export(project, name, out, overwrite=True)
    assert out.exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_that_fails_leaves_what_was_there_and_nothing_else(
    project: Project, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
):
    out = tmp_path / "out"
    export(project, name, out)
    before, names = bytes_of(out), sorted(path.name for path in tmp_path.iterdir())
    move = Path.rename

    def fails(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise OSError(28, "No space left on device")
        return move(self, target)

    monkeypatch.setattr(Path, "rename", fails)
    with pytest.raises(OSError, match="No space"):
        export(project, name, out, overwrite=True)
    assert bytes_of(out) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == names


def test_a_folder_that_no_export_made_is_never_replaced(project: Project, tmp_path: Path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter-1.txt").write_text("years of work")
    for name in FORMATS:
        with pytest.raises(InputError):
            export(project, name, tmp_path / "thesis", overwrite=True)
    assert (tmp_path / "thesis" / "chapter-1.txt").read_text() == "years of work"


def test_a_file_is_not_written_over_a_folder_nor_into_none(project: Project, tmp_path: Path):
    with pytest.raises(InputError, match="is a folder"):
        export(project, "csv", tmp_path)
    with pytest.raises(InputError, match="is no folder"):
        export(project, "csv", tmp_path / "nowhere" / "out.csv")


def test_where_no_picture_may_leave_nothing_is_written_and_the_way_out_is_named(
    project: Project, tmp_path: Path
):
    images = project.store.read("images")
    closed = images.filter([uid == LATER for uid in images["uid"].to_pylist()])
    project.store.write("images", closed, HERE, partition={"batch": "b-1"})
    done = vsig("--project", project.folder, "export", "csv", tmp_path / "out.csv")
    assert isinstance(done.exception, InputError) and "publish" in str(done.exception)
    assert "embargo until 2999-01-01" in str(done.exception)
    assert not (tmp_path / "out.csv").exists()


def test_a_project_without_pictures_says_what_to_do(tmp_path: Path):
    empty = init_project(tmp_path / "empty")
    with pytest.raises(TableMissingError, match="vsig run"):
        export(empty, "csv", tmp_path / "out.csv")


def test_the_command_says_what_was_left_out_and_why(project: Project, tmp_path: Path):
    words = ["--project", project.folder, "export", "csv"]
    done = vsig(*words, tmp_path / "out.csv")
    assert done.exit_code == 0, done.exception
    assert "Left out 1 picture: publish is none." in done.stderr
    report = json.loads(vsig(*words, tmp_path / "again.csv", "--json").stdout)
    assert report["written"] == {"judgements": 7}
    assert report["left_out"] == {"publish is none": 1, "embargo until 2999-01-01": 1}
    assert sum(report["left_out"].values()) + 4 == len(UIDS)


def test_every_format_of_the_command_is_one_of_the_library():
    assert {word.value for word in Format} == {*FORMATS, "atlas"}


def test_the_picture_map_is_exported_by_the_same_rule(project: Project, tmp_path: Path):
    words = ["--project", project.folder, "export", "atlas", tmp_path / "site"]
    done = vsig(*words)
    assert done.exit_code == 0, done.exception
    assert (tmp_path / "site" / "index.html").is_file()
    written = bytes_of(tmp_path / "site").lower()
    assert b"a.jpg" in written
    for uid in (*STAYING, "nobody known", "/home/anna"):
        assert uid.encode() not in written, uid
    again = vsig(*words)
    assert isinstance(again.exception, InputError) and "--overwrite" in str(again.exception)
