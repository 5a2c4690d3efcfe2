"""Commands that need no run before them: what they print and what they refuse."""

from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from vsig_core.cli import build


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
