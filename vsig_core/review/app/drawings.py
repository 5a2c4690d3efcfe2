"""Time line, map and graph in pixels, as the templates draw them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import cos, pi, sin

from vsig_core.review.coast import LAND, WATER, Ring
from vsig_core.review.graph import ComponentGraph
from vsig_core.review.places import Place, PlaceMap, Window
from vsig_core.review.timeline import TimeLine

WIDTH = 1000
MARK = 64
_MARGIN = 44
_PLACE_MARK = 54
# Of one place only so many pictures are drawn; its label says how many there are.
_MOST_AT_A_PLACE = 4
TONES = {
    "POSITIVE": "same",
    "DUPLICATE": "same",
    "SIMILAR": "similar",
    "NEGATIVE": "apart",
    "DIFFERENT": "apart",
    "NOT_DUPLICATE": "apart",
}
"""Type of a judgement to the class that colours it."""


@dataclass(frozen=True)
class Work:
    """What a drawing shows of a picture: addresses and a label in words."""

    href: str
    picture: str
    label: str


Describe = Callable[[str], Work]


@dataclass(frozen=True)
class Mark:
    """A picture in a drawing: its place, and the ends of its span or label."""

    work: Work
    x: float
    y: float
    size: float = MARK
    x1: float = 0.0
    x2: float = 0.0


@dataclass(frozen=True)
class Line:
    """A line with a label at (x, y)."""

    x1: float
    y1: float
    x2: float
    y2: float
    label: str
    x: float = 0.0
    y: float = 0.0
    tone: str = ""


@dataclass(frozen=True)
class Spot:
    """A place of the map: its point, and the row of pictures beside it."""

    cx: float
    cy: float
    x: float
    y: float
    label: str
    works: tuple[Mark, ...]


@dataclass(frozen=True)
class Drawing:
    """One drawing; parts that it does not have are empty."""

    width: float
    height: float
    marks: tuple[Mark, ...] = ()
    lines: tuple[Line, ...] = ()
    spots: tuple[Spot, ...] = ()
    land: tuple[str, ...] = field(default=(), repr=False)
    water: tuple[str, ...] = field(default=(), repr=False)


def year_label(year: int) -> str:
    """A year in words.

    >>> year_label(-300), year_label(1520)
    ('300 BC', '1520')
    """
    return f"{-year} BC" if year < 0 else str(year)


def draw_timeline(line: TimeLine, describe: Describe) -> Drawing | None:
    """Pictures above their possible years; None where no date is known."""
    if not line.ticks:
        return None

    def x(year: float) -> float:
        return round(_MARGIN + line.share(year) * (WIDTH - 2 * _MARGIN), 1)

    height = 30 + line.lanes * (MARK + 18)
    marks = [
        Mark(
            describe(span.uid),
            x(span.middle),
            28 + span.lane * (MARK + 18),
            x1=x(span.first) - 3,
            x2=x(span.last) + 3,
        )
        for span in line.spans
    ]
    ticks = [
        Line(x(year), 20, x(year), height - 2, year_label(year), x(year), 13) for year in line.ticks
    ]
    return Drawing(WIDTH, height, tuple(marks), tuple(ticks))


def draw_places(found: PlaceMap, describe: Describe) -> Drawing | None:
    """Pictures beside the points of a map; None where no coordinate is known."""
    window = found.window
    if window is None:
        return None
    scale = WIDTH / window.width
    height = round(window.height * scale)
    taken: list[tuple[float, float, float, float]] = []
    spots = []
    for place in sorted(found.places, key=lambda place: (-len(place.uids), place.uids)):
        px, py = (round(part * scale, 1) for part in window.place(place.lat, place.lon))
        taken.append((px - 5, py - 5, px + 5, py + 5))
        spots.append(_spot(place, (px, py), height, taken, describe))
    return Drawing(
        WIDTH,
        height,
        lines=tuple(_graticule(window, scale, height)),
        spots=tuple(spots),
        land=tuple(_paths(LAND, window, scale)),
        water=tuple(_paths(WATER, window, scale)),
    )


def _spot(
    place: Place,
    point: tuple[float, float],
    height: float,
    taken: list[tuple[float, float, float, float]],
    describe: Describe,
) -> Spot:
    shown = place.uids[:_MOST_AT_A_PLACE]
    label = place.name or f"{place.lat:.1f}, {place.lon:.1f}"
    if len(place.uids) > 1:
        label += f" · {len(place.uids)}"
    width = max(len(shown) * (_PLACE_MARK + 3), 7 * len(label))
    x, y = _free(point, width, _PLACE_MARK + 18, height, taken)
    taken.append((x, y, x + width, y + _PLACE_MARK + 18))
    works = tuple(
        Mark(describe(uid), x + n * (_PLACE_MARK + 3), y, _PLACE_MARK)
        for n, uid in enumerate(shown)
    )
    return Spot(*point, x, y, label, works)


def _free(
    point: tuple[float, float],
    width: float,
    height: float,
    bottom: float,
    taken: Sequence[tuple[float, float, float, float]],
) -> tuple[float, float]:
    """A corner near a point where a box covers nothing, else the one that covers least."""
    best, least = (0.0, 0.0), float("inf")
    for distance in (14, 40, 80, 130, 190, 260):
        for turn in range(12):
            angle = pi / 6 * turn - pi / 4
            x = point[0] + distance * cos(angle) - (width if cos(angle) < -0.1 else 0)
            y = point[1] + distance * sin(angle) - (height if sin(angle) < 0.1 else 0)
            x = min(max(4.0, x), max(4.0, WIDTH - width - 4))
            y = min(max(4.0, y), max(4.0, bottom - height - 4))
            covered = sum(_shared((x, y, x + width, y + height), box) for box in taken)
            if covered < least:
                best, least = (round(x, 1), round(y, 1)), covered
            if not covered:
                return best
    return best


def _shared(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return wide * high if wide > 0 and high > 0 else 0.0


def _graticule(window: Window, scale: float, height: float) -> Iterator[Line]:
    meridians, parallels = window.graticule()
    for lon in meridians:
        x = round(window.place(0, lon)[0] * scale, 1)
        shown = (lon + 180) % 360 - 180
        label = f"{abs(shown)}°{'E' if shown > 0 else 'W' if shown < 0 else ''}"
        yield Line(x, 0, x, height, label, x + 4, height - 6)
    for lat in parallels:
        y = round(window.place(lat, 0)[1] * scale, 1)
        label = f"{abs(lat)}°{'N' if lat > 0 else 'S' if lat < 0 else ''}"
        yield Line(0, y, WIDTH, y, label, 4, y - 4)


def _paths(rings: Sequence[Ring], window: Window, scale: float) -> Iterator[str]:
    """Rings as paths, wherever the window shows them: also once round the globe."""
    for ring in rings:
        for turn in (-360, 0, 360):
            longitudes = [lon + turn for lon, _ in ring]
            latitudes = [lat for _, lat in ring]
            beside = max(longitudes) < window.west or min(longitudes) > window.east
            if beside or max(latitudes) < window.south or min(latitudes) > window.north:
                continue
            points = [window.place(lat, lon + turn) for lon, lat in ring]
            yield "M" + "L".join(f"{x * scale:.1f},{y * scale:.1f}" for x, y in points) + "Z"


def draw_graph(graph: ComponentGraph, describe: Describe) -> Drawing:
    """Pictures joined by lines that are coloured by what people said."""
    count = len(graph.nodes)
    size = max(30.0, min(96.0, 420 / max(count, 4) ** 0.75))
    height = 240 if count < 3 else 560
    edge = size / 2 + 10

    def at(x: float, y: float) -> tuple[float, float]:
        return round(edge + x * (WIDTH - 2 * edge), 1), round(edge + y * (height - 2 * edge), 1)

    places = {node.uid: at(node.x, node.y) for node in graph.nodes}
    lines = [
        Line(
            *places[link.img1],
            *places[link.img2],
            label=", ".join(link.annotators),
            tone=TONES[link.verdict] + (" contested" if link.contested else ""),
        )
        for link in graph.edges
    ]
    marks = [Mark(describe(uid), x, y, size) for uid, (x, y) in places.items()]
    return Drawing(WIDTH, height, tuple(marks), tuple(lines))
