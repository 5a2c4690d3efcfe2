import csv
import hashlib
import itertools
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path

import networkx as nx
import pytest
from PIL import Image

from vsig_core.corpus.sample import SampleReport, draw_sample
from vsig_core.corpus.sample.records import COLUMNS
from vsig_core.errors import InputError

SMALL = {"images": 60, "motifs": 12}


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> SampleReport:
    return draw_sample(tmp_path_factory.mktemp("drawn") / "sample", **SMALL)


@pytest.fixture(scope="module")
def folder(report) -> Path:
    return report.folder


def carriers_of(folder: Path) -> dict[str, set[str]]:
    carriers = defaultdict(set)
    for row in rows_of(folder / "signatures.csv"):
        carriers[row["motif"]].add(row["uid"])
    return carriers


def pairs_of(rows: list[dict[str, str]], verdict: str) -> set[frozenset[str]]:
    return {frozenset((r["img1"], r["img2"])) for r in rows if r["type"] == verdict}


def test_every_picture_is_a_jpeg_and_has_one_row_of_metadata(folder, report):
    found = {
        p.relative_to(folder / "images").as_posix() for p in (folder / "images").rglob("*.jpg")
    }
    rows = rows_of(folder / "metadata.csv")
    assert found == {row["path"] for row in rows}
    assert len(found) == len(rows) == report.images == 60
    assert tuple(rows[0]) == COLUMNS
    for name in found:
        with Image.open(folder / "images" / name) as image:
            assert image.format == "JPEG"
            assert max(image.size) <= 720


def test_every_motif_travels_and_unrelated_pictures_remain(folder, report):
    carriers = carriers_of(folder)
    assert len(carriers) == report.motifs == 12
    assert all(len(uids) >= 2 for uids in carriers.values())
    carrying = set().union(*carriers.values())
    assert 0.5 < len(carrying) / 60 < 0.85


def test_one_picture_in_ten_carries_two_motifs(folder):
    carried = Counter(row["uid"] for row in rows_of(folder / "signatures.csv"))
    assert set(carried.values()) == {1, 2}
    assert sum(count == 2 for count in carried.values()) == 6


def test_links_are_exactly_the_pairs_that_share_a_motif_or_an_object(folder):
    links = rows_of(folder / "links.csv")
    assert {row["kind"] for row in links} <= {"motif", "copy", "duplicate", "view"}
    assert all(row["img1"] < row["img2"] for row in links)
    sharing = {
        frozenset(pair)
        for uids in carriers_of(folder).values()
        for pair in itertools.combinations(uids, 2)
    }
    linked = {frozenset((row["img1"], row["img2"])) for row in links}
    assert sharing <= linked
    other = {row["kind"] for row in links if frozenset((row["img1"], row["img2"])) not in sharing}
    assert other <= {"duplicate", "view"}


def test_views_of_one_work_share_the_work_column_and_duplicates_do_not(folder):
    work = {row["path"]: row["work"] for row in rows_of(folder / "metadata.csv")}
    for row in rows_of(folder / "links.csv"):
        if row["kind"] == "motif":
            assert not work[row["img1"]] or work[row["img1"]] != work[row["img2"]]
    viewed = Counter(value for value in work.values() if value)
    assert viewed
    assert all(count >= 2 for count in viewed.values())


def test_the_names_do_not_give_the_answer_away(folder):
    numbers = sorted(
        (r["uid"].split("/")[1], r["motif"]) for r in rows_of(folder / "signatures.csv")
    )
    neighbours = sum(a[1] == b[1] for a, b in itertools.pairwise(numbers))
    assert neighbours < len(numbers) / 4


def test_positive_judgements_are_true_and_other_judgements_are_true_but_one(folder):
    sharing = set()
    for uids in carriers_of(folder).values():
        sharing |= {frozenset(pair) for pair in itertools.combinations(uids, 2)}
    rows = [r for n in (1, 2) for r in rows_of(folder / f"annotations-{n}.csv")]
    assert pairs_of(rows, "POSITIVE") <= sharing
    assert len(pairs_of(rows, "NEGATIVE") & sharing) == 1
    assert not pairs_of(rows, "SIMILAR") & sharing
    doubles = {
        frozenset((r["img1"], r["img2"]))
        for r in rows_of(folder / "links.csv")
        if r["kind"] == "duplicate"
    }
    assert pairs_of(rows, "DUPLICATE") <= doubles


