"""From the bytes of a CSV file to its records, each with its line.

Knows nothing of judgements. Takes what spreadsheets write: UTF-8 with or without
BOM, UTF-16 with BOM, Windows Latin-1; commas, semicolons or tabs; any line ends.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from vsig_core.errors import AnnotationError

# Members of a large cluster stand in one cell; csv's limit of 131,072 characters is too low.
_LARGEST_CELL = 1 << 30


@dataclass(frozen=True)
class Record:
    """One record of a file: its line (the header being 1), raw text, and cells.

    `fault` says why the cells cannot be told apart or read; they are then empty.
    """

    line: int
    text: str
    cells: list[str]
    fault: str | None = None


@dataclass(frozen=True)
class Sheet:
    """A file's column names as found (lower case), its records, and what was noticed.

    `cut_off` is what the file ends within, where its end is missing: the first line and
    the broken records, as a file by itself.
    """

    columns: list[str]
    records: list[Record]
    notes: list[str]
    cut_off: str | None = None


def read_sheet(data: bytes, file: str, required: Sequence[str]) -> Sheet:
    """Tell a file's columns and records apart.

    Raises
    ------
    AnnotationError
        Empty, not text, a required column missing, or a column named twice.
    """
    text, notes, mid_character = _decode(data, file)
    lines = list(io.StringIO(text, newline=""))
    delimiter = max(",;\t", key=next(filter(str.strip, lines)).count)
    csv.field_size_limit(_LARGEST_CELL)
    records = list(_records(lines, delimiter))
    columns = [cell.strip().lower() for cell in records[0].cells] if records else []
    if "\0" in text and not set(required) <= set(columns):
        raise AnnotationError(f"{file} is not text; wanted a CSV file in UTF-8")
    _check_columns(columns, required, file)
    if delimiter != ",":
        notes.append(f"cells are separated by {delimiter!r}")
    if mid_character and not text.endswith(("\n", "\r")):
        records[-1] = replace(
            records[-1], cells=[], fault="cells: the file ends within a character"
        )
    broken = _cut_off(text, records[1:], len(columns))
    if not broken:
        return Sheet(columns, records[1:], notes)
    notes.append(f"the file ends within line {broken[0].line}: its end seems to be cut off")
    cut_off = "\n".join(record.text for record in [records[0], *broken])
    return Sheet(columns, records[1:], notes, cut_off)


def ends_within_line(data: bytes) -> bool:
    """Whether a file has no bytes, or its last line has no end: it may be half-copied."""
    return not data.rstrip(b"\0").endswith((b"\n", b"\r"))


def _cut_off(text: str, records: Sequence[Record], width: int) -> list[Record]:
    """The broken records at the end of a file whose last line has no end; mostly one.

    Several where the end is in a cell of several lines: each is then a record of its own.
    """
    if text.endswith(("\n", "\r")):
        return []
    whole = (n for n, record in enumerate(reversed(records)) if len(record.cells) >= width)
    return list(records[len(records) - next(whole, len(records)) :])


def _decode(data: bytes, file: str) -> tuple[str, list[str], bool]:
    """The text, what was noticed, and whether it ends in the middle of a character."""
    notes: list[str] = []
    mid_character = False
    utf16 = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        mid_character = error.reason == "unexpected end of data" and error.start > 0 and not utf16
        if mid_character:
            text = data[: error.start].decode("utf-8-sig")
        else:
            text = "\0" if utf16 else data.decode("latin-1")
            notes.append("not UTF-8: read as Latin-1; look at the accents in names")
    if not text.strip():
        raise AnnotationError(f"{file} is empty; wanted a line that names the columns")
    return text, notes, mid_character


def _check_columns(columns: list[str], required: Sequence[str], file: str) -> None:
    missing = [name for name in required if name not in columns]
    if missing:
        raise AnnotationError(
            f"{file} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}; its first "
            f"line has {', '.join(columns)[:200]!r}. Name the columns in the first line."
        )
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if twice:
        raise AnnotationError(f"{file} has the column {', '.join(twice)} twice; which one counts?")


def _records(lines: list[str], delimiter: str) -> Iterator[Record]:
    """Records in order; an unclosed quote costs its own line, not the rest of the file."""
    start = 0
    while start < len(lines):
        rest = (lines[number] for number in range(start, len(lines)))
        reader = csv.reader(rest, delimiter=delimiter, strict=True)
        first = start
        try:
            for cells in reader:
                after = start + reader.line_num
                text = "".join(lines[first:after]).rstrip("\r\n")
                if "\0" in text:
                    yield Record(first + 1, text, [], "nul: a NUL is no character of a text")
                elif any(map(str.strip, cells)):
                    yield Record(first + 1, text, cells)
                first = after
            return
        except csv.Error as error:
            yield Record(first + 1, lines[first].rstrip("\r\n"), [], f"quotes: {error}")
            start = first + 1
