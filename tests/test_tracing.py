"""The tree of versions behind a version."""

from pathlib import Path

from vsig_core.store import Provenance, Store, empty
from vsig_core.tracing import lineage


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
