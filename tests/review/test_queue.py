from collections import Counter
from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsig_core.annotations import Verdict
from vsig_core.clustering import Judgements, build_groups
from vsig_core.review import Evidence, rank_queue
from vsig_core.settings import ReviewSettings
from vsig_core.store.schema import schema


def clusters(reach: float = 0.05, **groups: str) -> pa.Table:
    rows = [
        {
            "uid": uid,
            "cluster": None if name == "noise" else name,
            "reachability": reach,
            "max_eps": 0.2,
        }
        for name, members in groups.items()
        for uid in members
    ]
    return pa.Table.from_pylist(rows, schema=schema("clusters"))


def links(*judged: str, contested: bool = False) -> pa.Table:
    rows = [
        {"img1": pair[0], "img2": pair[1], "verdict": verdict, "contested": contested}
        for pair, verdict in (text.split() for text in judged)
    ]
    return pa.Table.from_pylist(rows, schema=schema("links"))


def motifs(**members: str) -> pa.Table:
    rows = [{"motif": f"s-{m}", "uid": uid} for m, uids in members.items() for uid in uids]
    return pa.Table.from_pylist(rows, schema=schema("motif_members"))


def queue(table: pa.Table, evidence: Evidence, size: int = 1000) -> list[dict]:
    judged = Judgements(evidence.links, evidence.motif_members, verdicts=evidence.verdicts)
    groups = build_groups(table, judged)
    ranked = rank_queue(groups, table, evidence, ReviewSettings(queue_size=size))
    assert ranked.schema == schema("review_queue")
    return ranked.to_pylist()


def test_newcomers_beside_a_known_signature_come_first():
    evidence = Evidence(links("de POSITIVE"), motifs(m="de"), {"s-m": "Leda"})
    first, second = queue(clusters(A="abc", B="def"), evidence)
    assert (first["rank"], first["cluster"], second["cluster"]) == (1, "B", "A")
    assert first["images"][0] == "f"  # the doubtful one first
    assert first["reasons"][0] == (
        "holds the known signature “Leda”, and 1 picture that may carry it too"
    )
    assert second["reasons"][0] == "3 pictures that nobody has judged yet"


def test_disagreement_comes_before_what_nobody_has_seen():
    evidence = Evidence(links("de NEGATIVE", contested=True))
    first, second = queue(clusters(A="abc", B="de"), evidence)
    assert (first["cluster"], second["cluster"]) == ("B", "A")
    assert first["reasons"][0] == "1 pair on which judgements disagree"


def test_of_two_unseen_groups_the_tighter_is_first():
    loose = clusters(reach=0.19, A="ab").to_pylist() + clusters(reach=0.01, B="cd").to_pylist()
    first, second = queue(pa.Table.from_pylist(loose, schema=schema("clusters")), Evidence())
    assert (first["cluster"], second["cluster"]) == ("B", "A")
    assert "very much alike" in first["reasons"][1]
    assert "only loosely alike" in second["reasons"][1]


def test_a_group_whose_pairs_are_all_judged_is_done():
    assert not queue(clusters(A="ab"), Evidence(links("ab SIMILAR")))
    whole = Evidence(links("ab POSITIVE", "bc POSITIVE"), motifs(m="abc"))
    assert not queue(clusters(A="abc"), whole)


def test_a_judged_cluster_comes_back_when_a_quarter_is_new():
    evidence = Evidence(verdicts=[Verdict("1", "CORRECT", frozenset("abc"), None, None)])
    assert not queue(clusters(A="abc"), evidence)
    assert queue(clusters(A="abcx"), evidence)


def test_new_pictures_are_said_and_count():
    evidence = Evidence(new_images={"c"})
    first, second = queue(clusters(A="ab", B="cd"), evidence)
    assert first["cluster"] == "B"
    assert "1 picture arrived since last time" in first["reasons"]
    assert first["score"] > second["score"]


def test_two_signatures_in_one_group_ask_whether_they_are_one():
    evidence = Evidence(links("ab POSITIVE", "cd POSITIVE"), motifs(m="ab", n="cd"))
    (only,) = queue(clusters(A="abcd"), evidence)
    assert only["reasons"][0] == "2 known signatures meet here: are they one?"


UIDS = "abcdefgh"
PAIRS = [f"{one}{other}" for one, other in combinations(UIDS, 2)]


