"""`vsig why`, on points of a circle: cosine distances can be worked by hand."""

import itertools
import json
import subprocess
import sys
from datetime import UTC, datetime
from math import cos, radians
from pathlib import Path
from types import SimpleNamespace

import networkx as nx
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsig_core.clustering import (
    NeighbourGraph,
    Pictures,
    clusters_table,
    neighbours_table,
    order_points,
)
from vsig_core.clustering.pictures import ClusteredPictures
from vsig_core.errors import TableMissingError, UnknownImageError
from vsig_core.store import Provenance, Store, schema
from vsig_core.vectors import vector_column
from vsig_core.why import in_words, why
from vsig_core.why.neighbourhood import Neighbourhood

# Four pictures four degrees apart, two of another cluster, and one by itself.
DEGREES = {"a0": 0, "a1": 4, "a2": 8, "a3": 12, "b0": 40, "b1": 43, "n": 90}
CLUSTERS = {"a0": "A", "a1": "A", "a2": "A", "a3": "A", "b0": "B", "b1": "B", "n": None}
RADIUS = 1 - cos(radians(5))


def on_circle(degrees) -> np.ndarray:
    angles = np.radians(list(degrees))
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def table(name: str, rows: list[dict]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema(name))


def fill(store: Store, degrees: dict, clusters: dict, radius: float, k: int = 4) -> None:
    uids, vectors = list(degrees), on_circle(degrees.values())
    hashes = [f"sha of {uid}" for uid in uids]
    planned = [
        {"uid": uid, "batch": "b-1", "sha256": sha} for uid, sha in zip(uids, hashes, strict=True)
    ]
    made = Provenance("images", partition="batch=b-1")
    store.write("images", table("images", planned), made, partition={"batch": "b-1"})
    store.write("corpus", table("corpus", [{"batch": "b-1"}]), Provenance("corpus"))
    graph = NeighbourGraph.build(vectors, k)
    embedded = pa.table(
        {"model_id": ["m"] * len(uids), "sha256": hashes, "vector": vector_column(vectors)},
        schema=schema("pool_vectors"),
    )
    store.append("pool_vectors", embedded, Provenance("triplets"))
    near = neighbours_table(graph, Pictures(uids, hashes, "m"))
    store.write("neighbours", near, Provenance("neighbours"))
    recluster(store, graph, uids, clusters, radius)


def clusters_of(graph: NeighbourGraph, uids, clusters: dict, radius: float) -> pa.Table:
    ordering = order_points(graph, 2, radius)
    # Labels and radius are all that the table takes of the calibration.
    chosen = SimpleNamespace(max_eps=radius, calibrated=True)
    found = ClusteredPictures(dict.fromkeys(uids, 0), ordering, chosen, "optics")  # type: ignore
    return clusters_table(found, clusters, "m", None)


def recluster(store: Store, graph: NeighbourGraph, uids, clusters: dict, radius: float) -> None:
    rows = [{"cluster": "A", "event": "grew", "images": ["a3"], "before": ["A"], "after": ["A"]}]
    changes = table("cluster_changes", rows)
    beside = {"cluster_changes": store.write("cluster_changes", changes, Provenance("clusters"))}
    made = Provenance("clusters", beside=beside)
    store.write("clusters", clusters_of(graph, uids, clusters, radius), made)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(str(tmp_path))
    fill(made, DEGREES, CLUSTERS, RADIUS)
    return made


def test_two_of_a_cluster_are_joined_by_steps_within_the_radius(store: Store):
    answer = why(store, "a0", "a3")
    assert answer.together and answer.rank == 3
    assert [(hop.start, hop.end) for hop in answer.chain] == [
        ("a0", "a1"), ("a1", "a2"), ("a2", "a3"),
    ]  # fmt: skip
    for hop in answer.chain:
        assert hop.within and hop.distance == pytest.approx(1 - cos(radians(4)), abs=1e-6)
    assert answer.distance == pytest.approx(1 - cos(radians(12)), abs=1e-6)
    assert "together in cluster A" in in_words(answer)[0]


def test_two_of_different_clusters_part_where_the_shortest_bridge_is_too_long(store: Store):
    answer = why(store, "a0", "b1")
    assert not answer.together and answer.longest is not None
    assert (answer.longest.start, answer.longest.end) == ("a3", "b0")
    assert answer.longest.distance == pytest.approx(1 - cos(radians(28)), abs=1e-6)
    assert [hop.within for hop in answer.chain] == [True, True, True, False, True]
    assert any("breaks at a3 → b0" in line for line in in_words(answer))


def test_noise_is_told_by_its_nearest_picture(store: Store):
    answer = why(store, "n")
    assert answer.clusters == {"n": None} and not answer.together
    (hop,) = answer.chain
    assert (hop.end, hop.within) == ("b1", False)
    assert answer.nearest_other is not None and answer.nearest_other.cluster == "B"
    assert "no cluster (noise)" in in_words(answer)[0]


def test_one_picture_knows_its_nearest_mates_and_the_nearest_other_cluster(store: Store):
    answer = why(store, "a1")
    assert {hop.end for hop in answer.members} == {"a0", "a2", "a3"}
    near = answer.nearest_other
    assert near is not None and (near.cluster, near.uid, near.of) == ("B", "b0", "a3")


