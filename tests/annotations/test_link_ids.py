"""The original's link ids, and what a report says of a large old file."""

import itertools
import random
import uuid

import pytest

from vsig_core.annotations import check_file
from vsig_core.annotations.link_ids import link_id_form

A, B = "004b4ecffec840ce8bbc4a768efe2c87", "faffda2772514cdba54692e70d9ade6e"
HEADER = "uid_connection,type,img1,img2,date,cluster_file,cluster"


@pytest.mark.parametrize(
    ("link_id", "form"),
    [
        (f"{A}_{B}", "sorted pair"),
        (f"{B}_{A}", "other"),
        (A[:16] + B[16:], "halves"),
        (B[:16] + A[16:], "halves"),
        ("0b54e8a4-2d52-11ed-a261-0242ac120002", "uuid"),
        ("0b54e8a42d5211eda2610242ac120002", "uuid"),
        ("17", "other"),
    ],
)
def test_each_form_is_known_whichever_picture_comes_first(link_id: str, form: str):
    assert link_id_form(link_id, A, B) == form
    assert link_id_form(link_id, B, A) == form


def old_file(chance: random.Random) -> tuple[list[str], dict[str, int]]:
    """12,000 rows: two bursts of verdicts, and pairs with ids of all three forms."""

    def name() -> str:
        return uuid.UUID(int=chance.getrandbits(128)).hex

    def line(form: str, kind: str, one: str, other: str, second: int) -> str:
        ids = {
            "uuid": str(uuid.UUID(int=chance.getrandbits(128))),
            "halves": one[:16] + other[16:],
            "sorted pair": "_".join(sorted((one, other))),
        }
        return f"{ids[form]},{kind},{one},{other},02-06-2022_10:00:{second:02},optics,5.0"

    lines, forms = [], {"uuid": 0, "halves": 0, "sorted pair": 0}

    def add(form: str, kind: str, one: str, other: str) -> None:
        lines.append(line(form, kind, one, other, len(lines) % 60))
        forms[form] += 1

    for kind, form in (("WRONG", "halves"), ("CORRECT", "sorted pair")):
        cluster = [name() for _ in range(71)]
        for one, other in itertools.permutations(cluster, 2):
            add(form, kind, one, other)
    chains = [[name() for _ in range(4)] for _ in range(400)]
    for number, chain in enumerate(chains):
        for one, other in itertools.pairwise(chain):
            add("uuid", "POSITIVE", one, other)
        if number < 37:
            add("uuid", "NEGATIVE", chain[0], chain[3])
    while len(lines) < 12_000:
        add("sorted pair", "SIMILAR", name(), name())
    return lines, forms


def test_a_large_old_file_is_reported_right():
    lines, forms = old_file(random.Random(7))
    report = check_file("\n".join([HEADER, *lines]).encode(), "old.csv")
    assert report["rows"] == 12_000 and report["bad_rows"] == []
    assert report["by_type"]["WRONG"] == report["by_type"]["CORRECT"] == 71 * 70
    assert report["folded_verdicts"] == 2
    assert report["link_ids"] == forms
    assert report["components"] == {"count": 400, "images": 1600, "largest": 4}
    # Defect 4: "37 NEGATIVE pairs lie inside POSITIVE components and nobody was told".
    assert report["conflicts_by_kind"] == {"inside": 37}
    assert {len(row["annotations"]) for row in report["conflicts"]} == {4}