def test_the_later_sitting_contradicts_the_first_exactly_once_and_by_the_other_annotator(folder):
    first, second = (rows_of(folder / f"annotations-{n}.csv") for n in (1, 2))
    positive = {frozenset((r["img1"], r["img2"])): r for r in first if r["type"] == "POSITIVE"}
    against = [
        r for r in second
        if r["type"] == "NEGATIVE" and frozenset((r["img1"], r["img2"])) in positive
    ]  # fmt: skip
    assert len(against) == 1
    other = positive[frozenset((against[0]["img1"], against[0]["img2"]))]
    assert other["annotator"] != against[0]["annotator"]


def test_no_other_refused_pair_lies_inside_a_component(folder):
    rows = [r for n in (1, 2) for r in rows_of(folder / f"annotations-{n}.csv")]
    graph = nx.Graph([(r["img1"], r["img2"]) for r in rows if r["type"] == "POSITIVE"])
    home = {u: n for n, c in enumerate(nx.connected_components(graph)) for u in c}
    inside = {p for p in pairs_of(rows, "NEGATIVE") if len({home.get(u, u) for u in p}) == 1}
    assert len(inside) == 1


def test_the_first_sitting_knows_about_sixty_percent_and_some_motifs_stay_unknown(folder):
    carriers = carriers_of(folder)

    def known(*numbers: int) -> int:
        pairs = set()
        for n in numbers:
            pairs |= pairs_of(rows_of(folder / f"annotations-{n}.csv"), "POSITIVE")
        # A pair of pictures may share two motifs: count those that some pair has alone.
        return sum(
            any(p <= uids and sum(p <= o for o in carriers.values()) == 1 for p in pairs)
            for uids in carriers.values()
        )

    assert 6 <= known(1) <= 9
    assert known(1) < known(1, 2) < 12


def test_acts_have_one_annotator_and_ids_and_times_in_order(folder):
    first, second = (rows_of(folder / f"annotations-{n}.csv") for n in (1, 2))
    rows = first + second
    ids = [row["annotation_id"] for row in rows]
    assert len(set(ids)) == len(ids)
    assert len({row["annotator"] for row in rows}) == 2
    by_act = defaultdict(set)
    for row in rows:
        by_act[row["act"]].add((row["annotator"], row["made_at"]))
    assert all(len(values) == 1 for values in by_act.values())
    times = [datetime.fromisoformat(row["made_at"]) for row in rows]
    assert times == sorted(times)
    assert all(time.tzinfo for time in times)


def test_signatures_that_meet_in_a_picture_are_told_apart_by_name(folder):
    carried = defaultdict(set)
    for row in rows_of(folder / "signatures.csv"):
        carried[row["uid"]].add(row["motif"])
    both = {uid for uid, motifs in carried.items() if len(motifs) == 2}
    met = [
        row for n in (1, 2) for row in rows_of(folder / f"annotations-{n}.csv")
        if row["type"] == "POSITIVE" and {row["img1"], row["img2"]} & both
    ]  # fmt: skip
    assert met
    assert all(row["motif"] for row in met)
    for row in met:
        for box in (row["box1"], row["box2"]):
            x, y, w, h = map(float, box.split(","))
            assert x >= 0 and y >= 0 and w > 0 and h > 0
            assert x + w <= 1.001 and y + h <= 1.001


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(folder, tmp_path):
    def digest(root: Path) -> dict[str, str]:
        files = [p for p in root.rglob("*") if p.is_file()]
        return {
            p.relative_to(root).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in files
        }

    again = draw_sample(tmp_path / "again", **SMALL)
    assert digest(again.folder) == digest(folder)


def test_another_seed_plans_another_corpus(folder):
    import numpy as np

    from vsig_core.corpus.sample.plan import draw_plan, names_for

    one, two = (draw_plan(60, 12, np.random.default_rng(seed)) for seed in (7, 8))
    assert one != two
    assert names_for(60, np.random.default_rng(7)) != names_for(60, np.random.default_rng(8))


@pytest.mark.parametrize(("images", "motifs"), [(59, 12), (60, 11), (60, 20), (0, 0)])
def test_too_few_pictures_are_refused_with_counts_that_would_do(tmp_path, images, motifs):
    with pytest.raises(InputError, match="Take --images"):
        draw_sample(tmp_path / "s", images=images, motifs=motifs)
    assert not (tmp_path / "s").exists()


def test_a_folder_that_holds_a_sample_is_left_alone(folder):
    before = (folder / "links.csv").read_bytes()
    with pytest.raises(InputError, match="already holds"):
        draw_sample(folder, **SMALL)
    assert (folder / "links.csv").read_bytes() == before
