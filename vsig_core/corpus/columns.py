"""Metadata of one picture as columns of the table `images`.

Known columns are taken as they are named there, and by the names that PixPlot,
VIKUS (a leading underscore) and Hugging Face `imagefolder` files use. Everything
else is kept in `extra`, also a value that its column cannot hold.
"""

import json
import math
import re
from dataclasses import dataclass
from datetime import date
from typing import Any, get_args

from vsig_core.corpus.dates import LAST_YEAR, parse_years
from vsig_core.corpus.metadata import FILE_COLUMNS
from vsig_core.settings import Publish

_TEXT_COLUMNS = (
    "work", "part", "canvas", "manifest", "title", "author", "place", "description", "permalink",
    "rights",
)  # fmt: skip
_DATE_COLUMNS = ("date_text", "date", "year")
# Subjects, and what separates them where the column has a list.
_SUBJECT_COLUMNS = {
    "iconography": r"[;|]",
    "keywords": r"[;|,]",
    "category": r"[;|]",
    "tags": r"[;|,]",
}
_KNOWN = {*_TEXT_COLUMNS, *_DATE_COLUMNS, *_SUBJECT_COLUMNS, "lat", "lon"}
_OTHER_NAMES = {"latitude": "lat", "lng": "lon", "long": "lon", "longitude": "lon"}
_PUBLISH_WORDS: tuple[str, ...] = get_args(Publish)


@dataclass(frozen=True)
class ImageColumns:
    """Values of the metadata columns of `images`, and what could not be used."""

    values: dict[str, Any]
    problems: list[str]


def image_columns(metadata: dict[str, str]) -> ImageColumns:
    """Sort a picture's metadata into the columns of `images`.

    Parameters
    ----------
    metadata
        Column to cell, as `ListedFile.metadata` has it.
    """
    left = _own_names(metadata)
    values: dict[str, Any] = {name: left.pop(name, None) for name in _TEXT_COLUMNS}
    values |= _dates(left)
    values["iconography"] = _subjects(left)
    checked, problems = _checked(left)
    values |= checked
    for name in FILE_COLUMNS:
        left.pop(name, None)
    values["extra"] = json.dumps(left, ensure_ascii=False, sort_keys=True) if left else None
    return ImageColumns(values, problems)


def unusable_cells(metadata: dict[str, str]) -> list[str]:
    """The problems alone, for a look at many rows: a date or a subject, whatever it is, is none."""
    return _checked(_own_names(metadata))[1]


def _checked(left: dict[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Values of the columns whose cells may be wrong, and what is."""
    problems: list[str] = []
    values: dict[str, Any] = {
        "lat": _degrees(left, "lat", 90, problems),
        "lon": _degrees(left, "lon", 180, problems),
        **_rights_to_show(left, problems),
    }
    return values, problems


def _own_names(metadata: dict[str, str]) -> dict[str, str]:
    """A copy under our names; where two say the same thing the first stands."""
    renamed: dict[str, str] = {}
    for name, cell in metadata.items():
        bare = name.removeprefix("_")
        ours = _OTHER_NAMES.get(bare, bare if bare in _KNOWN else name)
        renamed[name if ours in renamed or (ours != name and ours in metadata) else ours] = cell
    return renamed


def _dates(left: dict[str, str]) -> dict[str, Any]:
    """The words of the first date column; the years of the first that is understood."""
    given = [(name, left[name]) for name in _DATE_COLUMNS if name in left]
    years = next((found for _, text in given if (found := parse_years(text))), (None, None))
    if given:
        del left[given[0][0]]
    written = (_year(left.get("year_from")), _year(left.get("year_to")))
    if written[0] is not None and written[1] is not None and written[0] <= written[1]:
        years = written
        del left["year_from"], left["year_to"]
    text = given[0][1].removesuffix(".0") if given else None
    return {"date_text": text, "year_from": years[0], "year_to": years[1]}


def _year(text: str | None) -> int | None:
    """A year in figures, also one that a spreadsheet wrote as 1520.0."""
    match = re.fullmatch(r"(-?\d{1,4})(\.0)?", text or "")
    return int(match[1]) if match and int(match[1]) <= LAST_YEAR else None


def _subjects(left: dict[str, str]) -> str | None:
    """All subject columns as one list, each subject once."""
    subjects: dict[str, None] = {}
    for name, separator in _SUBJECT_COLUMNS.items():
        for subject in re.split(separator, left.pop(name, "")):
            if subject.strip():
                subjects.setdefault(subject.strip())
    return "; ".join(subjects) or None


def _degrees(left: dict[str, str], name: str, limit: int, problems: list[str]) -> float | None:
    if name not in left:
        return None
    try:
        degrees = float(left[name].replace(",", "."))
    except ValueError:
        degrees = math.nan
    if not abs(degrees) <= limit:
        problems.append(f"{name} {left[name]!r} is not a number of degrees up to {limit}")
        return None
    del left[name]
    return degrees


def _rights_to_show(left: dict[str, str], problems: list[str]) -> dict[str, Any]:
    """`publish` and `embargo_until`; what is not understood keeps the picture in."""
    publish = left.get("publish", "none").lower()
    if publish in _PUBLISH_WORDS:
        left.pop("publish", None)
    else:
        problems.append(
            f"publish {publish!r} is none of {', '.join(_PUBLISH_WORDS)}; none is meant"
        )
        publish = "none"
    embargo = None
    if "embargo_until" in left:
        try:
            embargo = date.fromisoformat(left["embargo_until"])
            del left["embargo_until"]
        except ValueError:
            publish = "none"
            problems.append(
                f"embargo_until {left['embargo_until']!r} is no date like 2031-12-31; "
                "nothing is published"
            )
    return {"publish": publish, "embargo_until": embargo}
