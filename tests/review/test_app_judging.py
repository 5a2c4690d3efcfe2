"""Judging in the review app: what is shown, what a click writes, that nothing is lost."""

import errno
import html
import json
import os
import re
import time
from collections import Counter
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pyarrow as pa
import pytest
from conftest import Browser
from judging_project import ALONE, HOSTILE, MANY, NOW, PAIR, SEVEN, THREE, write_images
from live_server import rows_in

from vsig_core.current import current_images
from vsig_core.project import Project
from vsig_core.review.app.pages.acts import pairs_of
from vsig_core.store import Provenance, schema


def shown_in(page: str) -> list[str]:
    """Uids of the cards, in their order."""
    return [
        html.unescape(uid) for uid in re.findall('<li class="card[^"]*" data-uid="([^"]*)"', page)
    ]


def test_the_queue_shows_every_group_with_its_reason(anna):
    page = anna.get("/").text
    assert "4 groups among 90 pictures" in page
    assert page.count("that nobody has judged yet") == 4


def test_the_doubtful_come_first_and_the_middle_last(anna):
    shown = shown_in(anna.get("/cluster/cl-seven").text)
    # On a line of seven the two ends are three steps from the middle.
    assert shown[:2] == [SEVEN[0], SEVEN[6]] and shown[-1] == SEVEN[3]


def test_up_to_twelve_pictures_are_ticked_beforehand_and_above_none(anna):
    assert anna.get("/cluster/cl-seven").text.count(" checked>") == 7
    many = anna.get("/cluster/cl-many").text
    assert len(shown_in(many)) == 76 and " checked>" not in many


def test_four_of_seven_ticked_write_six_pairs_and_say_nothing_of_the_others(anna, project: Project):
    said = anna.judge(
        1, "same", ticked=SEVEN[:4], unticked=SEVEN[4:], cluster="cl-seven", motif="a putto"
    )
    assert said.json()["said"] == "same signature, 6 pairs"
    rows = rows_in(project)
    assert {(row["img1"], row["img2"]) for row in rows} == set(combinations(SEVEN[:4], 2))
    assert {row["type"] for row in rows} == {"POSITIVE"}
    assert {row["annotator"] for row in rows} == {"Anna"}
    assert {row["motif"] for row in rows} == {"a putto"}
    assert all(row["made_at"] and row["sha1"] and row["sha2"] for row in rows)


def test_only_on_saying_so_the_unticked_become_negative(anna, project: Project):
    anna.judge(1, "same", ticked=SEVEN[:4], unticked=SEVEN[4:], unticked_are_not=True)
    kinds = Counter(row["type"] for row in rows_in(project))
    assert kinds == {"POSITIVE": 6, "NEGATIVE": 12}


@pytest.mark.parametrize(
    ("kind", "denied", "expected"),
    [
        ("same", False, {"POSITIVE": 3}),
        ("same", True, {"POSITIVE": 3, "NEGATIVE": 12}),
        ("similar", False, {"SIMILAR": 3}),
        ("similar", True, {"SIMILAR": 3, "DIFFERENT": 12}),
        ("duplicate", False, {"DUPLICATE": 3}),
        ("not_duplicate", False, {"NOT_DUPLICATE": 3}),
        ("unsure", False, {"UNSURE": 3}),
        ("right", False, {"CORRECT": 1}),
        ("wrong", False, {"WRONG": 1}),
    ],
)
def test_each_judgement_writes_the_rows_of_the_design(
    anna, project: Project, kind: str, *, denied: bool, expected: dict[str, int]
):
    done = anna.judge(1, kind, ticked=SEVEN[:3], unticked=SEVEN[3:], unticked_are_not=denied)
    assert done.status_code == 200
    assert Counter(row["type"] for row in rows_in(project)) == expected


def test_what_the_button_says_is_what_is_written():
    assert pairs_of(4, 0) == 6 and pairs_of(4, 3) == 18 and pairs_of(2, 0) == 1


def test_an_act_says_where_it_was_made(anna, project: Project):
    anna.judge(1, "same", ticked=THREE[:2], unticked=THREE[2:], cluster="cl-three")
    context = json.loads(rows_in(project)[0]["context"])
    assert context["cluster"] == "cl-three" and context["members"] == THREE
    assert context["versions"]["groups"] == 0 and context["versions"]["review_queue"] == 0


def test_a_second_sending_of_one_act_writes_nothing_twice(anna, project: Project):
    for _ in range(3):
        assert anna.judge(1, "same", ticked=PAIR).status_code == 200
    assert len(rows_in(project)) == 1


