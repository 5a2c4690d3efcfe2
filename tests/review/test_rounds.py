"""What a round of learning changed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from vsig_core.clustering import changes_between, replay
from vsig_core.review.rounds import clusters_changed, links_held, newest_contest
from vsig_core.store import Provenance, Store, schema

DAY = datetime(2026, 3, 1, tzinfo=UTC)


def made(table: str, *rows: dict[str, Any]) -> pa.Table:
    names = schema(table).names
    return pa.Table.from_pylist(
        [{name: row.get(name) for name in names} for row in rows], schema=schema(table)
    )


def model(model_id: str, status: str, origin: str, day: int, reason: str = "") -> dict[str, Any]:
    return {
        "model_id": model_id,
        "status": status,
        "origin": origin,
        "created_at": DAY + timedelta(days=day),
        "reason": reason,
    }


def figure(candidate: str, subject: str, split: str, metric: str, value: float, links: int = 3):
    return {
        "model_id": candidate,
        "subject": subject,
        "split": split,
        "metric": metric,
        "links_version": links,
        "value": value,
        "ci_low": value - 0.1,
        "ci_high": value + 0.1,
        "n": 12,
    }


def test_before_is_the_model_that_was_in_force_and_never_a_baseline():
    models = made(
        "models",
        model("m-0", "retired", "pretrained", 0, "replaced by m-a"),
        model("m-a", "retired", "trained", 0, "replaced by m-b"),
        model("m-b", "champion", "trained", 1, "better"),
    )
    evaluations = made(
        "evaluations",
        figure("m-b", "m-b", "val", "map", 0.5),
        figure("m-b", "m-a", "val", "map", 0.4),
        figure("m-b", "m-0", "val", "map", 0.2),
        figure("m-b", "grey16", "val", "map", 0.1),
        figure("m-b", "m-b", "val", "map_difference", 0.1),
        figure("m-b", "m-b", "val", "map", 0.9, links=2),
    )
    contest = newest_contest(models, evaluations)
    assert contest is not None
    assert (contest.model_id, contest.against, contest.promoted) == ("m-b", "m-a", True)
    (held,) = contest.held_out
    assert held.before is not None
    assert (held.before.value, held.after.value) == (0.4, 0.5), "of the newest links"
    assert contest.difference is not None
    assert (contest.difference.low, contest.difference.n) == (pytest.approx(0.0), 12)


def test_a_rejected_candidate_is_told_with_its_reason():
    models = made(
        "models",
        model("m-a", "champion", "pretrained", 0),
        model("m-b", "rejected", "trained", 1, "not better"),
    )
    contest = newest_contest(models, made("evaluations"))
    assert contest is not None
    assert (contest.promoted, contest.reason) == (False, "not better")
    assert (contest.held_out, contest.difference, contest.against) == ((), None, "m-a")


def test_before_the_first_training_there_is_no_contest():
    models = made("models", model("m-a", "champion", "pretrained", 0))
    assert newest_contest(models, made("evaluations")) is None


def link(one: str, other: str, verdict: str, contested: object = False) -> dict[str, Any]:
    return {"img1": one, "img2": other, "verdict": verdict, "contested": contested}


def test_links_by_what_the_clusters_do_with_them():
    links = made(
        "links",
        link("a", "b", "POSITIVE"),
        link("a", "c", "POSITIVE"),
        link("d", "e", "NEGATIVE"),
        link("d", "f", "DIFFERENT"),
        link("n", "o", "POSITIVE"),
        link("a", "d", "SIMILAR"),
        link("b", "c", "NEGATIVE", contested=True),
    )
    before = {"a": "1", "b": "2", "c": "1", "d": "3", "e": "3", "f": "4", "n": None, "o": None}
    now = {"a": "1", "b": "1", "c": "2", "d": "3", "e": None, "f": "3", "n": None, "o": None}
    held = links_held(links, before, now)
    assert held.now_hold == (("a", "b"),)
    assert held.no_longer_hold == (("a", "c"),)
    assert held.now_apart == (("d", "e"),)
    assert held.now_together == (("d", "f"),)
    assert held.confirmed == (3, 1, 1), "two that are in no cluster are not together"
    assert held.rejected == (2, 1, 1)


def clusters(of: dict[str, str | None], model_id: str) -> pa.Table:
    return made(
        "clusters",
        *[{"uid": uid, "cluster": name, "model_id": model_id} for uid, name in of.items()],
    )


def test_clusters_are_compared_with_those_of_the_model_before(tmp_path: Path):
    store = Store(str(tmp_path / "store"))
    by = Provenance("clusters")
    first = {"a": "x", "b": "x", "c": "x", "d": "x", "e": None}
    last = {"a": "x", "b": "x", "c": "y", "d": "y", "e": None}
    assert clusters_changed(store) is None
    store.write("clusters", clusters(first, "m-a"), by)
    assert clusters_changed(store) is None
    store.write("clusters", clusters(last, "m-b"), by)
    store.write("clusters", clusters(last, "m-b"), by)
    store.write("links", made("links", link("a", "c", "NEGATIVE")), Provenance("morphograph"))
    found = clusters_changed(store)
    assert found is not None
    assert (found.before[0], found.before[2], found.now[0], found.now[2]) == (0, "m-a", 2, "m-b")
    assert found.links.now_apart == (("a", "c"),)
    assert [change.cluster for change in found.events("split")] == ["x"]
    assert [change.cluster for change in found.events("born")] == ["y"]


def test_of_one_model_the_version_before_is_compared(tmp_path: Path):
    store = Store(str(tmp_path / "store"))
    for names in ({"a": "x", "b": "x"}, {"a": "x", "b": "x", "c": "x"}):
        store.write("clusters", clusters(names, "m-a"), Provenance("clusters"))
    found = clusters_changed(store)
    assert found is not None
    assert [change.event for change in found.changes] == ["grew"]


def test_changes_over_several_versions_are_those_that_lead_from_the_first_to_the_last():
    first = {"a": "x", "b": "x", "c": "x", "d": "x", "e": "z", "f": "z"}
    last = {"a": "x", "b": "x", "c": "y", "d": "y", "e": "x", "f": "x"}
    assert replay(first, changes_between(first, last)) == last