@given(st.sets(st.sampled_from(PAIRS)), st.dictionaries(st.sampled_from("mno"), st.text(UIDS)))
def test_pairs_still_to_be_judged_are_counted_as_one_by_one(similar: set[str], signatures: dict):
    signatures = {name: "".join(sorted(set(uids))) for name, uids in signatures.items()}
    evidence = Evidence(links(*(f"{p} SIMILAR" for p in sorted(similar))), motifs(**signatures))
    table = clusters(A=UIDS)
    groups = build_groups(table, Judgements())
    open_pairs = [
        pair
        for pair in PAIRS
        if pair not in similar and not any(set(pair) <= set(uids) for uids in signatures.values())
    ]
    ranked = rank_queue(groups, table, evidence, ReviewSettings()).to_pylist()
    assert bool(ranked) == bool(open_pairs)
    said = " ".join(reason for row in ranked for reason in row["reasons"])
    if "still to be judged" in said:
        assert f"{len(open_pairs)} pair" in said
    if "may carry it too" in said:
        carry = set("".join(signatures.values()))
        new = set("".join(open_pairs)) - carry
        assert f"and {len(new)} picture" in said


@pytest.mark.timeout(60)  # a look at each pair for each signature takes many times as long
def test_a_large_group_with_many_signatures_is_ranked():
    names = [f"{number:04}" for number in range(6000)]
    rows = [{"motif": f"s-{place // 10}", "uid": uid} for place, uid in enumerate(names[:5000])]
    evidence = Evidence(motif_members=pa.Table.from_pylist(rows, schema("motif_members")))
    groups = [{"uid": uid, "group": "A", "cluster": "A", "why": "cluster"} for uid in names]
    table = pa.Table.from_pylist(
        [{"uid": uid, "reachability": 0.1, "max_eps": 0.2} for uid in names], schema("clusters")
    )
    groups = pa.Table.from_pylist(groups, schema("groups"))
    (only,) = rank_queue(groups, table, evidence, ReviewSettings()).to_pylist()
    assert (
        only["reasons"][0] == "holds 500 known signatures, and 1000 pictures that may carry it too"
    )


def test_folded_pictures_are_not_proposed():
    table = clusters(A="abc")
    groups = build_groups(table, Judgements(representatives={"b": "a"}))
    ranked = rank_queue(groups, table, Evidence(), ReviewSettings())
    assert sorted(ranked["images"][0].as_py()) == ["a", "c"]


def test_the_queue_is_as_long_as_asked():
    assert len(queue(clusters(A="ab", B="cd", C="ef"), Evidence(), size=2)) == 2


def test_nothing_to_rank_is_an_empty_queue():
    assert queue(clusters(noise="ab"), Evidence()) == []


def neighbours(**near: str) -> pa.Table:
    """`a="b1 c3"`: b is at 0.1, c at 0.3."""
    rows = [
        {
            "uid": uid,
            "ids": [word[0] for word in words.split()],
            "distances": [int(word[1:]) / 10 for word in words.split()],
        }
        for uid, words in near.items()
    ]
    return pa.Table.from_pylist(rows, schema=schema("neighbours"))


FOUR = neighbours(a="b1 c8 d9", b="a1 c8 d8", c="d6 b8 a8", d="c6 b8 a9")


def pairs(table: pa.Table, evidence: Evidence) -> list[tuple[str, ...]]:
    return [tuple(sorted(e["images"])) for e in queue(table, evidence) if e["kind"] == "pair"]


def test_what_stands_out_from_all_else_is_asked_about_first():
    found = queue(clusters(noise="abcd"), Evidence(neighbours=FOUR))
    assert [entry["images"] for entry in found][:2] == [["a", "b"], ["c", "d"]]
    first, second = found[:2]
    # By hand: 1 - 0.1 / sqrt(0.9 * 0.8), and 1 - 0.6 / sqrt(0.8 * 0.9).
    assert first["score"] == pytest.approx(0.4 + 0.6 * (1 - 0.1 / 0.72**0.5), abs=1e-6)
    assert second["score"] == pytest.approx(0.4 + 0.6 * (1 - 0.6 / 0.72**0.5), abs=1e-6)
    assert first["reasons"][1] == "far nearer than anything else" and len(second["reasons"]) == 1


def test_a_pair_with_a_known_signature_says_so_and_shows_the_new_picture_first():
    known = Evidence(links("ce POSITIVE"), motifs(m="ce"), {"s-m": "Leda"}, neighbours=FOUR)
    entries = [e for e in queue(clusters(noise="abcde"), known) if e["kind"] == "pair"]
    entry = next(e for e in entries if set(e["images"]) == {"c", "d"})
    assert entry["images"] == ["d", "c"]
    assert entry["reasons"][0] == "one carries the known signature “Leda”: does the other too?"


