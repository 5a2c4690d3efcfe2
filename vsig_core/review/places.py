"""Where works are or were made, on a plain map: a window of the globe and its marks."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# A lone town is shown with the country around it, degrees.
LEAST_HEIGHT = 9.0
_PADDING = 0.18
_STEPS = (1, 2, 5, 10, 15, 30, 45)
_MOST_LINES = 8


@dataclass(frozen=True)
class Window:
    """A part of the globe in a plate carrée projection that keeps shapes at its middle.

    Parameters
    ----------
    west, south, east, north
        Degrees; `east` may lie beyond 180 where the window crosses the date line.
    """

    west: float
    south: float
    east: float
    north: float

    @property
    def narrowing(self) -> float:
        """How much shorter a degree of longitude is than one of latitude at the middle."""
        return max(0.2, math.cos(math.radians((self.south + self.north) / 2)))

    @property
    def width(self) -> float:
        """Of the drawing, in degrees of latitude."""
        return (self.east - self.west) * self.narrowing

    @property
    def height(self) -> float:
        """Of the drawing, in degrees of latitude."""
        return self.north - self.south

    def place(self, lat: float, lon: float) -> tuple[float, float]:
        """x from the west and y from the north, in degrees of latitude."""
        return (lon - self.west) * self.narrowing, self.north - lat

    def graticule(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Round longitudes and latitudes inside the window."""
        span = max(self.east - self.west, self.height)
        step = next((step for step in _STEPS if span / step <= _MOST_LINES), _STEPS[-1])
        return _rounds(self.west, self.east, step), _rounds(self.south, self.north, step)


@dataclass(frozen=True)
class Place:
    """One mark: pictures of one spot.

    Parameters
    ----------
    lat, lon
        Degrees; `lon` as the window counts it.
    name
        The most frequent name that the pictures give; None where none gives one.
    uids
        The pictures, ascending.
    """

    lat: float
    lon: float
    name: str | None
    uids: tuple[str, ...]


@dataclass(frozen=True)
class PlaceMap:
    """Pictures by place: marks, the window around them, and pictures without coordinates."""

    window: Window | None
    places: tuple[Place, ...]
    unknown: tuple[str, ...]


def place_map(images: Iterable[Mapping[str, Any]]) -> PlaceMap:
    """Put pictures on a map.

    Parameters
    ----------
    images
        Each with uid, lat, lon (degrees) and place (its name). Those without a
        coordinate that exists are `unknown`.
    """
    spots: dict[tuple[float, float], list[Mapping[str, Any]]] = defaultdict(list)
    unknown: list[str] = []
    for image in images:
        if _exists(image["lat"], 90) and _exists(image["lon"], 180):
            spots[round(image["lat"], 2), round(image["lon"], 2)].append(image)
        else:
            unknown.append(image["uid"])
    if not spots:
        return PlaceMap(None, (), tuple(sorted(unknown)))
    west = _western_edge([lon for _, lon in spots])
    places = [
        Place(lat, lon if lon >= west else lon + 360, _name(found), tuple(_uids(found)))
        for (lat, lon), found in sorted(spots.items())
    ]
    return PlaceMap(_window(places), tuple(places), tuple(sorted(unknown)))


def _exists(degrees: float | None, most: float) -> bool:
    return degrees is not None and math.isfinite(degrees) and abs(degrees) <= most


def _uids(images: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted(image["uid"] for image in images)


def _name(images: Sequence[Mapping[str, Any]]) -> str | None:
    names = [image["place"] for image in images if image["place"]]
    return max(sorted(set(names)), key=names.count, default=None)


def _western_edge(longitudes: Iterable[float]) -> float:
    """The longitude after the widest empty stretch: the window goes round the other way."""
    order = sorted(set(longitudes))
    gaps = [(order[(n + 1) % len(order)] - lon) % 360 or 360.0 for n, lon in enumerate(order)]
    return order[(gaps.index(max(gaps)) + 1) % len(order)]


def _window(places: Sequence[Place]) -> Window:
    south, north = _padded([place.lat for place in places], LEAST_HEIGHT)
    south, north = max(south, -90.0), min(north, 90.0)
    narrowing = Window(0, south, 0, north).narrowing
    # Wider than high: as a page is.
    least = 1.6 * (north - south) / narrowing
    west, east = _padded([place.lon for place in places], min(least, 360.0))
    if (east - west) * narrowing > 2.4 * (north - south):
        south, north = _padded([south, north], (east - west) * narrowing / 2.4)
        south, north = max(south, -90.0), min(north, 90.0)
    return Window(west, south, east, north)


def _padded(values: Sequence[float], least: float) -> tuple[float, float]:
    low, high = min(values), max(values)
    span = max(least, (high - low) * (1 + 2 * _PADDING))
    middle = (low + high) / 2
    return middle - span / 2, middle + span / 2


def _rounds(low: float, high: float, step: int) -> tuple[int, ...]:
    return tuple(range(math.ceil(low / step) * step, math.floor(high / step) * step + 1, step))
