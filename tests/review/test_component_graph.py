"""A component as a drawing of what people said."""

import pyarrow as pa

from vsig_core.review.graph import component_graph
from vsig_core.store import schema


def links(*rows: tuple[str, str, str]) -> pa.Table:
    """Rows of `links` from (img1, img2, verdict); a "?" after the verdict contests it."""
    return pa.Table.from_pylist(
        [
            {
                "img1": one,
                "img2": other,
                "verdict": verdict.rstrip("?"),
                "annotators": ["anna"],
                "decided_at": None,
                "n_annotations": 1,
                "contested": verdict.endswith("?"),
            }
            for one, other, verdict in rows
        ],
        schema=schema("links"),
    )


def test_edges_are_the_judged_pairs_of_the_component_and_no_others():
    graph = component_graph(
        ["a", "b", "c"],
        links(
            ("a", "b", "POSITIVE"),
            ("b", "c", "POSITIVE"),
            ("a", "c", "NEGATIVE?"),
            ("c", "z", "NEGATIVE"),
        ),
    )
    assert [(e.img1, e.img2, e.verdict, e.contested) for e in graph.edges] == [
        ("a", "b", "POSITIVE", False),
        ("a", "c", "NEGATIVE", True),
        ("b", "c", "POSITIVE", False),
    ]


def test_a_chain_is_drawn_with_its_middle_between_its_ends():
    graph = component_graph(
        list("abcde"), links(*[(x, y, "POSITIVE") for x, y in zip("abcd", "bcde", strict=True)])
    )
    place = graph.place

    def apart(one: str, other: str) -> float:
        return (place[one].x - place[other].x) ** 2 + (place[one].y - place[other].y) ** 2

    assert apart("a", "c") < apart("a", "e")
    assert apart("c", "e") < apart("a", "e")


def test_the_same_links_give_the_same_drawing_in_the_unit_square():
    uids = [f"p{n:03d}" for n in range(150)]
    rows = links(*[(uids[n // 2], uids[n], "POSITIVE") for n in range(1, 150)])
    one, other = component_graph(uids, rows), component_graph(uids[::-1], rows)
    assert one == other
    assert all(0 <= node.x <= 1 and 0 <= node.y <= 1 for node in one.nodes)
    assert len({(node.x, node.y) for node in one.nodes}) == 150


def test_pictures_without_a_link_between_them_are_drawn_too():
    nodes = component_graph(["a", "b", "c", "d"], links(("a", "b", "POSITIVE"))).nodes
    assert [node.uid for node in nodes] == ["a", "b", "c", "d"]
    assert component_graph(["x"], links()).nodes[0].x == 0.5
