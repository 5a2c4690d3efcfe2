"""Files of a folder and of a bucket: the same contract."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vsig_core.errors import StoreError
from vsig_core.store import Files, open_files


@pytest.fixture
def files(root: str) -> Files:
    made = open_files(root)
    made.make()
    return made


def names(files: Files, folder: str = "", *, deep: bool = False) -> list[str]:
    return [file.name for file in files.list(folder, deep=deep)]


class TestContract:
    def test_what_is_written_is_read_and_found(self, files: Files):
        files.write("a b#é?.csv", b"one")
        found = files.find("a b#é?.csv")
        assert found and (found.name, found.size) == ("a b#é?.csv", 3)
        assert abs(datetime.now(UTC) - found.modified) < timedelta(minutes=5)
        assert files.read("a b#é?.csv") == b"one"
        assert list(files.list()) == [found]

    def test_what_is_not_there_is_none(self, files: Files):
        assert files.find("x") is None and files.read("x") is None
        assert names(files) == [] and names(files, "done") == []
        files.remove("x")

    def test_a_folder_lists_its_own_files_by_name(self, files: Files):
        for name in ("z", "done/b", "done/a", "done/deeper/c"):
            files.write(name, b"")
        assert names(files) == ["z"]
        assert names(files, "done") == ["done/a", "done/b"]
        assert names(files, deep=True) == ["done/a", "done/b", "done/deeper/c", "z"]

    def test_only_one_creates_a_file(self, files: Files):
        assert files.create("done/x", b"first")
        assert not files.create("done/x", b"second")
        assert files.read("done/x") == b"first"

    def test_only_what_was_seen_is_removed(self, files: Files):
        files.write("x", b"old")
        seen = files.find("x")
        files.write("x", b"newer")
        assert seen
        files.remove("x", seen.tag)
        assert files.read("x") == b"newer"
        files.remove("x")
        assert files.find("x") is None

    def test_a_root_that_can_be_read_is_let_pass(self, files: Files):
        files.check()

    def test_a_root_that_can_be_written_is_let_pass_and_left_as_it_was(self, files: Files):
        files.check_writable()
        assert names(files, deep=True) == []


def test_a_folder_that_is_not_there_is_told_at_once(tmp_path: Path):
    for action in (
        open_files(str(tmp_path / "x")).check,
        lambda: names(open_files(str(tmp_path / "x"))),
    ):
        with pytest.raises(StoreError, match=r"x cannot be \w+: No such file"):
            action()


def test_a_bucket_that_is_not_there_is_told_at_once(s3_root: str):
    files = open_files("s3://no-such-bucket/x")
    for action in (files.check, lambda: names(files), lambda: files.write("x", b"")):
        with pytest.raises(StoreError, match="NoSuchBucket: there is no such bucket"):
            action()


def test_what_a_killed_process_was_writing_is_cleared_away(tmp_path: Path):
    files = open_files(str(tmp_path))
    files.write("x", b"1")
    partials = tmp_path / ".partial"
    import socket

    dead, strange = f"{socket.gethostname()}~999999999~1", "elsewhere~1~1"
    for name in (dead, strange):
        (partials / name).write_bytes(b"hal")
    assert names(files, deep=True) == ["x"]
    files.clear_partials()
    assert [path.name for path in partials.iterdir()] == [strange]