def test_judgements_are_told_with_whether_they_stand(store: Store):
    rows = [
        {"annotation_id": "1", "type": "POSITIVE", "img1": "a0", "img2": "a1", "annotator": "Anna",
         "file": "one.csv", "row": 2, "made_at": datetime(2026, 3, 2, tzinfo=UTC)},
        {"annotation_id": "2", "type": "NEGATIVE", "img1": "a1", "img2": "a0", "annotator": "Luca",
         "file": "one.csv", "row": 3},
        {"annotation_id": "3", "type": "RETRACT", "retracts": "2", "file": "two.csv", "row": 2},
        {"annotation_id": "4", "type": "WRONG", "members": ["a0", "a1", "a2"], "file": "two.csv",
         "row": 3},
        {"annotation_id": "5", "type": "POSITIVE", "img1": "a0", "img2": "b0"},
    ]  # fmt: skip
    store.append("annotations", table("annotations", rows), Provenance("annotations"))
    links = [{"img1": "a0", "img2": "a1", "verdict": "POSITIVE", "contested": False}]
    store.write("links", table("links", links), Provenance("morphograph"))
    components = [{"uid": uid, "component": "c-1", "split": "val"} for uid in ("a0", "a1")]
    store.write("components", table("components", components), Provenance("morphograph"))
    pair, one = why(store, "a0", "a1"), why(store, "a0")
    standing = {row["annotation_id"]: row["in_force"] for row in pair.judged.rows}
    assert standing == {"1": True, "2": False, "4": True}
    assert [link["verdict"] for link in pair.judged.links] == ["POSITIVE"]
    assert pair.judged.component == "c-1" and why(store, "a0", "a2").judged.component is None
    assert "5" not in {row["annotation_id"] for row in one.judged.rows}  # b0 is no mate
    said = "\n".join(in_words(pair))
    assert "by Anna 2026-03-02 (one.csv line 2)" in said and "taken back" in said


def test_an_open_contradiction_of_the_pair_is_named(store: Store):
    rows = [{"annotation_id": "1", "type": "POSITIVE", "img1": "a0", "img2": "a1", "file": "f"}]
    store.append("annotations", table("annotations", rows), Provenance("annotations"))
    conflicts = [
        {"conflict_id": "k-1", "annotations": ["1"], "images": ["a0", "a1"]},
        {"conflict_id": "k-2", "annotations": ["1"], "settled_by": "9"},
    ]
    store.write("conflicts", table("conflicts", conflicts), Provenance("morphograph"))
    assert why(store, "a0", "a1").judged.conflicts == ["k-1"]


def test_what_changed_since_the_version_before_is_told(store: Store):
    assert why(store, "a0").change is None
    graph = NeighbourGraph.build(on_circle(DEGREES.values()), 3)
    recluster(store, graph, list(DEGREES), {**CLUSTERS, "a3": None}, RADIUS / 2)
    change = why(store, "a0", "a3").change
    assert change is not None
    assert change.clusters == {"a0": "A", "a3": "A"} and change.new == []
    assert change.left == ["a3"] and change.joined == []
    assert change.max_eps == RADIUS and change.model_id is None
    assert [row["event"] for row in change.events] == ["grew"]


@pytest.mark.parametrize(
    ("asked", "error", "says"),
    [
        (("zz",), UnknownImageError, "no picture 'zz'"),
        (("a0", "a0"), UnknownImageError, "named twice"),
        (("old",), UnknownImageError, "called 'a0' now"),
        (("late",), TableMissingError, "late is in no clustering yet"),
    ],
)
def test_what_cannot_be_answered_says_why(store: Store, asked, error, says):
    aliases = [{"old_uid": "old", "uid": "a0", "at": datetime(2026, 1, 1, tzinfo=UTC)}]
    store.append("aliases", table("aliases", aliases), Provenance("listing"))
    rows = [*store.read("images").to_pylist(), {"uid": "late", "batch": "b-1", "sha256": "x"}]
    made = Provenance("images", partition="batch=b-1")
    store.write("images", table("images", rows), made, partition={"batch": "b-1"})
    with pytest.raises(error, match=says):
        why(store, *asked)


def test_an_empty_store_says_to_run(tmp_path: Path):
    with pytest.raises(TableMissingError, match="vsig run"):
        why(Store(str(tmp_path)), "a")


def test_the_answer_is_json(store: Store):
    assert json.loads(json.dumps(why(store, "a0", "b0").as_dict(), default=str))["chain"]


@given(st.lists(st.integers(0, 900), min_size=3, max_size=12, unique=True))
def test_no_other_way_has_a_shorter_longest_step(tenths: list[int]):
    uids = [f"p{n:02}" for n in range(len(tenths))]
    vectors = on_circle(tenth / 10 for tenth in tenths)
    rows = clusters_of(NeighbourGraph.build(vectors, 2), uids, dict.fromkeys(uids, "A"), 1.0)
    place = Neighbourhood({row["uid"]: row for row in rows.to_pylist()}, {}, Store("/nowhere"))
    graph = nx.Graph()
    for one, two in itertools.combinations(range(len(uids)), 2):
        distance = 1 - float(vectors[one].astype(float) @ vectors[two].astype(float))
        graph.add_edge(uids[one], uids[two], weight=max(distance, 0))
    tree = nx.minimum_spanning_tree(graph)
    best = longest_step(graph, itertools.pairwise(nx.shortest_path(tree, uids[0], uids[-1])))
    assert longest_step(graph, place.chain(uids[0], uids[-1])) == pytest.approx(best, abs=1e-6)


def longest_step(graph: nx.Graph, steps) -> float:
    return max(graph[one][two]["weight"] for one, two in steps)


def test_it_answers_without_torch():
    code = "import sys; from vsig_core.why import why; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
