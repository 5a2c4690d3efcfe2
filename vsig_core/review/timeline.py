"""Works on a time line: where each lies, and which years nobody knows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_TICKS = 9
_STEPS = (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000)


@dataclass(frozen=True)
class Span:
    """The possible years of one picture.

    Parameters
    ----------
    uid
        The picture.
    first, last
        Years, both inclusive; negative is BC.
    lane
        Row of the drawing, from 0: spans of one lane keep their distance.
    """

    uid: str
    first: int
    last: int
    lane: int

    @property
    def middle(self) -> float:
        """Where a mark for the picture stands, years."""
        return (self.first + self.last) / 2


@dataclass(frozen=True)
class TimeLine:
    """Pictures by time.

    Parameters
    ----------
    spans
        Pictures with a date, by first year.
    unknown
        Pictures of which no year is known, by uid: shown as such, never guessed.
    ticks
        Round years from before the first span to after the last; empty without spans.
    """

    spans: tuple[Span, ...]
    unknown: tuple[str, ...]
    ticks: tuple[int, ...]

    @property
    def lanes(self) -> int:
        """How many rows a drawing needs."""
        return max((span.lane + 1 for span in self.spans), default=0)

    def share(self, year: float) -> float:
        """Where a year lies between the first tick (0) and the last (1)."""
        return (year - self.ticks[0]) / (self.ticks[-1] - self.ticks[0])


def time_line(images: Iterable[Mapping[str, Any]], mark: float = 0.08) -> TimeLine:
    """Lay pictures out by time.

    Parameters
    ----------
    images
        Each with uid, year_from and year_to. One year alone is a span of one year.
    mark
        Width of the mark that is drawn for a picture, as a share of the whole line:
        marks of one lane do not touch.

    >>> line = time_line([{"uid": "a", "year_from": 1500, "year_to": 1510},
    ...                   {"uid": "b", "year_from": None, "year_to": None}])
    >>> line.spans[0].middle, line.unknown
    (1505.0, ('b',))
    """
    dated: list[tuple[int, int, str]] = []
    unknown: list[str] = []
    for image in images:
        years = [year for year in (image["year_from"], image["year_to"]) if year is not None]
        if years:
            dated.append((min(years), max(years), image["uid"]))
        else:
            unknown.append(image["uid"])
    dated.sort()
    ticks = year_ticks(dated[0][0], max(last for _, last, _ in dated)) if dated else ()
    width = mark * (ticks[-1] - ticks[0]) if ticks else 0.0
    return TimeLine(tuple(_in_lanes(dated, width)), tuple(sorted(unknown)), ticks)


def year_ticks(first: int, last: int) -> tuple[int, ...]:
    """Round years that enclose two years, at most `MOST_TICKS`, at least two.

    >>> year_ticks(1503, 1648)
    (1500, 1520, 1540, 1560, 1580, 1600, 1620, 1640, 1660)
    """
    for step in _STEPS:
        start, end = first // step * step, -(-last // step) * step
        end = end if end > start else start + step
        if (end - start) // step < MOST_TICKS:
            return tuple(range(start, end + 1, step))
    return (first, max(last, first + 1))


def _in_lanes(dated: Sequence[tuple[int, int, str]], width: float) -> Iterable[Span]:
    """Each span in the first lane where it and its mark touch none before."""
    ends: list[float] = []
    for first, last, uid in dated:
        middle = (first + last) / 2
        start, end = min(first, middle - width / 2), max(last, middle + width / 2)
        lane = next((n for n, taken in enumerate(ends) if taken < start), len(ends))
        ends[lane : lane + 1] = [end]
        yield Span(uid, first, last, lane)
