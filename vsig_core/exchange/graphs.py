"""The morphograph as GraphML and GEXF, for Gephi, Cytoscape, yEd and networkx.

Nodes are the pictures that a confirmed link names, edges the POSITIVE links that hold: what
is contested, retracted or of another verdict is no part of it. A node's `component` is that
of the project, which duplicates may join beyond the edges.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import networkx as nx

from vsig_core.exchange.outgoing import Outgoing

_RECORD = ("title", "author", "date_text", "year_from", "year_to", "place", "lat", "lon")
_RECORD = (*_RECORD, "iconography", "permalink", "rights")
# XML 1.0 has no way to write these, not even escaped.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def morphograph_of(outgoing: Outgoing) -> nx.Graph:
    """The graph of confirmed links, each picture with its record, component and signatures."""
    graph: nx.Graph = nx.Graph()
    links = [
        row
        for row in outgoing.read("links").to_pylist()
        if row["verdict"] == "POSITIVE" and not row["contested"]
    ]
    nodes = _nodes(outgoing)
    for uid in sorted({uid for row in links for uid in (row["img1"], row["img2"])}):
        graph.add_node(_plain(uid), **_attributes({"label": uid, **nodes[uid]}))
    for row in links:
        decided = row["decided_at"]
        about = {
            "verdict": row["verdict"],
            "annotators": "; ".join(row["annotators"]),
            "decided_at": decided.isoformat() if decided else None,
            "judgements": row["n_annotations"],
        }
        graph.add_edge(_plain(row["img1"]), _plain(row["img2"]), **_attributes(about))
    return graph


def write_graphml(outgoing: Outgoing, out: Path) -> dict[str, int]:
    """Write GraphML; returns the numbers of pictures and links."""
    graph = morphograph_of(outgoing)
    nx.write_graphml_xml(graph, out)
    return _size(graph)


def write_gexf(outgoing: Outgoing, out: Path) -> dict[str, int]:
    """Write GEXF 1.2; returns the numbers of pictures and links."""
    graph = morphograph_of(outgoing)
    nx.write_gexf(graph, out)
    return _size(graph)


def _size(graph: nx.Graph) -> dict[str, int]:
    return {"pictures": graph.number_of_nodes(), "links": graph.number_of_edges()}


def _nodes(outgoing: Outgoing) -> dict[str, dict[str, Any]]:
    """What is said of each picture."""
    nodes = {row.pop("uid"): row for row in outgoing.images(_RECORD).to_pylist()}
    for table, column in (("components", "component"), ("components", "split")):
        _add(nodes, outgoing, table, column)
    _add(nodes, outgoing, "clusters", "cluster")
    names = {row["motif"]: row["name"] for row in outgoing.read("motifs").to_pylist()}
    signatures: dict[str, list[str]] = defaultdict(list)
    for row in outgoing.read("motif_members").to_pylist():
        signatures[row["uid"]].append(names.get(row["motif"]) or row["motif"])
    for uid, found in signatures.items():
        nodes[uid]["signatures"] = "; ".join(sorted(found))
    return nodes


def _add(nodes: dict[str, dict[str, Any]], outgoing: Outgoing, table: str, column: str) -> None:
    rows = outgoing.read(table)
    for uid, value in zip(rows["uid"].to_pylist(), rows[column].to_pylist(), strict=True):
        if uid in nodes:
            nodes[uid][column] = value


def _attributes(values: Mapping[str, Any]) -> dict[str, Any]:
    """What is known; neither format has a null."""
    return {
        name: _plain(value) if isinstance(value, str) else value
        for name, value in values.items()
        if value is not None
    }


def _plain(text: str) -> str:
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)
