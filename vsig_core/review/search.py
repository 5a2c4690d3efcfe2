"""Searching the metadata: every sign of a query is plain text.

Upper and lower case, accents, and the forms of quotes and dashes count as one, so
"L'AQUILA" finds "L’Aquila" and "perez" finds "Pérez". Words may stand in any
order and in any column; what holds the query as it was written comes first.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
from numpy.typing import NDArray

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
_MANY = 0.2  # of all rows: from there on it is faster to look at the whole column
# Between columns, so that no query reaches from one into the next.
_BETWEEN = "\n"

Rows = NDArray[np.int64]


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
        words = sorted(whole.split(" "), key=len, reverse=True)
        hits = np.arange(len(self.uids))
        for word in words:  # the long words leave fewer rows for the others
            hits = _of_which(hits, self.everything, word)
        order = self._best_first(hits, whole if len(words) > 1 else None, whole, most)
        return self.uids.take(pa.array(order)).to_pylist(), len(hits)

    def _best_first(self, hits: Rows, apart: str | None, whole: str, most: int) -> Rows:
        """The first of the hits, by where they hold the query; the others are not looked at.

        `apart` is the query where its words may also stand apart.
        """
        found: list[Rows] = []
        columns = [(self.title, whole), (self.author, whole)]
        columns += [(self.everything, apart)] if apart else []
        for column, text in columns:
            if sum(map(len, found)) >= most:
                break
            better = _of_which(hits, column, text)
            found.append(better)
            hits = np.setdiff1d(hits, better, assume_unique=True)
        return np.concatenate([*found, hits])[:most]


def _of_which(rows: Rows, column: pa.Array, text: str) -> Rows:
    """Those of some rows whose text in a column holds another; rows in their order."""
    if len(rows) > len(column) * _MANY:  # texts are not copied to be looked at
        return rows[pc.match_substring(column, text).to_numpy(zero_copy_only=False)[rows]]
    held = pc.match_substring(column.take(pa.array(rows)), text)
    return rows[held.to_numpy(zero_copy_only=False)]


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
