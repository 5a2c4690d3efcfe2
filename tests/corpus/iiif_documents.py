"""IIIF documents of both versions, after the specifications and their cookbook."""

from typing import Any

Object = dict[str, Any]
V3 = "http://iiif.io/api/presentation/3/context.json"
V2 = "http://iiif.io/api/presentation/2/context.json"
DISCOVERY = "http://iiif.io/api/discovery/1/context.json"


def service3(where: str, level: str = "level1", **more: Any) -> Object:
    """As recipe 0005-image-service has it."""
    return {"id": where, "type": "ImageService3", "profile": level, **more}


def service2(where: str, level: int = 2, **more: Any) -> Object:
    """As version 2 of the specification embeds it."""
    context = "http://iiif.io/api/image/2/context.json"
    profile = f"http://iiif.io/api/image/2/level{level}.json"
    return {"@context": context, "@id": where, "profile": profile, **more}


def image3(where: str, width: int = 4000, height: int = 3000, **more: Any) -> Object:
    """The body of a painting annotation."""
    return {"id": where, "type": "Image", "format": "image/jpeg", "width": width,
            "height": height, **more}  # fmt: skip


def canvas3(where: str, *bodies: Object, label: str | None = None, **more: Any) -> Object:
    """A canvas with one annotation for each body."""
    painted = [
        {"id": f"{where}/annotation/{n}", "type": "Annotation", "motivation": "painting",
         "body": body, "target": where}
        for n, body in enumerate(bodies)
    ]  # fmt: skip
    page = {"id": f"{where}/page", "type": "AnnotationPage", "items": painted}
    named = {"label": {"none": [label]}} if label else {}
    return {"id": where, "type": "Canvas", "height": 3000, "width": 4000, **named,
            "items": [page], **more}  # fmt: skip


def manifest3(where: str, *canvases: Any, label: Any = None, **more: Any) -> Object:
    """A manifest of version 3."""
    said = label or {"en": ["A book"], "it": ["Un libro"]}
    return {"@context": V3, "id": where, "type": "Manifest", "label": said,
            "items": list(canvases), **more}  # fmt: skip


def canvas2(where: str, *resources: Object, label: str = "f. 1r", **more: Any) -> Object:
    """A canvas of version 2."""
    images = [
        {"@type": "oa:Annotation", "motivation": "sc:painting", "resource": resource, "on": where}
        for resource in resources
    ]
    return {"@id": where, "@type": "sc:Canvas", "label": label, "height": 3000, "width": 4000,
            "images": images, **more}  # fmt: skip


def image2(where: str, width: int = 4000, height: int = 3000, **more: Any) -> Object:
    """The resource of an annotation of version 2."""
    return {"@id": where, "@type": "dctypes:Image", "format": "image/jpeg", "height": height,
            "width": width, **more}  # fmt: skip


def manifest2(where: str, *canvases: Any, label: Any = "Book 1", **more: Any) -> Object:
    """A manifest of version 2."""
    sequence = {"@type": "sc:Sequence", "label": "Normal order", "canvases": list(canvases)}
    other = {"@type": "sc:Sequence", "label": "Reversed", "canvases": list(canvases)[::-1]}
    return {"@context": V2, "@id": where, "@type": "sc:Manifest", "label": label,
            "sequences": [sequence, other], **more}  # fmt: skip


def collection3(where: str, *members: tuple[str, str], **more: Any) -> Object:
    """A collection of version 3, of (type, id)."""
    items = [{"id": name, "type": kind, "label": {"en": [name]}} for kind, name in members]
    return {"@context": V3, "id": where, "type": "Collection", "label": {"en": ["All"]},
            "items": items, **more}  # fmt: skip


def collection2(where: str, manifests: list[str], collections: list[str] | None = None) -> Object:
    """A collection of version 2."""
    own = [{"@id": name, "@type": "sc:Manifest", "label": name} for name in manifests]
    inner = [{"@id": name, "@type": "sc:Collection", "label": name} for name in collections or []]
    return {"@context": V2, "@id": where, "@type": "sc:Collection", "label": "All",
            "manifests": own, "collections": inner}  # fmt: skip


def activity(act: str, manifest: str, time: str, **more: Any) -> Object:
    """One line of a stream of changes."""
    named = {"object": {"id": manifest, "type": "Manifest"}} if manifest else {}
    return {"type": act, "endTime": time, **named, **more}


def page(where: str, *activities: Object, **links: str) -> Object:
    """A page of a stream; `links` are `prev` and `next`."""
    named = {
        name: {"id": target, "type": "OrderedCollectionPage"} for name, target in links.items()
    }
    return {"@context": DISCOVERY, "id": where,
            "type": "OrderedCollectionPage", "orderedItems": list(activities), **named}  # fmt: skip


def stream(where: str, last: str) -> Object:
    """A stream of changes."""
    return {"@context": DISCOVERY, "id": where, "type": "OrderedCollection",
            "last": {"id": last, "type": "OrderedCollectionPage"}}  # fmt: skip
