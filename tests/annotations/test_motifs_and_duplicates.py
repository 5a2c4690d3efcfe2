from annotation_rows import groups, motifs, row, table, verdicts

from vsig_core.annotations import build_morphograph, representatives

LEFT, LEFT_TOO, RIGHT = "0,0,0.3,0.5", "0.05,0,0.3,0.5", "0.6,0,0.3,0.5"


def test_links_that_meet_in_an_image_are_one_motif():
    graph = build_morphograph([row("POSITIVE", "a", "x"), row("POSITIVE", "b", "x")])
    assert motifs(graph) == {frozenset("abx")}


def test_two_signatures_in_one_painting_stay_two_where_their_boxes_are_disjoint():
    rows = [
        row("POSITIVE", "a", "x", box2=LEFT),
        row("POSITIVE", "b", "x", box2=LEFT_TOO),
        row("POSITIVE", "c", "x", box2=RIGHT),
    ]
    graph = build_morphograph(rows)
    assert motifs(graph) == {frozenset("abx"), frozenset("cx")}
    assert groups(graph) == {frozenset("abcx")}
    boxes = {one["box"] for one in graph.motif_members.to_pylist() if one["uid"] == "x"}
    assert boxes == {LEFT_TOO, RIGHT} or boxes == {LEFT, RIGHT}


def test_two_signatures_stay_two_where_people_named_them_differently():
    rows = [
        row("POSITIVE", "a", "x", motif="putto"),
        row("POSITIVE", "b", "x", motif="putto"),
        row("POSITIVE", "c", "x", motif="horse"),
    ]
    graph = build_morphograph(rows)
    assert motifs(graph) == {frozenset("abx"), frozenset("cx")}
    assert set(graph.motifs["name"].to_pylist()) == {"putto", "horse"}


def test_a_link_without_box_joins_the_one_motif_that_it_meets():
    rows = [row("POSITIVE", "a", "x", box2=LEFT), row("POSITIVE", "b", "x")]
    assert motifs(build_morphograph(rows)) == {frozenset("abx")}


def test_a_link_without_box_merges_no_two_motifs_and_its_other_end_decides():
    rows = [
        row("POSITIVE", "a", "x", box2=LEFT),
        row("POSITIVE", "c", "x", box2=RIGHT),
        row("POSITIVE", "d", "x"),
    ]
    assert motifs(build_morphograph(rows)) == {
        frozenset("ax"),
        frozenset("cx"),
        frozenset("dx"),
    }
    told = [*rows, row("POSITIVE", "a", "d")]
    assert motifs(build_morphograph(told)) == {frozenset("adx"), frozenset("cx")}


def test_a_person_s_one_name_joins_what_is_disjoint():
    rows = [
        row("POSITIVE", "a", "x", box2=LEFT, motif="putto"),
        row("POSITIVE", "c", "x", box2=RIGHT, motif="putto"),
    ]
    assert motifs(build_morphograph(rows)) == {frozenset("acx")}


def test_a_box_over_everything_merges_no_two_motifs():
    rows = [
        row("POSITIVE", "a", "x", box2=LEFT),
        row("POSITIVE", "b", "x", box2=RIGHT),
        row("POSITIVE", "c", "x", box2="0,0,0.8,1"),
    ]
    found = motifs(build_morphograph(rows))
    assert len(found) == 2
    assert not any({"a", "b"} <= motif for motif in found)


def test_motifs_keep_their_ids_when_links_come_and_when_they_merge():
    rows = [row("POSITIVE", "a", "b", day=2), row("POSITIVE", "x", "y", day=1)]
    first = build_morphograph(rows)
    ids = {one["uid"]: one["motif"] for one in first.motif_members.to_pylist()}
    more = [*rows, row("POSITIVE", "0", "a", day=0), row("POSITIVE", "1", "a", day=0)]
    grown = build_morphograph(more, previous_motif_members=first.motif_members)
    now = {one["uid"]: one["motif"] for one in grown.motif_members.to_pylist()}
    assert now["0"] == now["1"] == ids["a"]
    assert now["x"] == ids["x"]
    merged = build_morphograph(
        [*more, row("POSITIVE", "a", "x", day=3)], previous_motif_members=grown.motif_members
    )
    assert set(merged.motif_members["motif"].to_pylist()) == {ids["a"]}


def test_without_memory_a_motif_is_named_by_its_oldest_link():
    rows = [row("POSITIVE", "m", "n", day=1)]
    later = [*rows, row("POSITIVE", "a", "m", day=2)]
    one, other = build_morphograph(rows), build_morphograph(later)
    assert one.motifs["motif"].to_pylist() == other.motifs["motif"].to_pylist()


def test_duplicates_stand_behind_the_one_that_people_linked():
    graph = build_morphograph(
        [row("DUPLICATE", "a", "b"), row("DUPLICATE", "b", "c"), row("POSITIVE", "c", "z")]
    )
    assert representatives(graph.links) == {"a": "c", "b": "c", "c": "c"}


def test_links_of_duplicates_meet():
    rows = [row("DUPLICATE", "x", "y"), row("POSITIVE", "a", "x"), row("POSITIVE", "b", "y")]
    graph = build_morphograph(rows)
    assert groups(graph) == motifs(graph) == {frozenset("abxy")}


def test_equal_contents_fold_by_themselves_and_reversibly():
    hashes = {"a": "1", "b": "1", "c": "2"}
    assert representatives(table_links(), hashes) == {"a": "a", "b": "a"}
    assert representatives(table_links(row("NOT_DUPLICATE", "a", "b")), hashes) == {}


def test_contested_and_retracted_duplicates_do_not_fold():
    doubted = [row("DUPLICATE", "a", "b", by="anna"), row("NOT_DUPLICATE", "a", "b", by="luca")]
    assert representatives(table_links(*doubted)) == {}
    undone = [row("DUPLICATE", "a", "b", id="1"), row("RETRACT", retracts="1")]
    assert representatives(table_links(*undone)) == {}


def test_a_not_duplicate_between_pictures_that_duplicates_join_is_a_conflict():
    rows = [
        row("DUPLICATE", "a", "b", id="1"),
        row("DUPLICATE", "b", "c", id="2"),
        row("NOT_DUPLICATE", "a", "c", id="3"),
    ]
    graph = build_morphograph(rows)
    assert verdicts(graph)["a c"] == "NOT_DUPLICATE?"
    assert graph.conflicts["annotations"].to_pylist() == [["3", "1", "2"]]


def test_a_negative_between_equal_contents_is_a_conflict():
    graph = build_morphograph([row("NEGATIVE", "a", "b")], hashes={"a": "1", "b": "1"})
    assert verdicts(graph) == {"a b": "NEGATIVE?"}


def table_links(*rows):
    return build_morphograph(table(*rows)).links
