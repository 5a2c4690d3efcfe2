"""The address of a picture in the size that is asked for, not larger.

An Image API service gives any size (level 1 and 2) or those that it lists (level 0); what
it can do stands in the manifest or in its `info.json`, which is asked for only then.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vsig_core.corpus.iiif.parts import Object, address, number, objects, text
from vsig_core.errors import FetchError

# Gives the `info.json` of a service; raises `FetchError`.
Info = Callable[[str], Object]


@dataclass(frozen=True)
class Body:
    """A painted picture: where it lies, its services, and the region that is shown."""

    url: str
    part: Object
    region: str = "full"


def picture_address(body: Body, base: str, longer: int, info: Info) -> str:
    """Where to fetch a picture whose longer side is about so many pixels.

    Parameters
    ----------
    body
        What is painted.
    base
        Address of the manifest, for relative ones.
    longer
        Pixels; a smaller picture is asked for as it is.
    info
        Asked where the manifest does not say enough.

    Returns
    -------
    The picture's own address where there is no service, or one that cannot be asked.
    """
    service = next((s for s in _services(body.part) if _is_image_service(s)), None)
    where = address(service, base).rstrip("/") if service else ""
    if service is None or not where:
        return body.url
    if not _says_enough(service, body):
        try:
            service = {**service, **info(f"{where}/info.json")}
        except FetchError:
            if body.url:
                return body.url
            raise
    size = _size(service, body, longer)
    if size is None:
        return body.url
    quality = "native" if _version(service) == 1 else "default"
    return f"{where}/{body.region}/{size}/0/{quality}.jpg"


def _services(part: Object) -> list[Object]:
    return [*objects(part.get("service")), *objects(part.get("services"))]


def _is_image_service(service: Object) -> bool:
    said = _said(service)
    return "ImageService" in said or "api/image" in said or "image-api" in said


def _said(service: Object) -> str:
    """All that may tell the kind of a service."""
    names = ("type", "@type", "@context")
    return " ".join([*(str(service.get(name)) for name in names), _profile(service)])


def _profile(service: Object) -> str:
    profile = service.get("profile")
    return text(profile[0] if isinstance(profile, list) and profile else profile)


def _level(service: Object) -> int | None:
    found = re.search(r"level([0-2])", _profile(service))
    return int(found[1]) if found else None


def _version(service: Object) -> int:
    said = _said(service)
    found = re.search(r"ImageService([123])|api/image/([123])", said)
    if found:
        return int(found[1] or found[2])
    return 1 if "image-api" in said else 2


def _says_enough(service: Object, body: Body) -> bool:
    level = _level(service)
    if level is None:
        return False
    if level == 0:
        return bool(_sizes(service))
    return body.region != "full" or all(_extent(service, body))


def _sizes(service: Object) -> list[tuple[int, int]]:
    given = [
        (number(s.get("width")), number(s.get("height"))) for s in objects(service.get("sizes"))
    ]
    return sorted(size for size in given if all(size))


def _extent(service: Object, body: Body) -> tuple[int, int]:
    """Width and height of the whole region, pixels; 0 where unknown."""
    region = re.fullmatch(r"\d+,\d+,(\d+),(\d+)", body.region)
    if region:
        return int(region[1]), int(region[2])
    found: tuple[int, int] = (0, 0)
    for part in (body.part, service):
        width, height = number(part.get("width")), number(part.get("height"))
        found = (width, height) if width and height else found
    return found


def _size(service: Object, body: Body, longer: int) -> str | None:
    """The size parameter; None where the service gives no size that is known."""
    version = _version(service)
    if _level(service) == 0:
        sizes = _sizes(service)
        if not sizes or body.region != "full":
            return None
        enough = [size for size in sizes if max(size) >= longer]
        return _written(enough[0] if enough else sizes[-1], version)
    width, height = _extent(service, body)
    if not width or not height:
        return f"!{longer},{longer}"
    share = min(longer / max(width, height), _most(service, width, height))
    if share >= 1:
        return "max" if version == 3 else "full"
    return _written((max(1, int(width * share)), max(1, int(height * share))), version)


def _most(service: Object, width: int, height: int) -> float:
    """The largest share of the sides that the service gives out."""
    limits: dict[str, Any] = {}
    for part in (*objects(service.get("profile")), service):
        limits |= {n: part[n] for n in ("maxWidth", "maxHeight", "maxArea") if number(part.get(n))}
    most_width = limits.get("maxWidth", width)
    most_height = limits.get("maxHeight", limits.get("maxWidth", height))
    area = limits.get("maxArea", width * height)
    return min(1.0, most_width / width, most_height / height, (area / (width * height)) ** 0.5)


def _written(size: tuple[int, int], version: int) -> str:
    """As the canonical form of the version has it."""
    return f"{size[0]},{size[1]}" if version == 3 else f"{size[0]},"
