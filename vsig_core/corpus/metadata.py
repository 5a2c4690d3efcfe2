"""Files that describe pictures: CSV in, rows of text out.

Column names are compared in lower case. Blank cells are absent. What makes the
whole file unusable is refused (`SourceError`), because ids come from it: going on
without would rename every picture. What spoils one row refuses that row.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from vsig_core.errors import SourceError

# Columns that name a picture, and those that give it its id.
FILE_COLUMNS = ("path", "file_name", "filename")
ID_COLUMNS = ("uid", "id")
URL_COLUMN = "url"
NAMING_COLUMNS = (*FILE_COLUMNS, *ID_COLUMNS, URL_COLUMN)

_DELIMITERS = (",", ";", "\t", "|")
_LARGEST_CELL = 131_072  # characters
# One for the whole process, and so as much as it takes: larger cells refuse their row.
_LARGEST_FIELD = 2**31 - 1
# Put after the last line: it is a line of its own unless a quotation mark is still open.
_END = "\x03"


@dataclass(frozen=True)
class MetadataRow:
    """One row: its line in the file (the header is line 1) and its cells that are not blank."""

    line: int
    values: dict[str, str]


@dataclass(frozen=True)
class MetadataFile:
    """The rows of a metadata file, what a person should know about it, and rows left out."""

    rows: list[MetadataRow]
    notes: list[str]
    refused: list[str] = field(default_factory=list)


def read_metadata(data: bytes, name: str) -> MetadataFile:
    """Read a CSV file: UTF-8 (with or without BOM), UTF-16 or Latin-1; `,` `;` tab or `|`.

    Parameters
    ----------
    data
        Content of the file.
    name
        How to call it in notes and errors.

    Raises
    ------
    SourceError
        The file is no CSV, or has no column that names a picture.
    """
    text, notes = _decoded(data, name)
    csv.field_size_limit(_LARGEST_FIELD)
    delimiter = _delimiter(name, text)
    try:
        lines = _lines(name, text, delimiter, notes)
    except csv.Error as error:
        raise SourceError(
            f"{name} is not valid CSV: {error}. Save the table anew as CSV (UTF-8)."
        ) from error
    header = [column.strip().lower() for column in lines[0][1]]
    read = MetadataFile([], notes)
    for line, cells in lines[1:]:
        if problem := _too_many(cells, header, delimiter) or cells_problem(cells):
            read.refused.append(f"{name}, line {line}: {problem}")
        elif values := _named(header, cells):
            read.rows.append(MetadataRow(line, values))
    return read


def cells_problem(cells: Iterable[str]) -> str | None:
    """Why a row cannot be used, for what stands in its cells; None where it can."""
    for cell in cells:
        if len(cell) > _LARGEST_CELL:
            return f"a cell of {len(cell):,} characters; {_LARGEST_CELL:,} is the most"
        if "\0" in cell:
            return f"a cell holds a NUL, which is no character of a text: {cell[:80]!r}"
    return None


def _too_many(cells: list[str], header: list[str], delimiter: str) -> str | None:
    if any(cell.strip() for cell in cells[len(header) :]):
        return (
            f"{len(cells)} cells under {len(header)} columns. Quote cells that contain "
            f"{delimiter!r}."
        )
    return None


def _decoded(data: bytes, name: str) -> tuple[str, list[str]]:
    if wide := _wide(data):
        return data.decode(wide, errors="replace"), []
    if b"\x00" in re.split(rb"[\r\n]", data, maxsplit=1)[0] or data.startswith(b"PK\x03\x04"):
        raise SourceError(f"Metadata file {name} is not text. Save the table as CSV (UTF-8).")
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        note = f"{name} is not UTF-8 (byte {error.start}); read as Latin-1 (Windows-1252)."
        return data.decode("cp1252", errors="replace"), [note]


def _wide(data: bytes) -> str | None:
    """The encoding of two bytes for a character, by its mark, else by a header in ASCII."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    zeros = tuple(byte == 0 for byte in data[:4])
    return {(False, True) * 2: "utf-16-le", (True, False) * 2: "utf-16-be"}.get(zeros)


def _delimiter(name: str, text: str) -> str:
    """The one that makes most naming columns out of the header, then most columns."""

    def score(delimiter: str) -> tuple[int, int]:
        header = next((cells for _, cells in _records(text, delimiter, strict=False)), [])
        names = [column.strip().lower() for column in header]
        return sum(column in NAMING_COLUMNS for column in names), len(names)

    best = max(_DELIMITERS, key=score)
    if not score(best)[0]:
        first = text.lstrip().split("\n", 1)[0][:80].strip()
        raise SourceError(
            f"{name} has no column that names the picture; one of {', '.join(NAMING_COLUMNS)} is "
            f"needed, the first line is {first!r}. Add one, rename the file if it is about "
            "something else, or name another with 'metadata' of this source in vsig.toml."
        )
    return best


def _lines(name: str, text: str, delimiter: str, notes: list[str]) -> list[tuple[int, list[str]]]:
    """All records; read leniently, with a note, where quotation marks are used loosely."""
    try:
        return list(_records(text, delimiter, strict=True))
    except csv.Error as error:
        lines = list(_records(f"{text}\n{_END}", delimiter, strict=False))
        begins, last = lines.pop()
        if last != [_END]:
            raise SourceError(
                f"{name}, line {begins}: a quotation mark is opened and never closed, so that rows "
                "run into one another. Close or double it."
            ) from error
        notes.append(f"{name}: quotation marks are used loosely ({error}); read as they stand.")
        return lines


def _records(text: str, delimiter: str, *, strict: bool) -> Iterator[tuple[int, list[str]]]:
    """Each record that is not empty, with the line it begins on."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict)
    begins = 1
    for cells in reader:
        if cells:
            yield begins, cells
        begins = reader.line_num + 1


def _named(header: list[str], cells: list[str]) -> dict[str, str]:
    """Cells by column; of two columns with one name the first that is not blank."""
    values: dict[str, str] = {}
    for name, cell in zip(header, cells, strict=False):
        if name and cell.strip():
            values.setdefault(name, cell.strip())
    return values
