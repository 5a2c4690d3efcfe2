"""Web Annotations, as a JSON-LD processor understands them."""

import json
from pathlib import Path
from typing import Any

import pytest
from pyld import jsonld
from shown_project import ODD

from vsig_core.exchange import export
from vsig_core.exchange.web_annotations import CONTEXT
from vsig_core.project import Project

OA, DCT, AS = "http://www.w3.org/ns/oa#", "http://purl.org/dc/terms/", "https://www.w3.org/ns/as#"
_IRI = {"@type": "@id"}
# What the W3C's vocabulary says of the terms that vsig uses (TR/annotation-vocab): a term that
# is not here is dropped by a processor, and the tests that look for it fail.
TERMS: dict[str, Any] = {
    "id": "@id",
    "type": "@type",
    "Annotation": OA + "Annotation",
    "AnnotationCollection": AS + "OrderedCollection",
    "AnnotationPage": AS + "OrderedCollectionPage",
    "TextualBody": OA + "TextualBody",
    "SpecificResource": OA + "SpecificResource",
    "FragmentSelector": OA + "FragmentSelector",
    "Image": "http://purl.org/dc/dcmitype/StillImage",
    "Person": "http://xmlns.com/foaf/0.1/Person",
    "Software": AS + "Application",
    **{
        word: OA + word
        for word in ("linking", "classifying", "identifying", "commenting", "describing")
    },
    "motivation": {"@id": OA + "motivatedBy", "@type": "@vocab"},
    "purpose": {"@id": OA + "hasPurpose", "@type": "@vocab"},
    "body": {"@id": OA + "hasBody", **_IRI},
    "target": {"@id": OA + "hasTarget", **_IRI},
    "source": {"@id": OA + "hasSource", **_IRI},
    "selector": {"@id": OA + "hasSelector", **_IRI},
    "creator": {"@id": DCT + "creator", **_IRI},
    "generator": {"@id": AS + "generator", **_IRI},
    "conformsTo": {"@id": DCT + "conformsTo", **_IRI},
    "partOf": {"@id": AS + "partOf", **_IRI},
    "first": {"@id": AS + "first", **_IRI},
    "items": {"@id": AS + "items", "@container": "@list", **_IRI},
    "created": DCT + "created",
    "generated": DCT + "issued",
    "value": "http://www.w3.org/1999/02/22-rdf-syntax-ns#value",
    "format": "http://purl.org/dc/elements/1.1/format",
    "name": "http://xmlns.com/foaf/0.1/name",
    "label": "http://www.w3.org/2000/01/rdf-schema#label",
    "total": AS + "totalItems",
    "startIndex": AS + "startIndex",
}


def load(url: str, _options: dict[str, Any]) -> dict[str, Any]:
    assert url == CONTEXT
    return {
        "contentType": "application/ld+json",
        "contextUrl": None,
        "documentUrl": url,
        "document": {"@context": TERMS},
    }


@pytest.fixture
def document(project: Project, tmp_path: Path) -> dict[str, Any]:
    export(project, "w3c", tmp_path / "links.jsonld")
    return json.loads((tmp_path / "links.jsonld").read_text("utf-8"))


@pytest.fixture
def items(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["id"]: item for item in document["first"]["items"]}


def test_each_judgement_in_force_of_a_pair_links_its_two_pictures(
    document: dict[str, Any], items: dict[str, dict[str, Any]]
):
    assert document["total"] == len(items) == 4
    names = {item.removeprefix("urn:vsig:annotation:") for item in items}
    assert names == {"n1", "n2", "n3", "n4"}
    for item in items.values():
        assert item["motivation"] == "linking" and len(item["target"]) == 2
        assert item["generator"]["name"] == "vsig"


def test_who_when_what_and_where_are_said(items: dict[str, dict[str, Any]]):
    item = items["urn:vsig:annotation:n1"]
    assert item["creator"]["name"] == "anna" and item["created"] == "2026-03-02T10:00:00Z"
    said = {(body["purpose"], body["value"]) for body in item["body"]}
    assert said == {("classifying", "POSITIVE"), ("identifying", "Laocoön")}
    first, second = item["target"]
    # a.jpg is 400 x 300; b.jpg is a canvas, whose size nobody knows.
    assert first["source"] == {"id": "urn:vsig:image:a.jpg", "type": "Image"}
    assert first["selector"]["value"] == "xywh=40,60,200,75"
    assert second["source"]["id"] == "https://ex.org/manifest/canvas/2"
    assert second["source"]["partOf"] == "https://ex.org/manifest"
    assert second["selector"]["value"] == "xywh=percent:0,0,100,50"


def test_both_sides_of_a_contradiction_are_there_and_say_so(items: dict[str, dict[str, Any]]):
    for name, verdict in (("n3", "NEGATIVE"), ("n4", "POSITIVE")):
        body = items[f"urn:vsig:annotation:{name}"]["body"]
        assert [text["value"] for text in body] == [verdict, "contested"]


def test_a_json_ld_processor_finds_every_statement(document: dict[str, Any]):
    (collection,) = jsonld.expand(document, {"documentLoader": load})
    items = collection[AS + "first"][0][AS + "items"][0]["@list"]
    assert len(items) == 4
    for item in items:
        assert item["@type"] == [OA + "Annotation"]
        assert item[OA + "motivatedBy"] == [{"@id": OA + "linking"}]
        assert len(item[OA + "hasTarget"]) == 2 and item[DCT + "creator"] and item[AS + "generator"]
    quads = jsonld.to_rdf(document, {"documentLoader": load, "format": "application/n-quads"})
    assert "<urn:vsig:image:%C3%A9t%C3%A9/c%20d.jpg>" in quads
    assert jsonld.expand(document, {"documentLoader": load}) == jsonld.expand(
        jsonld.compact(jsonld.expand(document, {"documentLoader": load}), TERMS)
    )


def test_no_word_is_used_that_the_context_does_not_have(document: dict[str, Any]):
    def words(node: Any) -> set[str]:
        if isinstance(node, list):
            return set().union(*map(words, node))
        if isinstance(node, dict):
            return set(node).union(*map(words, node.values()))
        return set()

    assert words(document) - {"@context"} <= TERMS.keys()
    assert ODD not in json.dumps(document, ensure_ascii=False), "an IRI holds no blanks"
