"""By what the pictures of the map can be coloured: cluster, author, period, novelty and others."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vsig_core.review.atlas.contents import Contents
from vsig_core.review.colours import Colour, name_colours

NONE = 65535  # the code of a picture without a value
MOST_ENTRIES = 65_000
LONGEST = 300  # characters of one value
OTHERS = "all others"
MOST_PERIODS = 14
STEPS = (1, 5, 10, 25, 50, 100, 250, 500, 1000)  # years of a period
TAILS = 2  # percent of the years at either end that may share an open period
# From old to new, the ends of a ramp that differ in lightness too.
RAMP: tuple[Colour, ...] = (
    (68, 40, 92), (60, 84, 138), (42, 126, 138), (76, 160, 106), (190, 172, 66), (222, 122, 52),
    (190, 56, 48),
)  # fmt: skip
NOVELTY = (
    ("new pictures", (214, 74, 44)),
    ("in another cluster than before", (226, 168, 50)),
    ("as before", (150, 146, 140)),
)


@dataclass(frozen=True)
class Entry:
    """One value: what it is called, how many pictures have it, and its colour."""

    label: str
    count: int
    colour: Colour


@dataclass(frozen=True)
class Colouring:
    """One way to colour the map.

    Parameters
    ----------
    name
        As in the address of a view.
    label
        As people read it.
    none
        What pictures without a value are called.
    entries
        Values, in the order of the legend.
    codes
        Shape (n,): place in `entries` of each picture's value, `NONE` without.
    """

    name: str
    label: str
    none: str
    entries: list[Entry]
    codes: NDArray[np.uint16]

    def described(self) -> dict[str, Any]:
        """For the manifest."""
        return {
            "name": self.name,
            "label": self.label,
            "none": self.none,
            "unknown": int((self.codes == NONE).sum()),
            "entries": [
                [entry.label, entry.count, "#%02x%02x%02x" % entry.colour]  # noqa: UP031
                for entry in self.entries
            ],
        }


def colourings(contents: Contents, shown: Sequence[bool]) -> list[Colouring]:
    """All that can be told of these pictures.

    Parameters
    ----------
    contents
        What the map shows.
    shown
        By slot: whether anything may be told of the picture; of others it is its place.
    """
    uids, images = contents.uids, contents.images

    def told(values: Sequence[Any]) -> list[Any]:
        return [value if tell else None for value, tell in zip(values, shown, strict=True)]

    years = list(map(middle_year, images["year_from"].to_pylist(), images["year_to"].to_pylist()))
    found = [
        by_name("cluster", "in no cluster", told([contents.clusters[uid] for uid in uids])),
        by_name("author", "author unknown", told(images["author"].to_pylist())),
        by_period(told(years)),
        by_novelty(contents, told(uids)),
        by_name(
            "signature", "no confirmed signature", told([contents.motifs.get(u) for u in uids])
        ),
        by_name("place", "place unknown", told(images["place"].to_pylist())),
    ]
    return [colouring for colouring in found if colouring.entries or colouring.name == "cluster"]


def by_name(name: str, none: str, values: Sequence[str | None]) -> Colouring:
    """One colour for each value, the most frequent first; the rarest of very many share one."""
    values = [shortened(value or "") for value in values]
    counts = Counter(filter(None, values))
    labels = sorted(counts, key=lambda label: (-counts[label], label))
    own, shared = labels[:MOST_ENTRIES], labels[MOST_ENTRIES:]
    colours = name_colours(own)
    entries = [Entry(label, counts[label], colours[label]) for label in own]
    if shared:
        entries.append(Entry(OTHERS, sum(counts[label] for label in shared), (150, 146, 140)))
    code = {label: min(place, MOST_ENTRIES) for place, label in enumerate(labels)}
    codes = np.array([code[value] if value else NONE for value in values], np.uint16)
    return Colouring(name, name, none, entries, codes)


def by_period(years: Sequence[float | None]) -> Colouring:
    """Periods of one length that suits the corpus; the few very old or new ones share one each."""
    known = np.array([year for year in years if year is not None], float)
    if not known.size:
        return Colouring("period", "period", "date unknown", [], _codes(years, lambda _: NONE))
    low, high = known.min(), known.max()
    inner = np.percentile(known, [TAILS, 100 - TAILS])
    step = _step(*inner)
    if _step(low, high) > step:  # a few far off would make the periods of all others coarse
        low, high = inner
    first = math.floor(low / step) * step
    last = int((high - first) // step)

    def code(year: float) -> int:
        return int(np.clip((year - first) // step, 0, last))

    counts = Counter(map(code, known))
    entries = [
        Entry(_period(first + place * step, step), counts[place], _ramp(place / max(last, 1)))
        for place in range(last + 1)
    ]
    if known.min() < first:
        entries[0] = Entry(f"before {first + step}", entries[0].count, entries[0].colour)
    if known.max() >= first + (last + 1) * step:
        entries[-1] = Entry(f"from {first + last * step}", entries[-1].count, entries[-1].colour)
    return Colouring("period", "period", "date unknown", entries, _codes(years, code))


def by_novelty(contents: Contents, uids: Sequence[str | None]) -> Colouring:
    """What is new since the clusters before: the pictures, or the cluster they are in."""
    added = dict(zip(contents.uids, contents.images["added_at"].to_pylist(), strict=True))

    def code(uid: str) -> int:
        if contents.before is None:
            return 2
        if added[uid] is not None and added[uid] > contents.before:
            return 0
        return 1 if uid in contents.changed else 2

    codes = _codes(uids, code)
    entries = [
        Entry(label, int((codes == place).sum()), colour)
        for place, (label, colour) in enumerate(NOVELTY)
    ]
    return Colouring("novelty", "novelty", "unknown", entries, codes)


def middle_year(year_from: int | None, year_to: int | None) -> float | None:
    """The middle of what is known of a date.

    >>> middle_year(1500, 1510), middle_year(None, 1510), middle_year(None, None)
    (1505.0, 1510.0, None)
    """
    known = [year for year in (year_from, year_to) if year is not None]
    return sum(known) / len(known) if known else None


def shortened(text: str) -> str:
    """As much of a text as a card or a legend has room for; the record's own page has it all."""
    return text if len(text) <= LONGEST else text[:LONGEST].rstrip() + "…"


def _codes(values: Sequence[Any], code: Callable[[Any], int]) -> NDArray[np.uint16]:
    return np.array([NONE if value is None else code(value) for value in values], np.uint16)


def _step(low: float, high: float) -> int:
    return next((step for step in STEPS if (high - low) / step <= MOST_PERIODS - 1), STEPS[-1])


def _period(start: int, step: int) -> str:
    return str(start) if step == 1 else f"{start}–{start + step - 1}"


def _ramp(share: float) -> Colour:
    at = share * (len(RAMP) - 1)
    low = min(int(at), len(RAMP) - 2)
    red, green, blue = (
        round(a + (at - low) * (b - a)) for a, b in zip(RAMP[low], RAMP[low + 1], strict=True)
    )
    return red, green, blue
