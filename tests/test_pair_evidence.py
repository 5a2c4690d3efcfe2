"""Local evidence on pictures of a corpus: pairs, similar pictures in detail, parts, the sheet."""

import hashlib
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image, ImageOps
from typer.testing import CliRunner

from vsig_core.cli import build
from vsig_core.corpus.sample import draw_sample
from vsig_core.embedding import embed
from vsig_core.errors import InputError, TableMissingError, UnknownImageError
from vsig_core.model import load_network
from vsig_core.pair_evidence import Ask, evidence_of, evidence_with, pair_evidence
from vsig_core.project import Project, init_project, open_project
from vsig_core.registered import register_pretrained
from vsig_core.similar import Closely, similar
from vsig_core.store import Provenance, schema
from vsig_core.vectors import vector_column

MADE = Provenance("test")


def jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=92)
    return out.getvalue()


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[Image.Image]:
    """Twelve pictures of the sample generator, each of other things."""
    folder = tmp_path_factory.mktemp("drawn") / "sample"
    draw_sample(folder, images=60, motifs=12, seed=3)
    found = sorted((folder / "images").rglob("*.jpg"))[::5]
    return [Image.open(path).convert("RGB").resize((480, 400)) for path in found]


@pytest.fixture(scope="module")
def pictures(drawn: list[Image.Image]) -> dict[str, bytes]:
    """The pictures; one of them mirrored; and a part of it in two places of another one."""
    left, top = 60, 50
    part = drawn[0].crop((left, top, left + 240, top + 200))
    placed = {"upper.jpg": (0, 0), "lower.jpg": (240, 200)}
    made = {f"{number}.jpg": image for number, image in enumerate(drawn)}
    made["mirrored.jpg"] = ImageOps.mirror(drawn[0])
    for name, at in placed.items():
        made[name] = drawn[1].copy()
        made[name].paste(part, at)
    return {name: jpeg(image) for name, image in made.items()}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, pictures: dict[str, bytes]) -> Project:
    """A project whose pictures are read and embedded by the packaged network."""
    made = init_project(tmp_path_factory.mktemp("project") / "p")
    store = made.store
    model_id = register_pretrained(store, made.settings.model, MADE)
    uids = sorted(pictures)
    hashes = {uid: hashlib.sha256(pictures[uid]).hexdigest() for uid in uids}
    rows = [
        {
            "uid": uid,
            "batch": "b-1",
            "sha256": hashes[uid],
            "working": store.objects.put("working", pictures[uid], "jpg"),
        }
        for uid in uids
    ]
    store.write("images", pa.Table.from_pylist(rows, schema("images")), MADE)
    batch = {"batch": "b-1", "version": 0, "images": len(uids), "rejected": 0}
    store.write("corpus", pa.Table.from_pylist([batch], schema("corpus")), MADE)
    found = embed(load_network(made.settings.model), [pictures[uid] for uid in uids], 16)
    columns = {
        "model_id": [model_id] * len(uids),
        "uid": uids,
        "batch": ["b-1"] * len(uids),
        "sha256": [hashes[uid] for uid in uids],
        "vector": vector_column(found),
    }
    store.write("embeddings", pa.table(columns, schema=schema("embeddings")), MADE)
    summed = {"batch": "b-1", "model_id": model_id, "version": 0, "images": len(uids)}
    store.write("vectors", pa.Table.from_pylist([summed], schema("vectors")), MADE)
    return made


def test_a_mirrored_picture_is_said_to_be_mirrored_and_the_same_one_is_not(project: Project):
    same, turned, other = evidence_of(
        project, [("0.jpg", "0.jpg"), ("0.jpg", "mirrored.jpg"), ("0.jpg", "5.jpg")]
    )
    assert not same.mirrored and turned.mirrored
    assert same.score > turned.score > 2 * other.score
    assert same.box1 == pytest.approx((0, 0, 1, 1), abs=0.15)
    assert turned.box2 == pytest.approx((0, 0, 1, 1), abs=0.2)


def test_a_part_is_found_where_it_was_put(project: Project):
    upper = pair_evidence(project, "0.jpg", "upper.jpg")
    lower = pair_evidence(project, "0.jpg", "lower.jpg")
    for match in (upper, lower):
        assert not match.mirrored
        assert match.box1 == pytest.approx((0.125, 0.125, 0.5, 0.5), abs=0.17)
    assert upper.box2 == pytest.approx((0, 0, 0.5, 0.5), abs=0.17)
    assert lower.box2 == pytest.approx((0.5, 0.5, 0.5, 0.5), abs=0.17)


