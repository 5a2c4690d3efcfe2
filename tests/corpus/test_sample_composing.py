import csv

import numpy as np
import pytest
from PIL import Image

from vsig_core.corpus.sample import compose_sample
from vsig_core.errors import InputError


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Blotches of colour: 70 different pictures, one of them twice."""
    folder = tmp_path_factory.mktemp("real")
    rng = np.random.default_rng(0)
    for number in range(70):
        cells = Image.fromarray(rng.integers(0, 255, (6, 7, 3), dtype=np.uint8))
        cells.resize((140, 120), Image.Resampling.BICUBIC).save(folder / f"p{number:02d}.jpg")
    (folder / "p70.jpg").write_bytes((folder / "p00.jpg").read_bytes())
    (folder / "broken.jpg").write_bytes(b"no picture")
    return folder


def test_parts_of_real_pictures_travel_and_their_rights_stay_reserved(pictures, tmp_path):
    report = compose_sample(tmp_path / "s", pictures, images=60, motifs=12)
    with (tmp_path / "s" / "metadata.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert report.images == len(rows) == 60
    assert {row["publish"] for row in rows} == {"none"}
    assert not any(row["rights"] == "CC0" for row in rows)
    assert "broken" not in " ".join(row["description"] for row in rows)


def test_the_same_seed_composes_the_same_pictures_however_many_are_made_at_once(
    pictures, tmp_path, monkeypatch
):
    made = []
    for cores in (1, 8):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        folder = tmp_path / str(cores)
        compose_sample(folder, pictures, images=60, motifs=12)
        made.append({p.relative_to(folder): p.read_bytes() for p in folder.rglob("*.*")})
    assert made[0] == made[1]


def test_a_picture_that_lies_there_twice_is_used_once(pictures, tmp_path):
    compose_sample(tmp_path / "s", pictures, images=60, motifs=12)
    text = (tmp_path / "s" / "metadata.csv").read_text(encoding="utf-8")
    assert "p70.jpg" not in text


def test_what_is_no_folder_of_pictures_is_said_to_be_none(pictures, tmp_path):
    with pytest.raises(InputError, match=r"nowhere does not exist"):
        compose_sample(tmp_path / "s", tmp_path / "nowhere", images=60, motifs=12)
    with pytest.raises(InputError, match=r"p00\.jpg is a file"):
        compose_sample(tmp_path / "s", pictures / "p00.jpg", images=60, motifs=12)


def test_too_few_different_pictures_are_refused_with_counts_that_fit(pictures, tmp_path):
    with pytest.raises(InputError, match=r"Try --images \d+ --motifs \d+"):
        compose_sample(tmp_path / "s", pictures, images=300, motifs=40)
