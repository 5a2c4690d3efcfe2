"""Where things come from, and what comes from them."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import Result
from typer.testing import CliRunner

from vsig_core.cli import build
from vsig_core.errors import InputError, UnknownImageError
from vsig_core.project import init_project
from vsig_core.store import Provenance, Store, empty, schema
from vsig_core.tracing import (
    descent,
    lineage,
    trace_cluster,
    trace_image,
    trace_link,
    trace_model,
)


def test_a_step_that_continues_itself_is_not_followed_through_all_its_past(tmp_path: Path):
    store = Store(str(tmp_path))
    for round_ in range(4):
        store.write("vectors", empty("vectors"), Provenance("vectors"))
        inputs = {"vectors": round_}
        if round_:
            inputs |= {"clusters": round_ - 1, "cluster_ids": round_ - 1}
        made = Provenance("clusters", inputs=inputs)
        store.append("cluster_ids", empty("cluster_ids"), made)
        store.write("clusters", empty("clusters"), made)
    tree = lineage(store, "clusters")
    assert tree is not None and (tree["table"], tree["version"]) == ("clusters", 3)
    assert [(node["table"], node["version"]) for node in tree["inputs"]] == [("vectors", 3)]


WHEN = datetime(2026, 3, 2, tzinfo=UTC)


def put(store: Store, name: str, rows: list[dict], made: Provenance) -> int:
    partition = dict(word.split("=") for word in made.partition.split(",") if word)
    return store.write(name, pa.Table.from_pylist(rows, schema(name)), made, partition=partition)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Three pictures, two judgements of which one was taken back, a network, a cluster."""
    made = Store(str(tmp_path))
    images = [
        {"uid": uid, "batch": "b-1", "sha256": f"sha {uid}", "uri": f"/art/{uid}"}
        for uid in ("a", "b", "c")
    ]
    put(made, "images", images, Provenance("images", run_id="run 1", partition="batch=b-1"))
    corpus = [{"batch": "b-1", "version": 0}]
    put(made, "corpus", corpus, Provenance("corpus", {"images": 0}, run_id="run 2"))
    log = [
        {"annotation_id": "1", "type": "POSITIVE", "img1": "a", "img2": "b", "annotator": "Anna",
         "file": "one.csv", "row": 2, "made_at": WHEN},
        {"annotation_id": "2", "type": "NEGATIVE", "img1": "a", "img2": "c", "annotator": "Luca",
         "file": "two.csv", "row": 2, "made_at": WHEN},
        {"annotation_id": "3", "type": "RETRACT", "retracts": "2", "file": "two.csv", "row": 3},
    ]  # fmt: skip
    put(made, "annotations", log, Provenance("annotations", run_id="run 3"))
    links = [{"img1": "a", "img2": "b", "verdict": "POSITIVE"}]
    graph = Provenance("morphograph", {"annotations": 0, "corpus": 0}, run_id="run 3")
    put(made, "links", links, graph)
    parts = [{"uid": uid, "component": "c-1", "split": "train"} for uid in ("a", "b")]
    put(made, "components", parts, graph)
    triplets = [{"anchor": "a", "positive": "b", "negative": "c", "split": "train"}]
    mined = Provenance("triplets", {"links": 0}, run_id="run 4", data_version="t-1")
    put(made, "triplets", triplets, mined)
    models = [
        {"model_id": "m-1", "origin": "trained", "trained_on": "t-1", "status": "champion"},
    ]
    trained = Provenance("candidate_model", {"triplets": 0}, run_id="run 4", data_version="m-1")
    put(made, "models", models, trained)
    gate = {"candidate": "m-1", "promoted": True, "why": "not worse"}
    decided = Provenance("model", {"models": 0}, run_id="run 4", data_version="m-1", facts=gate)
    put(made, "models", models, decided)
    clusters = [
        {"uid": uid, "cluster": "cl-1" if uid != "c" else None, "model_id": "m-1"}
        for uid in ("a", "b", "c")
    ]
    clustered = Provenance("clusters", {"images": 0, "models": 1}, run_id="run 5")
    put(made, "clusters", clusters, clustered)
    queue = [{"rank": 1, "kind": "pair", "images": ["a", "c"]}]
    put(made, "review_queue", queue, Provenance("review_queue", {"clusters": 0}, run_id="run 5"))
    return made


def below(node: dict, name: str) -> list[str]:
    """Tables of a tree, from the top."""
    parts = node[name] if isinstance(node[name], list) else []
    return [node["table"], *(table for part in parts for table in below(part, name))]