def test_a_part_is_framed_in_each_work_that_holds_it(project: Project, pictures: dict[str, bytes]):
    ask = Ask(pictures["0.jpg"], (0.125, 0.125, 0.5, 0.5))
    upper, other, lower = evidence_with(project, ask, ["upper.jpg", "5.jpg", "lower.jpg"])
    assert upper.box2 == pytest.approx((0, 0, 0.5, 0.5), abs=0.17)
    assert lower.box2 == pytest.approx((0.5, 0.5, 0.5, 0.5), abs=0.17)
    assert min(upper.score, lower.score) > 2 * other.score
    assert upper.beyond_chance and lower.beyond_chance and not other.beyond_chance


def test_the_pair_the_other_way_round_has_its_boxes_exchanged(project: Project):
    there, back = (
        pair_evidence(project, "0.jpg", "lower.jpg"),
        pair_evidence(project, "lower.jpg", "0.jpg"),
    )
    assert back.score == pytest.approx(there.score)
    assert back.box1 == pytest.approx(there.box2) and back.box2 == pytest.approx(there.box1)


def test_what_was_looked_at_once_is_read_from_the_store_without_torch(project: Project):
    pair_evidence(project, "0.jpg", "upper.jpg")
    script = (
        "import sys; from pathlib import Path; from vsig_core.project import open_project; "
        "from vsig_core.pair_evidence import pair_evidence; "
        "print(pair_evidence(open_project(Path(sys.argv[1])), '0.jpg', 'upper.jpg').mirrored, "
        "'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(project.folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["False", "False"]
    rows = project.store.read("regions")
    assert len(set(rows["sha256"].to_pylist())) == rows.num_rows


def test_details_bring_what_the_whole_hides_to_the_front(project: Project):
    names = [found.uid for found in similar(project, "0.jpg", 3, Closely())]
    assert set(names) == {"mirrored.jpg", "upper.jpg", "lower.jpg"}
    plain = similar(project, "0.jpg", 30)
    assert all(found.match is None for found in plain)
    assert len(plain) == len(project.store.read("images")) - 1


def test_a_part_of_a_file_finds_the_works_that_hold_it(
    project: Project, drawn: list[Image.Image], tmp_path: Path
):
    file = tmp_path / "elsewhere.png"
    drawn[0].save(file)
    found = similar(project, str(file), 4, Closely(box=(0.25, 0.25, 0.25, 0.25)))
    assert {entry.uid for entry in found} == {"0.jpg", "mirrored.jpg", "upper.jpg", "lower.jpg"}
    for entry in found:
        assert entry.match is not None and entry.match.box1 is not None
        assert entry.match.box1 == pytest.approx((0.25, 0.25, 0.25, 0.25), abs=0.13)
    upper = next(entry.match for entry in found if entry.uid == "upper.jpg")
    assert upper is not None and upper.box2 == pytest.approx((0.125, 0.125, 0.25, 0.25), abs=0.13)


def test_the_sheet_shows_every_pair_that_was_compared(project: Project, tmp_path: Path):
    sheet = tmp_path / "sheet.png"
    words = ["--project", project.folder, "similar", "0.jpg", "-k", 5, "--evidence", sheet]
    done = CliRunner().invoke(build(), [str(word) for word in words])
    assert done.exit_code == 0, done.exception
    assert "mirrored" in done.stdout and "in common" in done.stdout
    with Image.open(sheet) as image:
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3)
        assert image.format == "PNG"
    for colour in ((196, 60, 40), (34, 98, 160)):  # frames: as it is, mirrored
        assert (pixels == colour).all(axis=1).sum() > 500


@pytest.mark.parametrize(
    ("box", "says"),
    [("0.5,0.5,0.6,0.1", "leaves"), ("0.5,0.5,0,0.1", "no area"), ("0.5,0.5", "four numbers")],
)
def test_a_box_that_is_none_is_refused(project: Project, box: str, says: str):
    words = ["--project", str(project.folder), "similar", "0.jpg", "--box", box]
    done = CliRunner().invoke(build(), words)
    assert isinstance(done.exception, InputError) and says in str(done.exception)


def test_unknown_and_unreadable_pictures_are_refused(project: Project, tmp_path: Path):
    with pytest.raises(UnknownImageError, match=r"'nope\.jpg'"):
        pair_evidence(project, "0.jpg", "nope.jpg")
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(jpeg(Image.new("RGB", (50, 50)))[:200])
    with pytest.raises(InputError, match=r"broken\.jpg"):
        similar(project, str(broken), 3, Closely(box=(0, 0, 0.5, 0.5)))
    with pytest.raises(UnknownImageError, match="neither"):
        similar(project, "nowhere.jpg", 3, Closely())


def test_a_project_without_a_run_says_so(tmp_path: Path):
    empty = init_project(tmp_path / "empty")
    with pytest.raises(TableMissingError, match="vsig run"):
        similar(empty, "a.jpg", 3, Closely())


def test_a_network_that_cannot_look_at_that_size_says_what_to_set(
    project: Project, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("VSIG_EVIDENCE__RESOLUTION", "32")
    from vsig_core.errors import SettingsError

    with pytest.raises(SettingsError, match="resolution"):
        open_project(project.folder)
