"""Judged pairs as W3C Web Annotations: motivation `linking`, two targets each.

One annotation for each judgement in force. Its body is a tag with the verdict, and one with
the name of the signature where the person gave one. A target is the canvas of the picture,
its address, or a name; with a fragment selector where the person drew a box, else where local
evidence finds what is shared: that target then has a generator of its own. On a canvas, which
may be of any size, a box is in per cent; on a picture, in pixels.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vsig_core.annotations import Box, Link, links_in_force
from vsig_core.annotations.judgement import Judgement
from vsig_core.current import current_annotations, current_images
from vsig_core.evidence import Match
from vsig_core.exchange.evidence import computed
from vsig_core.exchange.identifiers import address, iri_of, urn
from vsig_core.exchange.outgoing import Outgoing
from vsig_core.exchange.writing import write_json
from vsig_core.pair_evidence import Pair
from vsig_core.release import release

CONTEXT = "http://www.w3.org/ns/anno.jsonld"
MEDIA_FRAGMENTS = "http://www.w3.org/TR/media-frags/"
# A colon after it makes what follows the place within it.
_HOME = "urn:vsig:software"

Image = Mapping[str, Any]


def write_web_annotations(outgoing: Outgoing, out: Path) -> dict[str, int]:
    """Write one collection, with its only page in it; returns the number of annotations."""
    rows = outgoing.images(["sha256", "width", "height", "canvas", "manifest", "uri"])
    images = {row["uid"]: row for row in rows.to_pylist()}
    made_at = _time(datetime.now(UTC))
    judged = [(judgement, link) for link in _links(outgoing) for judgement in link.judgements]
    pairs = [(j.type, Pair(j.img1, j.img2, j.box1, j.box2)) for j, _ in judged]
    matches = computed(outgoing.project, pairs)
    items = [
        annotation(judgement, link, images, made_at, match)
        for (judgement, link), match in zip(judged, matches, strict=True)
    ]
    collection = urn("annotations", made_at)
    write_json(
        out,
        {
            "@context": CONTEXT,
            "id": collection,
            "type": "AnnotationCollection",
            "label": "Judged pairs of pictures",
            "generator": _generator(),
            "generated": made_at,
            "total": len(items),
            "first": {
                "id": f"{collection}/1",
                "type": "AnnotationPage",
                "startIndex": 0,
                "items": items,
            },
        },
    )
    return {"annotations": len(items)}


def _links(outgoing: Outgoing) -> list[Link]:
    """Links between pictures that may leave, contested also by those that may not."""
    store = outgoing.store
    rows = current_images(store, ["uid", "sha256"]).to_pylist()
    contents = store.read_or_empty("contents").to_pylist()
    links = links_in_force(
        current_annotations(store),
        uids={row["uid"] for row in rows},
        hashes={row["uid"]: row["sha256"] for row in rows},
        phashes={row["sha256"]: row["phash"] for row in contents},
    )
    leaving = outgoing.leaving
    return [link for pair, link in links.items() if pair[0] in leaving and pair[1] in leaving]


def annotation(
    judgement: Judgement,
    link: Link,
    images: Mapping[str, Image],
    made_at: str,
    evidence: Match | None = None,
) -> dict[str, Any]:
    """One judgement as a Web Annotation.

    Parameters
    ----------
    judgement
        In force, of a pair.
    link
        What stands about that pair.
    images
        uid to its row, with sha256, width, height, canvas, manifest and uri.
    made_at
        When it is written, ISO 8601.
    evidence
        Where the two have something in common; its boxes stand where the person drew none.
    """
    tags = [judgement.type, *(["contested"] if link.contested else [])]
    body = [_text(tag, "classifying") for tag in tags]
    body += [_text(judgement.motif, "identifying")] if judgement.motif else []
    body += [_text(judgement.note, "commenting")] if judgement.note else []
    body += [_text(_in_words(evidence), "describing")] if evidence else []
    boxes = (evidence.box1, evidence.box2) if evidence else (None, None)
    found: dict[str, Any] = {
        "id": urn("annotation", judgement.annotation_id),
        "type": "Annotation",
        "motivation": "linking",
        "body": body,
        "target": [
            _target(images[judgement.img1], judgement.box1, boxes[0]),
            _target(images[judgement.img2], judgement.box2, boxes[1]),
        ],
        "generator": _generator(),
        "generated": made_at,
    }
    if judgement.annotator:
        person = {"id": urn("annotator", judgement.annotator), "type": "Person"}
        found["creator"] = {**person, "name": judgement.annotator}
    if judgement.made_at:
        found["created"] = _time(judgement.made_at)
    return found


def fragment(box: Box, image: Image) -> str:
    """A box as a media fragment.

    >>> fragment((0.1, 0.25, 0.5, 0.5), {"canvas": None, "width": 200, "height": 80})
    'xywh=20,20,100,40'
    >>> fragment((0.1, 0.25, 0.5, 0.5), {"canvas": "https://ex.org/c1"})
    'xywh=percent:10,25,50,50'
    """
    if address(image["canvas"]):
        return "xywh=percent:" + ",".join(f"{100 * value:.6g}" for value in box)
    sides = (image["width"], image["height"]) * 2
    return "xywh=" + ",".join(str(round(v * side)) for v, side in zip(box, sides, strict=True))


def _target(image: Image, drawn: Box | None, found: Box | None) -> dict[str, Any]:
    """The picture, or the part of it that a person drew, else the one that was computed."""
    whole: dict[str, Any] = {"id": iri_of(image)}
    if not address(image["canvas"]):
        whole["type"] = "Image"
    elif address(image["manifest"]):
        whole["partOf"] = address(image["manifest"])
    box = drawn or found
    if box is None:
        return whole
    part: dict[str, Any] = {
        "type": "SpecificResource",
        "source": whole,
        "selector": {
            "type": "FragmentSelector",
            "conformsTo": MEDIA_FRAGMENTS,
            "value": fragment(box, image),
        },
    }
    return part if drawn else {**part, "generator": _generator()}


def _in_words(evidence: Match) -> str:
    return f"local evidence {evidence.score:.1f}{', mirrored' if evidence.mirrored else ''}"


def _text(value: str, purpose: str) -> dict[str, str]:
    return {"type": "TextualBody", "value": value, "purpose": purpose, "format": "text/plain"}


def _generator() -> dict[str, str]:
    return {"id": f"{_HOME}:{release()}", "type": "Software", "name": "vsig"}


def _time(at: datetime) -> str:
    """UTC, as xsd:dateTime has it."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