def test_a_second_sending_after_a_run_took_the_file_writes_nothing(
    anna, open_browser, project: Project
):
    anna.judge(1, "same", ticked=PAIR)
    (name,) = [file.name for file in project.inbox.list()]
    project.inbox.write(f"done/{name}", project.inbox.read(name) or b"")
    project.inbox.remove(name)
    assert open_browser().judge(1, "same", ticked=PAIR).status_code == 200
    assert rows_in(project) == []


def test_a_judgement_that_waits_shows_at_once_in_a_second_browser_and_after_a_restart(
    anna, open_browser
):
    anna.judge(1, "same", ticked=SEVEN[:4], cluster="cl-seven")
    for browser in (anna, open_browser("Luca")):
        page = browser.get("/cluster/cl-seven").text
        assert "same signature, 6 pairs" in page
        assert page.count("linked with 3 others by Anna") == 4
        assert "judged by Anna" in browser.get("/").text


def test_undo_goes_to_any_depth_and_keeps_what_was_said(anna, project: Project):
    anna.judge(1, "same", ticked=SEVEN[:4], cluster="cl-seven")
    anna.judge(2, "wrong", ticked=THREE, cluster="cl-three")
    for n, expected in ((3, 2), (4, 1)):
        newest = anna.get("/history.json").json()["acts"][0]["act"]
        assert newest == f"a-{expected:032x}"
        assert anna.judge(n, "undo", target=newest).status_code == 200
    assert anna.get("/history.json").json() == {"acts": []}
    page = anna.get("/cluster/cl-seven").text
    assert "linked with" not in page and "Said here" not in page
    assert Counter(row["type"] for row in rows_in(project)) == {
        "POSITIVE": 6, "WRONG": 1, "RETRACT": 2,
    }  # fmt: skip


def test_what_others_said_is_not_undone_here(anna, open_browser):
    anna.judge(1, "same", ticked=PAIR)
    refused = open_browser("Luca").judge(2, "undo", target=f"a-{1:032x}")
    assert refused.status_code == 400 and "yourself" in refused.json()["error"]


def test_the_same_photograph_counts_once_and_undoing_brings_it_back(anna):
    anna.judge(1, "duplicate", ticked=THREE[:2], cluster="cl-three")
    page = anna.get("/cluster/cl-three").text
    assert len(shown_in(page)) == 2 and "also stands for 1 photograph of the same" in page
    anna.judge(2, "undo", target=f"a-{1:032x}")
    assert len(shown_in(anna.get("/cluster/cl-three").text)) == 3


def test_a_group_of_76_called_wrong_is_one_row(anna, project: Project):
    said = anna.judge(1, "wrong", ticked=MANY, cluster="cl-many")
    assert said.json()["said"] == "the group is wrong"
    (row,) = rows_in(project)
    assert row["members"] == MANY and row["img1"] is None
    assert "The group is wrong, Anna" in anna.get("/cluster/cl-many").text


def test_what_one_was_unsure_of_is_not_shown_again_to_this_person_alone(anna, open_browser):
    anna.judge(1, "unsure", ticked=PAIR, cluster="cl-pair")
    assert "cl-pair" not in anna.get("/").text
    assert "cl-pair" in open_browser("Luca").get("/").text


def test_not_yet_judged_by_me_is_about_me(anna, open_browser):
    anna.judge(1, "same", ticked=PAIR, cluster="cl-pair")
    assert "cl-pair" not in anna.get("/?only=mine").text
    assert "cl-pair" in open_browser("Luca").get("/?only=mine").text


def test_the_list_is_sorted_as_asked(anna):
    keys = re.findall(r'href="/cluster/(cl-\w+)\?', anna.get("/?sort=size").text)
    assert keys == ["cl-many", "cl-seven", "cl-three", "cl-pair"]


def test_hostile_metadata_is_text(anna):
    for path in ("/cluster/cl-seven", f"/record?uid={SEVEN[0]}"):
        page = anna.get(path).text
        assert HOSTILE not in page and html.escape(HOSTILE, quote=False)[:11] in page
        assert "javascript:" not in page


@pytest.mark.parametrize("uid", ALONE)
def test_pictures_of_any_name_have_their_record(anna, uid: str):
    page = anna.get("/record", params={"uid": uid})
    assert page.status_code == 200 and f"Title of {uid}" in html.unescape(page.text)
    assert anna.get("/picture", params={"uid": uid, "size": "grid"}).status_code == 200


