"""What a catalogue says of the pictures: invented people, places and titles."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vsig_core.corpus.sample.plan import COPY, DETAIL, DUPLICATE, SECOND_VIEW, Plan

COLUMNS = (
    "path", "title", "author", "date", "place", "lat", "lon", "iconography", "description",
    "rights", "publish", "work", "part",
)  # fmt: skip

# Invented towns; the coordinates lie in their invented provinces.
_PLACES = (
    ("Vallombra", 43.72, 11.51), ("Sankt Oder", 49.41, 11.12), ("Brugemonde", 51.19, 3.26),
    ("Castelnera", 45.43, 12.31), ("Montreval", 47.31, 5.04), ("Haarmeer", 52.37, 4.63),
    ("Toledilla", 39.87, -4.02), ("Wyvernham", 52.62, 1.29), ("Praga Minor", 50.08, 14.43),
)  # fmt: skip
_FIRST = (
    "Anselmo", "Brigida", "Cornelis", "Dorothea", "Ercole", "Frans", "Griselda", "Hanneke",
    "Ippolito", "Jost", "Lavinia", "Matthys", "Nerina", "Orsola", "Pieter", "Tommaso",
)  # fmt: skip
_LAST = (
    "dal Ponte Vecchiolo", "van Merwede", "Altdornick", "Quarenghino", "de Bruyère-Noire",
    "Falkenrath", "Morandello", "Zoutleeuw", "della Corvara", "Rosenhain", "Ostrander",
)  # fmt: skip
_SUBJECTS = {
    "figure": "saint;standing figure",
    "pair": "encounter;two figures",
    "trio": "three figures;allegory",
    "flying figure": "angel;flight",
    "beast": "animal",
    "rider": "rider;procession",
    "bird": "bird;emblem",
    "sea beast": "sea monster",
    "dragon": "dragon;marvel",
    "building": "architecture;view",
    "ship": "ship;voyage",
    "vase": "still life;flowers",
    "tree": "tree;paradise",
    "shield": "heraldry",
    "sun": "sun;allegory",
}
_OPENINGS = ("The", "Allegory of the", "Study of the", "Legend of the", "Landscape with the")
_NOUNS = (
    "Crossing",
    "Garden",
    "Return",
    "Feast",
    "Vigil",
    "Harvest",
    "Procession",
    "Farewell",
    "Hours",
)
_QUALITIES = (
    "Silver",
    "Sleeping",
    "Borrowed",
    "Northern",
    "Quiet",
    "Painted",
    "Lost",
    "Seventh",
    "Patient",
)


@dataclass(frozen=True)
class Shown:
    """What was drawn in one picture, as far as a cataloguer sees it."""

    subjects: tuple[str, ...]
    words: str
    rights: str = "CC0"
    publish: str = "full"


def draw_records(
    plan: Plan, names: Sequence[str], shown: list[Shown], rng: np.random.Generator
) -> list[dict[str, str]]:
    """One row of `metadata.csv` for each picture; views share the record of their object."""
    artists = _draw_artists(rng)
    objects: dict[int, dict[str, str]] = {}
    viewed = {
        plan.object_of(i) for i, e in enumerate(plan.entries) if e.kind in (DETAIL, SECOND_VIEW)
    }
    rows = []
    for index, entry in enumerate(plan.entries):
        thing = plan.object_of(index)
        if thing not in objects or entry.kind == DUPLICATE:
            record = _draw_record(shown[thing], artists, rng)
            if entry.kind == COPY:
                record["title"] = f"{objects[plan.object_of(plan.root(index))]['title']} (copy)"
            if thing in viewed and entry.kind != DUPLICATE:
                record |= {"work": f"inv-{1000 + thing}", "part": "whole"}
            objects.setdefault(thing, record)
        else:
            part = "detail" if entry.kind == DETAIL else "whole"
            record = {**objects[thing], "part": part}
        rows.append({**record, "path": names[index]})
    return rows


def _draw_artists(rng: np.random.Generator) -> list[tuple[str, int, int]]:
    """Name, year in the middle of the career, and place number."""
    names = sorted({f"{rng.choice(_FIRST)} {rng.choice(_LAST)}" for _ in range(40)})
    return [(n, int(rng.integers(1430, 1790)), int(rng.integers(len(_PLACES)))) for n in names]


def _draw_record(
    shown: Shown, artists: list[tuple[str, int, int]], rng: np.random.Generator
) -> dict[str, str]:
    name, year, place_number = artists[int(rng.integers(len(artists)))]
    place, lat, lon = _PLACES[place_number]
    placed = rng.random() < 0.8
    subjects = ";".join(dict.fromkeys(_SUBJECTS[s] for s in shown.subjects))
    return {
        "path": "",
        "title": f"{rng.choice(_OPENINGS)} {rng.choice(_QUALITIES)} {rng.choice(_NOUNS)}",
        "author": _attributed(name, place, rng),
        "date": _dated(year + int(rng.integers(-15, 16)), rng),
        "place": place if placed else "",
        "lat": f"{lat:.2f}" if placed and rng.random() < 0.8 else "",
        "lon": f"{lon:.2f}" if placed and rng.random() < 0.8 else "",
        "iconography": subjects,
        "description": f"{shown.words}, {rng.integers(18, 140)} × {rng.integers(18, 140)} cm",
        "rights": shown.rights,
        "publish": shown.publish,
        "work": "",
        "part": "",
    }


def _attributed(name: str, place: str, rng: np.random.Generator) -> str:
    forms = (name, name, name, f"Workshop of {name}", f"After {name}", f"Anonymous, {place}", "")
    return forms[int(rng.integers(len(forms)))]


def _dated(year: int, rng: np.random.Generator) -> str:
    century = year // 100 + 1
    forms = (
        f"{year}", f"c. {year // 5 * 5}", f"{year}–{(year + 3) % 100:02d}", f"{century}th c.",
        f"before {year}", f"{year // 10 * 10}s", "unknown", "",
    )  # fmt: skip
    return forms[int(rng.integers(len(forms)))]
