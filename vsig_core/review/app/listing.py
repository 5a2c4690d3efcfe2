"""The list of what to look at: what each entry is like, chosen and sorted as a person wishes."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import QueryParams

from vsig_core.review.app.edition import Edition, Entry
from vsig_core.review.app.ledger import Ledger

SORTS = {
    "promising": "most promising first",
    "size": "largest first",
    "small": "smallest first",
    "authors": "most authors",
    "attributions": "most attributions",
    "iconography": "most subjects",
    "periods": "longest span of time",
    "places": "most places",
}
"""Name of an order -> how it is called."""

ONLY = {
    "mine": "not yet judged by me",
    "new": "new since last time",
    "known": "holds a known signature",
    "unseen": "nobody has judged it",
    "disputed": "judgements disagree",
    "small": "at most 12 pictures",
}
"""Name of a filter -> how it is called."""

HANDY = 12
_QUALIFIED = re.compile(r"\(([^)]*)\)|\[([^\]]*)\]")
_NEW_EVENTS = {"born", "grew", "split", "merged", "changed"}


@dataclass(frozen=True)
class Item:
    """An entry of the queue, and what it is like.

    `span` is in years. An attribution is what stands in brackets behind a name, such as
    "(copia da)"; authors are counted without it.
    """

    entry: Entry
    authors: int
    attributions: int
    iconography: int
    span: int
    places: int
    new: bool
    known: bool

    @property
    def size(self) -> int:
        """Number of pictures."""
        return len(self.entry.images)

    @property
    def spread(self) -> list[str]:
        """In words, what is remarkable about it."""
        found = [
            (self.authors > 1, f"{self.authors} authors"),
            (self.places > 1, f"{self.places} places"),
            (self.span >= 30, f"{self.span} years apart"),
            (self.iconography > 2, f"{self.iconography} subjects"),
        ]
        return [words for holds, words in found if holds]


@dataclass(frozen=True)
class Opened:
    """The lists of one edition: kept a while after a newer one came, so that none jumps.

    Parameters
    ----------
    name
        Of the edition.
    items
        Kind (cluster, pair) to its entries, in the order of the queue.
    acts
        Acts that the edition knows: later ones were made since.
    """

    name: str
    items: Mapping[str, Sequence["Item"]]
    acts: frozenset[str]

    @classmethod
    def of(cls, edition: Edition) -> "Opened":
        """Those of an edition."""
        kinds = ("cluster", "pair")
        return cls(edition.name, {kind: items_of(edition, kind) for kind in kinds}, edition.acts)


@dataclass(frozen=True)
class Choice:
    """How a person wants the list; a page carries it in its address.

    Parameters
    ----------
    sort
        One of `SORTS`.
    only
        Of `ONLY`; all must hold.
    edition
        Name of the edition whose list was opened: it does not jump when a run ends.
    """

    sort: str = "promising"
    only: frozenset[str] = frozenset()
    edition: str | None = None

    @classmethod
    def of(cls, given: QueryParams) -> "Choice":
        """As an address has it; words that mean nothing are passed over."""
        sort = given.get("sort", "promising")
        return cls(
            sort if sort in SORTS else "promising",
            frozenset(word for word in given.getlist("only") if word in ONLY),
            given.get("edition"),
        )

    def values(self) -> dict[str, Any]:
        """For the query of an address."""
        return {
            "sort": None if self.sort == "promising" else self.sort,
            "only": sorted(self.only) or None,
            "edition": self.edition,
        }


def items_of(edition: Edition, kind: str) -> list[Item]:
    """All entries of the queue of one kind (cluster or pair), with what they are like."""
    entries = [e for e in edition.queue if e.kind == kind and len(edition.present(e.images)) > 1]
    uids = {uid for entry in entries for uid in entry.images}
    columns = ["uid", "author", "iconography", "year_from", "year_to", "place"]
    rows = edition.images.some(uids, columns)
    changed = {
        name
        for row in edition.table("cluster_changes").to_pylist()
        if row["event"] in _NEW_EVENTS
        for name in (row["cluster"], *(row["after"] or ()))
    }
    return [_item(entry, [rows[u] for u in entry.images if u in rows], edition, changed)
            for entry in entries]  # fmt: skip


def _item(
    entry: Entry, rows: Sequence[Mapping[str, Any]], edition: Edition, changed: set[str]
) -> Item:
    authors = [row["author"] for row in rows if row["author"]]
    years = [year for row in rows for year in (row["year_from"], row["year_to"]) if year]
    subjects = {part.strip() for row in rows for part in (row["iconography"] or "").split(";")}
    return Item(
        entry=entry,
        authors=len({_QUALIFIED.sub("", author).strip() for author in authors}),
        attributions=len({found for author in authors for found in _QUALIFIED.findall(author)}),
        iconography=len(subjects - {""}),
        span=max(years) - min(years) if years else 0,
        places=len({row["place"] for row in rows} - {None, ""}),
        new=entry.key in changed or any("since last time" in reason for reason in entry.reasons),
        known=any(uid in edition.motifs_of for uid in entry.images),
    )


_ORDERS = {
    "size": lambda item: -item.size,
    "small": lambda item: item.size,
    "authors": lambda item: -item.authors,
    "attributions": lambda item: -item.attributions,
    "iconography": lambda item: -item.iconography,
    "periods": lambda item: -item.span,
    "places": lambda item: -item.places,
}


def chosen(items: Sequence[Item], choice: Choice, ledger: Ledger, annotator: str) -> list[Item]:
    """The items that a person wishes to see, in the order wished for.

    What a person was unsure of is not shown again to that person.
    """
    tests = {
        "mine": lambda item: not ledger.has_judged(annotator, item.entry.images),
        "new": lambda item: item.new,
        "known": lambda item: item.known,
        "unseen": lambda item: any("nobody has judged" in r for r in item.entry.reasons),
        "disputed": lambda item: any("disagree" in reason for reason in item.entry.reasons),
        "small": lambda item: item.size <= HANDY,
    }
    found = [item for item in items if all(tests[name](item) for name in choice.only)]
    found = [item for item in found if not ledger.is_unsure(annotator, item.entry.images)]
    order = _ORDERS.get(choice.sort)
    return sorted(found, key=order) if order else found


def done_in(ledger: Ledger, edition_acts: frozenset[str], keys: Iterable[str]) -> dict[str, str]:
    """Group -> who judged it since the list was made, for those that somebody did."""
    found: dict[str, str] = {}
    for key in keys:
        fresh = [act for act in ledger.acts_in(key) if act not in edition_acts]
        if fresh:
            found[key] = ledger.annotator_of(fresh[0]) or ""
    return found
