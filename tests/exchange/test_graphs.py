from pathlib import Path

import networkx as nx
import pytest
from shown_project import HERE, ODD

from vsig_core.exchange import export
from vsig_core.exchange.graphs import morphograph_of
from vsig_core.exchange.outgoing import Outgoing
from vsig_core.project import Project

READERS = {"graphml": nx.read_graphml, "gexf": nx.read_gexf}


@pytest.mark.parametrize("name", READERS)
def test_networkx_reads_back_the_graph_that_was_written(
    project: Project, tmp_path: Path, name: str
):
    export(project, name, tmp_path / "graph.xml")
    back = READERS[name](tmp_path / "graph.xml")
    written = morphograph_of(Outgoing(project))
    assert dict(back.nodes(data=True)) == dict(written.nodes(data=True))
    kept = {"verdict", "annotators", "decided_at", "judgements"}
    edges = {
        frozenset((one, other)): {key: about[key] for key in kept & about.keys()}
        for one, other, about in back.edges(data=True)
    }
    assert edges == {
        frozenset((one, other)): about for one, other, about in written.edges(data=True)
    }


def test_edges_are_the_confirmed_links_and_nothing_else(project: Project):
    graph = morphograph_of(Outgoing(project))
    # a ~ d is contested, a ~ closed and b ~ later may not leave, b ~ d was taken back.
    assert {frozenset(edge) for edge in graph.edges} == {
        frozenset({"a.jpg", "b.jpg"}),
        frozenset({"b.jpg", ODD}),
    }
    assert len({about["component"] for _, about in graph.nodes(data=True)}) == 1
    assert graph.nodes["a.jpg"]["cluster"] == "c-1" and graph.nodes["a.jpg"]["year_from"] == 1500
    assert graph.nodes["a.jpg"]["signatures"] == "Laocoön"


def test_a_character_that_xml_cannot_hold_becomes_a_mark(project: Project, tmp_path: Path):
    export(project, "graphml", tmp_path / "graph.xml")
    back = nx.read_graphml(tmp_path / "graph.xml")
    assert back.nodes["a.jpg"]["title"] == "Plate 0 <b>\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("name", READERS)
def test_a_project_without_links_is_an_empty_graph(project: Project, tmp_path: Path, name: str):
    links = project.store.read("links")
    project.store.write("links", links.slice(0, 0), HERE)
    done = export(project, name, tmp_path / "graph.xml")
    assert done.written == {"pictures": 0, "links": 0}
    assert READERS[name](tmp_path / "graph.xml").number_of_nodes() == 0