def test_why_here_is_the_chain_of_nearest_pictures(anna):
    chain = anna.get("/record", params={"uid": SEVEN[2]}).text.split("Why here?")[1]
    assert chain.index(f"Title of {SEVEN[2]}") < chain.index(f"Title of {SEVEN[1]}")
    assert "at 0.029" in chain and "nearer than 0.200" in chain  # 0.2 / 7


def test_zoom_gives_the_original_and_says_when_it_cannot(anna, finished: Path, tmp_path: Path):
    found = anna.get("/zoom", params={"uid": THREE[0]}).json()
    assert (found["width"], found["height"], found["note"]) == (1200, 900, None)
    assert [level["side"] for level in found["levels"]] == [1024, 1200]
    whole = anna.get(found["levels"][-1]["src"])
    assert whole.headers["Content-Type"] == "image/jpeg" and len(whole.content) > 1000


def test_an_original_that_changed_since_is_not_shown(anna, finished: Path):
    place = finished / "pictures" / PAIR[0]
    before = place.read_bytes()
    place.write_bytes(before + b" ")
    try:
        found = anna.get("/zoom", params={"uid": PAIR[0]}).json()
        assert "changed since" in found["note"]
        assert anna.get("/original", params={"uid": PAIR[0], "side": 2048}).status_code == 400
    finally:
        place.write_bytes(before)


def test_a_full_disk_is_told_and_the_second_try_saves(
    anna, project: Project, monkeypatch: pytest.MonkeyPatch
):
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        refused = anna.judge(1, "same", ticked=PAIR)
    assert refused.status_code == 507 and "the disk is full" in refused.json()["error"]
    assert rows_in(project) == [] and anna.get("/history.json").json() == {"acts": []}
    assert anna.judge(1, "same", ticked=PAIR).status_code == 200
    assert len(rows_in(project)) == 1


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"kind": "same", "ticked": [SEVEN[0]]}, "at least 2 pictures"),
        ({"kind": "same", "ticked": ["a", "b"]}, "There is no picture"),
        ({"kind": "hate", "ticked": PAIR}, "no judgement"),
        ({"kind": "same", "ticked": PAIR, "unticked": [PAIR[0]]}, "both ticked and unticked"),
        ({"kind": "undo", "target": "a-nothing"}, "yourself"),
        ({"kind": "same", "ticked": PAIR, "more": 1}, "more"),
    ],
)
def test_what_cannot_be_said_is_refused_in_words(anna, project: Project, wish: dict, said: str):
    refused = anna.judge(1, **wish)
    assert refused.status_code in (400, 404) and said in refused.json()["error"]
    assert rows_in(project) == []


def test_signs_that_no_file_takes_leave_the_name_of_a_signature(anna, project: Project):
    assert anna.judge(1, "same", ticked=PAIR, motif="putto\x00 \n at rest ").status_code == 200
    (row,) = rows_in(project)
    assert row["motif"] == "putto at rest"


def test_what_could_not_be_read_again_is_not_written(anna, project: Project):
    refused = anna.judge(1, "settle", target="k-1\x00", note="POSITIVE")
    assert refused.status_code == 400 and list(project.inbox.list()) == []


def test_two_who_judge_a_pair_differently_both_stand(anna, open_browser, project: Project):
    anna.judge(1, "same", ticked=PAIR)
    open_browser("Luca").judge(2, "same", ticked=[PAIR[0], THREE[0]], unticked=[PAIR[1]],
                               unticked_are_not=True)  # fmt: skip
    said = {(row["annotator"], row["type"], row["img1"], row["img2"]) for row in rows_in(project)}
    assert ("Anna", "POSITIVE", *PAIR) in said and len(said) == 4


def test_pictures_that_a_person_chose_are_judged_as_a_group_is(anna: Browser, project: Project):
    chosen = [SEVEN[0], THREE[0], ALONE[1]]
    page = anna.get("/set", params={"uid": chosen}).text
    assert set(shown_in(page)) == set(chosen) and "3 pictures that you chose" in page
    assert 'data-kind="wrong"' not in page, "a verdict is on a group"
    assert anna.judge(1, "same", ticked=chosen).status_code == 200
    assert "linked with 2 others by Anna" in anna.get("/set", params={"uid": chosen}).text


@pytest.mark.parametrize(
    ("chosen", "said"),
    [([], "got 0"), (THREE[:1], "got 1"), (MANY, "got 76"), ([*PAIR, "nope"], "no picture")],
)
def test_what_cannot_be_judged_together_is_a_clear_page(anna: Browser, chosen: list, said: str):
    refused = anna.get("/set", params={"uid": chosen})
    assert refused.status_code in (400, 404) and said in refused.text