@pytest.mark.parametrize("verdict", ["POSITIVE", "NEGATIVE", "SIMILAR", "DUPLICATE", "DIFFERENT"])
def test_a_judged_pair_is_never_proposed_again(verdict: str):
    judged = Evidence(links(f"ab {verdict}"), neighbours=FOUR)
    assert ("a", "b") not in pairs(clusters(noise="abcd"), judged)


def test_pictures_of_one_group_of_one_object_or_of_one_signature_are_no_pair():
    assert ("a", "b") not in pairs(clusters(A="ab", noise="cd"), Evidence(neighbours=FOUR))
    same = Evidence(neighbours=FOUR, objects={"a": "work 1", "b": "work 1"})
    assert ("a", "b") not in pairs(clusters(noise="abcd"), same)
    carried = Evidence(links("ac POSITIVE", "bc POSITIVE"), motifs(m="abc"), neighbours=FOUR)
    assert ("a", "b") not in pairs(clusters(noise="abcd"), carried)


def test_pictures_that_were_put_out_of_a_group_are_asked_about_with_one_another():
    apart = [f"{one}{other} NEGATIVE" for one in "xy" for other in "ab"]
    judged = Evidence(links("xy POSITIVE", *apart), motifs(m="xy"), neighbours=FOUR)
    assert ("a", "b") in pairs(clusters(A="abxy", noise="cd"), judged)


def test_two_photographs_of_one_picture_are_asked_about_once():
    near = neighbours(a="b0 c1", b="a0 c1", c="a1 b1")
    folded = Evidence(links("ab DUPLICATE"), neighbours=near, objects={"a": "a", "b": "a"})
    assert len(pairs(clusters(noise="abc"), folded)) == 1


@given(st.integers(0, 2**32 - 1))
def test_no_pair_is_proposed_twice_and_no_picture_in_more_than_three(seed: int):
    rng = np.random.default_rng(seed)
    uids, points = list("abcdefgh"), rng.normal(size=(8, 3))
    gaps = np.linalg.norm(points[:, None] - points[None], axis=2)
    rows = [
        {"uid": uid, "ids": [uids[j] for j in order[1:]], "distances": gaps[i][order[1:]].tolist()}
        for i, (uid, order) in enumerate(zip(uids, np.argsort(gaps, axis=1), strict=True))
    ]
    table = pa.Table.from_pylist(rows, schema=schema("neighbours"))
    found = pairs(clusters(noise="abcdefgh"), Evidence(neighbours=table))
    assert found and len(found) == len(set(found))
    assert max(Counter(uid for pair in found for uid in pair).values()) <= 3


def in_part(cells: int = 400, **scores: float) -> pa.Table:
    """Pairs, as ab=20.0, that were compared in detail; a capital B: mirrored; 400 is square."""
    rows = [
        {
            "img1": pair[0],
            "img2": pair[1].lower(),
            "score": score,
            "mirrored": pair[1].isupper(),
            "cells": cells,
        }
        for pair, score in scores.items()
    ]
    return pa.Table.from_pylist(rows, schema("pair_evidence"))


def test_what_shares_a_part_is_asked_about_though_it_is_not_near_as_a_whole():
    shared = in_part(ab=5.0, ac=6.0, ad=5.0, bC=90.0, bd=5.0, cd=5.0)
    known = Evidence(neighbours=FOUR, pair_evidence=shared)
    entries = queue(clusters(noise="abcd"), known)
    assert sorted(entries[0]["images"]) == ["b", "c"]
    assert entries[0]["reasons"][0] == "share a part, mirrored, and no group holds both"
    assert len([e for e in entries if sorted(e["images"]) == ["b", "c"]]) == 1, "once, though near"


def test_what_chance_brings_is_not_said_to_share_a_part():
    """Half the root of the 400 cells of a whole picture agrees by chance."""
    least = in_part(ab=1.0, ac=2.0, ad=1.0, bC=10.0, bd=2.0, cd=1.0)
    assert not queue(clusters(noise="abcd"), Evidence(pair_evidence=least))
    more = in_part(ab=1.0, ac=2.0, ad=1.0, bC=10.1, bd=2.0, cd=1.0)
    assert len(queue(clusters(noise="abcd"), Evidence(pair_evidence=more))) == 1


def test_a_picture_that_has_something_in_common_with_all_is_not_put_first():
    others = "bcdefghijklm"
    ornament = {f"a{other}": 30.0 for other in others}
    plain = {f"{one}{other}": 3.0 for one in "bc" for other in others[2:]}
    shared = in_part(**ornament, bc=29.0, **plain)
    entries = queue(clusters(noise="a" + others), Evidence(pair_evidence=shared))
    assert sorted(entries[0]["images"]) == ["b", "c"]
