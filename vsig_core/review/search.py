"""Searching the metadata: every sign of a query is plain text.

Upper and lower case, accents, and the forms of quotes and dashes count as one, so
"L'AQUILA" finds "L’Aquila" and "perez" finds "Pérez". Words may stand in any
order and in any column; what holds the query as it was written comes first.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute

# pyarrow makes most of these functions when it is imported: a type checker knows none of them.
pc: Any = pyarrow.compute

SEARCHED = (
    "title",
    "author",
    "uid",
    "place",
    "date_text",
    "iconography",
    "description",
    "work",
    "rights",
    "permalink",
    "extra",
)
"""Columns of `images` that are searched; of two hits the one in an earlier column is better."""

# Letters that do not come apart into a base and an accent, and signs with many forms.
_ALIKE = {
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ß": "ss",
    "æ": "ae",
    "œ": "oe",
    "ı": "i",
    "‘": "'",
    "’": "'",
    "ʼ": "'",
    "“": '"',
    "”": '"',
    "–": "-",
    "—": "-",
    "‐": "-",
}
# Between columns, so that no query reaches from one into the next.
_BETWEEN = "\n"


@dataclass(frozen=True)
class SearchIndex:
    """The metadata of all pictures, ready to be searched.

    Parameters
    ----------
    uids
        The pictures, in the order of the table.
    title, author, everything
        Folded text of each: of two columns, and of all that are searched.
    """

    uids: pa.Array
    title: pa.Array
    author: pa.Array
    everything: pa.Array

    @classmethod
    def of(cls, images: pa.Table) -> "SearchIndex":
        """Fold the columns that are there.

        Parameters
        ----------
        images
            Rows of `images` with `uid` and any columns of `SEARCHED`.
        """
        there = [name for name in SEARCHED if name in images.column_names]
        folded = {name: _fold(_words(name, images[name].combine_chunks())) for name in there}
        nothing = pa.array([""] * images.num_rows, pa.string())
        everything = pc.binary_join_element_wise(*folded.values(), _BETWEEN)
        return cls(
            images["uid"].combine_chunks(),
            folded.get("title", nothing),
            folded.get("author", nothing),
            everything,
        )

    def find(self, query: str, most: int = 200) -> tuple[list[str], int]:
        """Pictures whose metadata hold every word of a query.

        Parameters
        ----------
        query
            As a person types it; blanks part words, nothing else has a meaning.
        most
            Length of the answer.

        Returns
        -------
        uids, best first (title, then author, then anywhere as written, then the
        words apart; within these in the order of the table), and how many there are
        in all. Nothing for a query without words.
        """
        whole = " ".join(fold(query).split())
        if not whole:
            return [], 0
        hits = self._holding(sorted(whole.split(" "), key=len, reverse=True))
        ranks = [
            pc.match_substring(column.take(hits), whole)
            for column in (self.title, self.author, self.everything)
        ]
        best = pc.case_when(
            pc.make_struct(*ranks), *(pa.scalar(n) for n in (0, 1, 2)), pa.scalar(3)
        )
        order = pc.sort_indices(
            pa.table({"rank": best, "row": hits}), [("rank", "ascending"), ("row", "ascending")]
        )
        return self.uids.take(hits.take(order[:most])).to_pylist(), len(hits)

    def _holding(self, words: Sequence[str]) -> pa.Array:
        """Rows that hold every word; the long words leave fewer rows for the others."""
        rows = pc.indices_nonzero(pc.match_substring(self.everything, words[0]))
        for word in words[1:]:
            rows = rows.filter(pc.match_substring(self.everything.take(rows), word))
        return rows


def fold(text: str) -> str:
    """Text as it is compared: small letters without accents, one form of each sign.

    >>> fold("L’AQUILA, Pérez")
    "l'aquila, perez"
    """
    return _fold(pa.array([text], pa.string()))[0].as_py()


def _words(column: str, texts: pa.Array) -> pa.Array:
    """What a column says; of JSON names and values alone, without its own signs."""
    if column != "extra":
        return texts
    return pa.array([_of_json(text) for text in texts.to_pylist()], pa.string())


def _of_json(text: str | None) -> str:
    if not text or text == "{}":
        return ""
    found = json.loads(text)
    return " ".join(f"{name} {value}" for name, value in found.items() if value is not None)


def _fold(texts: pa.Array) -> pa.Array:
    apart = pc.utf8_normalize(pc.fill_null(texts, ""), "NFKD")
    bare = pc.utf8_lower(pc.replace_substring_regex(apart, r"\p{Mn}+", ""))
    for sign, plain in _ALIKE.items():
        bare = pc.replace_substring(bare, sign, plain)
    return pc.replace_substring_regex(bare, r"\s+", " ")