def test_an_unknown_group_is_a_clear_page(anna):
    lost = anna.get("/cluster/cl-nothing")
    assert lost.status_code == 404 and "no group" in lost.text


def test_the_estimate_of_what_is_left_follows_the_last_judgements(anna):
    for n, uid in enumerate(SEVEN[:4], start=1):
        anna.judge(n, "same", ticked=[uid, SEVEN[6]], cluster="cl-seven")
    assert "After 5 judgements" in anna.get("/").text
    anna.judge(5, "wrong", ticked=THREE, cluster="cl-three")
    # Two of the four groups are left: 2 × (4 + 1) / (5 + 2) = 1.4.
    assert "4 of your last 5 judgements" in anna.get("/").text
    assert "of the 2 left, about 1 may hold one" in anna.get("/").text


def test_the_app_moves_to_newer_versions_and_the_open_list_stays(
    anna, open_browser: Callable, project: Project
):
    from judging_project import write_results

    opened = re.search(r"edition=(\w+)", anna.get("/").text)
    assert opened
    write_results(project, {"cl-three": THREE}, [*SEVEN, *PAIR, *MANY, *ALONE])
    newer = open_browser()
    assert "1 group among" in newer.get("/").text


def test_what_i_said_leads_back_to_where_i_said_it(anna: Browser):
    anna.judge(1, "same", ticked=THREE, cluster="cl-three")
    anna.judge(2, "not_same", ticked=PAIR, cluster="p-0123456789abcdef")
    anna.judge(3, "similar", ticked=ALONE)
    page = anna.get("/history").text
    links = [
        html.unescape(link) for link in re.findall('href="(/cluster/[^"]*|/pair[?][^"]*)"', page)
    ]
    assert len(links) == 3
    assert [anna.get(link).status_code for link in links] == [200] * 3


def test_what_waits_in_the_inbox_is_shown_at_pictures_that_have_moved_since(
    open_browser: Callable[..., Browser], project: Project
):
    first = open_browser("Anna")
    assert first.judge(1, "same", ticked=THREE[:2]).status_code == 200
    moved = {uid: f"moved/{uid}" for uid in THREE}
    move(project, moved)
    one, other = moved[THREE[0]], moved[THREE[1]]
    pair = f"/pair?a={one}&b={other}"
    assert "Same signature, Anna" in open_browser("Luca").get(pair).text, "a new server"
    until(lambda: "Same signature, Anna" in first.get(pair).text)
    # A file of somebody who still has the old names comes to a server that is up.
    text = f"type,img1,img2,annotator,made_at\nNEGATIVE,{THREE[1]},{THREE[2]},Mia,2026-03-05\n"
    project.inbox.write("late.csv", text.encode())
    pair = f"/pair?a={other}&b={moved[THREE[2]]}"
    until(lambda: "Not the same signature, Mia" in first.get(pair).text)


def test_what_was_seen_is_judged_though_a_run_replaced_it_or_took_it_away(
    anna: Browser, project: Project
):
    (seen,) = re.findall('name="edition" content="([^"]+)"', anna.get("/cluster/cl-three").text)
    rows = current_images(project.store).to_pylist()
    contents = {row["uid"]: row["sha256"] for row in rows}
    left = [row for row in rows if row["uid"] != THREE[2]]
    write_images(project, [r | {"sha256": "f" * 64} if r["uid"] == THREE[1] else r for r in left])
    until(lambda: seen not in anna.get("/cluster/cl-three").text)
    assert anna.judge(1, "same", ticked=THREE, edition=seen).status_code == 200
    written = rows_in(project)
    judged = {row[f"img{n}"]: row[f"sha{n}"] for row in written for n in (1, 2)}
    assert judged == {uid: contents[uid] for uid in THREE}
    assert json.loads(written[0]["context"])["edition"] == seen
    assert anna.judge(2, "same", ticked=THREE).status_code == 404, "on a page of today"


def move(project: Project, names: dict[str, str]) -> None:
    """What a run writes when files have other names."""
    rows = current_images(project.store).to_pylist()
    rows = [{**row, "uid": names.get(row["uid"], row["uid"])} for row in rows]
    aliases = [
        {"old_uid": old, "uid": new, "reason": "moved", "at": NOW} for old, new in names.items()
    ]
    table = pa.Table.from_pylist(aliases, schema("aliases"))
    project.store.append("aliases", table, Provenance("images"))
    write_images(project, rows)


def until(holds: Callable[[], bool]) -> None:
    """Wait for what an open app does by itself within some seconds."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)
