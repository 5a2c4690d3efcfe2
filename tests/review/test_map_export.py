import io
import json
import re
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from map_project import PICTURES, TODAY, UIDS, make_project
from PIL import Image
from typer.testing import CliRunner

from vsig_core.cli import build
from vsig_core.errors import InputError, TableMissingError
from vsig_core.project import init_project
from vsig_core.review.atlas import write_atlas
from vsig_core.review.atlas.export import STATIC

FIELDS = ((11, 31), (5, 63), (0, 31))  # of a colour in 16 bits: first bit, largest value


class Exported:
    """A static map, read as the browser reads it."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.manifest = json.loads((out / "atlas.json").read_text("utf-8"))
        self.data = out / self.manifest["version"]
        n = self.manifest["n"]
        points = (self.data / "points.bin").read_bytes()
        self.cells = np.frombuffer(points, np.uint16, 2 * n).reshape(n, 2)
        self.drawn = np.frombuffer(points, np.uint8, n, 5 * n)
        self.means = np.frombuffer(points, np.uint16, n, 6 * n).astype(int)
        self.uids = json.loads((self.data / "uids.json").read_text("utf-8"))
        self.records = json.loads((self.data / "about-0.json").read_text("utf-8"))

    def codes(self, name: str) -> list[str | None]:
        """Value of each picture."""
        (entries,) = [c["entries"] for c in self.manifest["colourings"] if c["name"] == name]
        codes = np.frombuffer((self.data / f"colours-{name}.bin").read_bytes(), np.uint16)
        return [None if code == 65535 else entries[code][0] for code in codes]

    def mean(self, slot: int) -> list[float]:
        """Mean colour of a picture, unpacked."""
        red, green, blue = (self.means[slot] >> shift & most for shift, most in FIELDS)
        return [red * 255 / 31, green * 255 / 63, blue * 255 / 31]

    def tile(self, sheet: str, slot: int, side: int, along: int) -> np.ndarray:
        """Middle of one tile."""
        with Image.open(self.data / sheet) as opened:
            top, left = slot // along * side, slot % along * side
            part = opened.crop((left + 4, top + 4, left + side - 4, top + side - 4))
            return np.asarray(part, float).reshape(-1, 3).mean(axis=0)


def exported(folder: Path, **changes: dict) -> Exported:
    write_atlas(make_project(folder / "p", **changes), folder / "out", today=TODAY)
    return Exported(folder / "out")


def test_every_picture_has_its_cell_its_tiles_and_its_words(tmp_path: Path):
    found = exported(tmp_path)
    assert sorted(found.uids) == UIDS
    assert len({tuple(cell) for cell in found.cells.tolist()}) == len(UIDS)
    for slot, uid in enumerate(found.uids):
        colour = PICTURES[uid][0]
        assert found.tile("small-0.jpg", slot, 32, 32) == pytest.approx(colour, abs=6)
        assert found.tile("large-0.jpg", slot, 128, 8) == pytest.approx(colour, abs=6)
        assert found.mean(slot) == pytest.approx(colour, abs=9)
        assert found.records[slot][0] == f"Title of {uid}"
        assert found.codes("cluster")[slot] == PICTURES[uid][2]
    assert (found.out / "index.html").is_file()


def test_what_may_not_leave_is_a_nameless_point(tmp_path: Path):
    found = exported(
        tmp_path,
        a={"publish": "none", "title": "secret A"},
        d={"embargo_until": date(2026, 6, 16), "title": "secret D", "author": "Secret Author"},
        f={"embargo_until": TODAY},
        g={"publish": None, "title": "secret G"},
    )
    hidden = {"a.jpg", "d.jpg", "g.jpg"}
    assert set(found.uids) - {""} == set(UIDS) - hidden
    assert found.manifest["n"] == 8 and found.manifest["told"] == 5
    for slot, uid in enumerate(found.uids):
        assert found.drawn[slot] == (uid != "")
        assert (found.records[slot] is None) == (uid == "")
        if not uid:
            assert {found.codes(c["name"])[slot] for c in found.manifest["colourings"]} == {None}
            for sheet, side, along in (("small-0.jpg", 32, 32), ("large-0.jpg", 128, 8)):
                assert found.tile(sheet, slot, side, along) == pytest.approx([128] * 3, abs=3)
            assert found.mean(slot) == pytest.approx([128] * 3, abs=9)
    written = b"".join(path.read_bytes() for path in found.out.rglob("*") if path.is_file())
    for secret in (b"secret", b"Secret Author", b"a.jpg", b"d.jpg", b"g.jpg"):
        assert secret not in written
    assert not list(found.out.rglob("thumbs*"))


def test_a_thumbnail_that_cannot_be_read_leaves_a_point_with_its_words(tmp_path: Path):
    found = exported(tmp_path, b={"thumb": b"no picture"}, c={"thumb": None}, d={"thumb": b""})
    undrawn = {uid for uid, drawn in zip(found.uids, found.drawn, strict=True) if not drawn}
    assert undrawn == {"b.jpg", "c.jpg", "d.jpg"}
    assert found.manifest["drawn"] == 5 and found.manifest["told"] == 8


def test_the_same_project_gives_the_same_files(tmp_path: Path):
    project = make_project(tmp_path / "p")
    for name in ("one", "two"):
        write_atlas(project, tmp_path / name, today=TODAY)
    one, two = (
        {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}
        for out in (tmp_path / "one", tmp_path / "two")
    )
    assert one == two


def test_words_of_any_length_are_shortened_for_the_card(tmp_path: Path):
    found = exported(tmp_path, a={"title": "x" * 100_000, "author": "y" * 100_000})
    title = found.records[found.uids.index("a.jpg")][0]
    assert title == "x" * 300 + "…"
    assert (found.out / "atlas.json").stat().st_size < 20_000


def test_periods_suit_the_dates_and_unknown_ones_are_said(tmp_path: Path):
    found = exported(tmp_path, a={"year_from": None, "year_to": None})
    period = next(c for c in found.manifest["colourings"] if c["name"] == "period")
    assert period["unknown"] == 1
    assert sum(count for _, count, _ in period["entries"]) == 7
    assert found.codes("period")[found.uids.index("a.jpg")] is None
    assert found.codes("period")[found.uids.index("h.jpg")] == "1570–1574"


def test_an_earlier_export_is_replaced_and_nothing_else_is(tmp_path: Path):
    project = make_project(tmp_path / "p")
    out = tmp_path / "out"
    write_atlas(project, out, today=TODAY)
    (out / "left over").touch()
    with pytest.raises(InputError, match="holds a map already"):
        write_atlas(project, out, today=TODAY)
    write_atlas(project, out, overwrite=True, today=TODAY)
    assert not (out / "left over").exists() and (out / "atlas.json").is_file()
    for words in ("holds other things", "is a file"):
        other = tmp_path / words
        if words == "is a file":
            other.write_text("mine")
        else:
            other.mkdir()
            (other / "mine.txt").write_text("mine")
        with pytest.raises(InputError, match=words):
            write_atlas(project, other, today=TODAY)
    assert (tmp_path / "is a file").read_text() == "mine"
    assert (tmp_path / "holds other things" / "mine.txt").read_text() == "mine"


def test_a_project_without_a_map_says_what_to_do(tmp_path: Path):
    with pytest.raises(TableMissingError, match=r"no pictures yet.*vsig run"):
        write_atlas(init_project(tmp_path / "p"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_page_names_all_its_scripts_so_that_they_are_fetched_at_once():
    page = (STATIC / "index.html").read_text("utf-8")
    named = set(re.findall(r'(?:rel="modulepreload" href|type="module" src)="([^"]+)"', page))
    assert named == {path.name for path in STATIC.glob("*.js")} - {"unpack-worker.js"}


def test_the_sheets_are_pictures_that_every_browser_reads(tmp_path: Path):
    found = exported(tmp_path)
    for path in found.data.glob("*.jpg"):
        with Image.open(io.BytesIO(path.read_bytes())) as opened:
            assert opened.format == "JPEG" and opened.mode == "RGB"


def test_the_command_writes_the_folder_and_says_what_stayed_in(tmp_path: Path):
    project = make_project(tmp_path / "p", a={"publish": "none"})
    words = ["--project", str(project.folder), "export", "atlas", str(tmp_path / "out")]
    done = CliRunner().invoke(build(), [*words, "--json"])
    assert done.exit_code == 0, done.exception
    told = json.loads(done.stdout)
    assert (told["pictures"], told["told"], told["drawn"]) == (8, 7, 7)
    again = CliRunner().invoke(build(), words)
    assert isinstance(again.exception, InputError) and "--overwrite" in str(again.exception)
    replaced = CliRunner().invoke(build(), [*words, "--overwrite"])
    assert replaced.exit_code == 0 and "1 may not leave" in replaced.stderr