def test_a_link_is_traced_to_people_and_files_and_on_to_what_learnt_from_it(store: Store):
    found = trace_link(store, "b", "a")
    assert found["link"]["verdict"] == "POSITIVE"
    assert found["comes_from"]["people"] == ["Anna"]
    assert found["comes_from"]["annotation_files"] == ["one.csv"]
    assert found["leads_to"]["component"] == ["c-1"] and found["leads_to"]["triplets"] == 1
    (learnt,) = found["leads_to"]["models"]
    assert (learnt["model"], learnt["triplets"]) == ("m-1", 1)
    assert below(found["lineage"], "inputs") == ["links", "annotations", "corpus", "images"]
    assert below(found["descent"], "outputs") == [
        "links", "triplets", "models", "clusters", "review_queue",
    ]  # fmt: skip


def test_a_judgement_that_was_taken_back_is_shown_as_such(store: Store):
    found = trace_link(store, "a", "c")
    assert found["link"] is None
    assert [(row["annotator"], row["in_force"]) for row in found["judgements"]] == [("Luca", False)]


def test_a_picture_is_traced_to_its_file_and_to_all_that_names_it(store: Store):
    found = trace_image(store, "a")
    assert found["comes_from"]["pictures"] == ["/art/a"]
    assert found["comes_from"]["people"] == ["Anna", "Luca"]
    behind = {run["run_id"] for run in found["comes_from"]["runs"]}
    assert behind >= {"run 1", "run 4", "run 5"}
    assert found["leads_to"]["links"] == ["a ~ b POSITIVE"]
    assert found["leads_to"]["review_queue"] == [1]
    assert found["cluster"]["cluster"] == "cl-1"
    assert below(found["descent"], "outputs")[:2] == ["images", "corpus"]


def test_a_cluster_is_traced_to_its_files_and_to_what_people_are_shown(store: Store):
    found = trace_cluster(store, "cl-1")
    assert found["images"] == ["a", "b"]
    assert found["comes_from"]["pictures"] == ["/art/a", "/art/b"]
    assert below(found["descent"], "outputs") == ["clusters", "review_queue"]


def test_a_model_is_traced_to_the_people_it_learnt_from_and_to_what_uses_it(store: Store):
    found = trace_model(store, "m-1")
    assert found["comes_from"]["people"] == ["Anna", "Luca"]
    assert found["comes_from"]["annotation_files"] == ["one.csv", "two.csv"]
    assert found["leads_to"]["pictures_clustered"] == "3 of 3"
    assert [decision["why"] for decision in found["decisions"]] == ["not worse"]
    assert below(found["lineage"], "inputs")[:3] == ["models", "triplets", "links"]


def test_a_table_stands_once_in_what_was_made_from_a_version(store: Store):
    tree = descent(store, "images", 0)
    assert tree is not None
    tables = below(tree, "outputs")
    assert len(tables) == len(set(tables)) and "links" in tables


def test_what_read_an_older_version_does_not_come_from_the_newer_one(store: Store):
    rows = store.read("links").to_pylist()
    put(store, "links", rows, Provenance("morphograph", {"annotations": 0}))
    tree = descent(store, "links", 1)
    assert tree is not None and tree["outputs"] == []


@pytest.mark.parametrize(
    ("one", "other", "error", "says"),
    [
        ("a", "zz", UnknownImageError, "no picture 'zz'"),
        ("b", "c", InputError, "Nobody has judged"),
        ("a", "a", InputError, "Nobody has judged"),
    ],
)
def test_a_pair_that_cannot_be_traced_says_why(store: Store, one, other, error, says):
    with pytest.raises(error, match=says):
        trace_link(store, one, other)


def vsig(store: Store, tmp_path_factory, monkeypatch, *words: str) -> Result:
    monkeypatch.setenv("VSIG_STORE", store.location.root)
    folder = init_project(tmp_path_factory.mktemp("p") / "project").folder
    return CliRunner().invoke(build(), ["--project", str(folder), "trace", *words])


def test_the_command_shows_both_trees_with_their_steps_and_runs(
    store: Store, tmp_path_factory, monkeypatch
):
    done = vsig(store, tmp_path_factory, monkeypatch, "--link", "a", "b")
    assert done.exit_code == 0, done.output
    above, below_it = done.stdout.split("Made from it:")
    assert "annotations version 0 by annotations" in above and "run 3" in above
    assert "models version 0 by candidate_model" in below_it
    asked = vsig(store, tmp_path_factory, monkeypatch, "a", "--json")
    assert json.loads(asked.stdout)["comes_from"]["people"] == ["Anna", "Luca"]


def test_the_command_traces_one_thing_at_a_time(store: Store, tmp_path_factory, monkeypatch):
    for words in ([], ["a", "--cluster", "cl-1"], ["--model", "m-1", "--link", "a", "b"]):
        done = vsig(store, tmp_path_factory, monkeypatch, *words)
        assert isinstance(done.exception, InputError) and "--link A B" in str(done.exception)
