"""A component as a graph: where its pictures stand, and what people said of its pairs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute

# pyarrow makes these functions when it is imported: a type checker knows none of them.
pc: Any = pyarrow.compute
# Beyond, stress over all pairs costs seconds; springs are enough to see a large graph.
_MOST_BY_STRESS = 120


@dataclass(frozen=True)
class Node:
    """A picture: x and y in [0, 1]."""

    uid: str
    x: float
    y: float


@dataclass(frozen=True)
class Edge:
    """A judged pair of the component: img1 < img2."""

    img1: str
    img2: str
    verdict: str
    contested: bool
    annotators: tuple[str, ...]


@dataclass(frozen=True)
class ComponentGraph:
    """Nodes by uid, edges by pair."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @property
    def place(self) -> dict[str, Node]:
        """uid to node."""
        return {node.uid: node for node in self.nodes}


def component_graph(uids: Sequence[str], links: pa.Table) -> ComponentGraph:
    """Lay out pictures by the links that join them: the same links, the same drawing.

    Parameters
    ----------
    uids
        Pictures of a component.
    links
        Table `links`; those between other pictures are left out. Only what joins
        (POSITIVE, DUPLICATE, SIMILAR, not contested) draws pictures together.
    """
    names = sorted(set(uids))
    inside = pc.and_(
        pc.is_in(links["img1"], pa.array(names)), pc.is_in(links["img2"], pa.array(names))
    )
    edges = [
        Edge(
            row["img1"],
            row["img2"],
            row["verdict"],
            row["contested"],
            tuple(row["annotators"] or ()),
        )
        for row in links.filter(inside).to_pylist()
    ]
    edges.sort(key=lambda edge: (edge.img1, edge.img2))
    return ComponentGraph(tuple(_placed(names, edges)), tuple(edges))


def _placed(names: Sequence[str], edges: Sequence[Edge]) -> list[Node]:
    import networkx as nx  # the app starts without it

    graph = nx.Graph()
    graph.add_nodes_from(names)
    joining = ("POSITIVE", "DUPLICATE", "SIMILAR")
    graph.add_edges_from(
        (edge.img1, edge.img2) for edge in edges if edge.verdict in joining and not edge.contested
    )
    if len(names) < 3:
        return [Node(uid, (n + 0.5) / len(names), 0.5) for n, uid in enumerate(names)]
    if len(names) <= _MOST_BY_STRESS and nx.is_connected(graph):
        places = nx.kamada_kawai_layout(graph, pos=nx.circular_layout(graph))
    else:
        places = nx.spring_layout(graph, seed=7, iterations=60)
    return _within_the_unit(names, places)


def _within_the_unit(names: Sequence[str], places: Mapping[str, Any]) -> list[Node]:
    """Stretch a drawing to the unit square, along each axis that has any extent."""
    columns = [[float(places[uid][axis]) for uid in names] for axis in (0, 1)]
    stretched = [_stretched(values) for values in columns]
    return [
        Node(uid, round(x, 5), round(y, 5)) for uid, x, y in zip(names, *stretched, strict=True)
    ]


def _stretched(values: Sequence[float]) -> list[float]:
    low, high = min(values), max(values)
    if high - low < 1e-9:
        return [0.5] * len(values)
    return [(value - low) / (high - low) for value in values]
