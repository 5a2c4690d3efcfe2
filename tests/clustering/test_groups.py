import pyarrow as pa

from vsig_core.annotations import Verdict
from vsig_core.clustering import Judgements, build_groups, verdict_on
from vsig_core.store.schema import schema


def clusters(**groups: str) -> pa.Table:
    """clusters(A="ab", noise="c"): one letter for each picture."""
    rows = [
        {"uid": uid, "cluster": None if name == "noise" else name}
        for name, members in groups.items()
        for uid in members
    ]
    return pa.Table.from_pylist(
        rows, schema=pa.schema([("uid", pa.string()), ("cluster", pa.string())])
    )


def links(*judged: str, contested: bool = False) -> pa.Table:
    """links("ab POSITIVE", …)."""
    rows = [
        {"img1": pair[0], "img2": pair[1], "verdict": verdict, "contested": contested}
        for pair, verdict in (text.split() for text in judged)
    ]
    return pa.Table.from_pylist(rows, schema=schema("links"))


def motifs(**members: str) -> pa.Table:
    rows = [
        {"motif": f"s-{m}", "uid": uid, "box": None} for m, uids in members.items() for uid in uids
    ]
    return pa.Table.from_pylist(rows, schema=schema("motif_members"))


def verdict(kind: str, members: str) -> Verdict:
    return Verdict("1", kind, frozenset(members), None, None)


def shown(groups: pa.Table) -> dict[str, dict[str, str]]:
    result: dict[str, dict[str, str]] = {}
    for row in groups.to_pylist():
        result.setdefault(row["group"], {})[row["uid"]] = row["why"]
    return result


def test_without_judgements_groups_are_the_clusters():
    groups = build_groups(clusters(A="ab", B="cde", noise="f"), Judgements())
    assert groups.schema == schema("groups")
    assert shown(groups) == {
        "A": dict.fromkeys("ab", "cluster"),
        "B": dict.fromkeys("cde", "cluster"),
    }


def test_two_photographs_of_one_object_count_once():
    judged = Judgements(representatives={"a": "a", "b": "a"})
    groups = build_groups(clusters(A="abc"), judged)
    assert shown(groups) == {"A": {"a": "cluster", "c": "cluster", "b": "duplicate of a"}}
    assert not shown(build_groups(clusters(A="ab"), judged))  # nothing left to compare


def test_a_representative_may_be_missing_from_the_map_or_from_the_cluster():
    assert (
        shown(build_groups(clusters(A="abc"), Judgements(representatives={"b": "a"})))["A"]["b"]
        == "duplicate of a"
    )
    far = build_groups(
        clusters(A="bcd", noise="a"), Judgements(representatives={"b": "a", "c": "a"})
    )
    assert shown(far)["A"] == {"b": "cluster", "d": "cluster", "c": "duplicate of b"}


def test_views_of_one_work_are_hidden_folded_or_shown():
    judged = Judgements(works={"a": "w", "b": "w", "c": None, "d": None})
    table = clusters(A="abcd")
    assert shown(build_groups(table, judged, "hide"))["A"] == dict.fromkeys("acd", "cluster")
    assert shown(build_groups(table, judged, "fold"))["A"]["b"] == "same work as a"
    assert shown(build_groups(table, judged, "show"))["A"] == dict.fromkeys("abcd", "cluster")


def test_the_unticked_are_out_and_the_ticked_stay():
    no = [f"{t}{u} NEGATIVE" for t in "abc" for u in "de"]
    judged = Judgements(links=links("ab POSITIVE", "bc POSITIVE", *no))
    assert shown(build_groups(clusters(A="abcde"), judged)) == {
        "A": dict.fromkeys("abc", "cluster") | dict.fromkeys("de", "rejected")
    }


def test_two_ticked_reject_many():
    no = [f"{t}{u} DIFFERENT" for t in "ab" for u in "cdefg"]
    judged = Judgements(links=links("ab POSITIVE", *no))
    assert shown(build_groups(clusters(A="abcdefg"), judged)) == {
        "A": dict.fromkeys("ab", "cluster") | dict.fromkeys("cdefg", "rejected")
    }


def test_a_rejected_pair_is_not_shown_again():
    assert not shown(build_groups(clusters(A="ab"), Judgements(links=links("ab NEGATIVE"))))


def test_one_negative_among_many_rejects_nobody():
    judged = Judgements(links=links("ab NEGATIVE"))
    assert set(shown(build_groups(clusters(A="abcde"), judged))["A"]) == set("abcde")


def test_a_contested_negative_rejects_nobody():
    judged = Judgements(links=links("ab NEGATIVE", contested=True))
    assert shown(build_groups(clusters(A="ab"), judged))


def test_a_confirmed_motif_is_whole_across_clusters_and_noise():
    judged = Judgements(motif_members=motifs(m="abcn"))
    groups = shown(build_groups(clusters(A="abx", B="cde", noise="n"), judged))
    assert groups["A"] == dict.fromkeys("abcn", "motif") | {"x": "cluster"}
    assert groups["B"] == dict.fromkeys("cde", "cluster")


def test_a_motif_outside_clusters_is_a_group_of_its_own():
    groups = build_groups(clusters(A="xy", noise="ab"), Judgements(motif_members=motifs(m="ab")))
    rows = [row for row in groups.to_pylist() if row["group"] == "s-m"]
    assert [(row["uid"], row["cluster"], row["why"]) for row in rows] == [
        ("a", None, "motif"),
        ("b", None, "motif"),
    ]


def test_two_motifs_of_one_picture_stay_two():
    judged = Judgements(motif_members=motifs(m="abp", n="cdp"))
    groups = shown(build_groups(clusters(A="abp", B="cd"), judged))
    assert set(groups["A"]) == set("abp")
    assert set(groups["B"]) == set("cdp")


def test_a_cluster_called_wrong_is_out_until_a_quarter_is_new():
    judged = Judgements(verdicts=[verdict("WRONG", "abc")])
    assert not shown(build_groups(clusters(A="abc"), judged))
    assert not shown(build_groups(clusters(A="ab"), judged))
    assert shown(build_groups(clusters(A="abcx"), judged))


def test_a_wrong_verdict_never_hides_a_confirmed_motif():
    judged = Judgements(motif_members=motifs(m="ab"), verdicts=[verdict("WRONG", "abc")])
    assert shown(build_groups(clusters(A="abc"), judged)) == {"s-m": dict.fromkeys("ab", "motif")}


def test_the_latest_verdict_stands():
    both = [verdict("WRONG", "abc"), verdict("CORRECT", "abc")]
    assert verdict_on("abc", both) == both[1]
    assert verdict_on("wxyz", both) is None


def test_a_verdict_comes_back_only_when_a_quarter_of_the_members_are_new():
    known = [verdict("WRONG", "abcdef")]
    for members in ("abcdef", "ab", "abcdefx"):
        assert verdict_on(members, known) == known[0], members
    for members in ("abcdefxy", "xyz", ""):
        assert verdict_on(members, known) is None, members
