"""What the page of a group shows: its pictures, what is known of them, what was said."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vsig_core.annotations import SEPARATING, Verdict
from vsig_core.annotations.judgement import Judgement, Pair
from vsig_core.annotations.links import Link
from vsig_core.clustering import verdict_on
from vsig_core.errors import InputError, UnknownImageError
from vsig_core.review.app.closeness import doubtful_first
from vsig_core.review.app.desk import Desk
from vsig_core.review.app.edition import Edition
from vsig_core.review.app.ledger import Ledger, Said
from vsig_core.review.app.words import day, joined

# Above this many nothing is ticked beforehand: nobody looks at thirty pictures one by one.
MOST_TICKED = 12
# Their ids have to fit into an address.
MOST_CHOSEN = 60
_SHOWN = ("cluster", "motif")
_COLUMNS = ["uid", "title", "author", "date_text", "year_from", "year_to", "place", "permalink"]
_COLUMNS = [*_COLUMNS, "width", "height", "work"]


@dataclass(frozen=True)
class Card:
    """One picture in the grid.

    Parameters
    ----------
    row
        Its title, author and so on.
    away
        Cosine distance from the medoid.
    known
        Where others linked it, in words; empty where nobody did.
    folded
        Pictures that it stands for: the same photograph, or views of one work.
    apart
        Whether it was judged not to belong with another one of the group.
    """

    row: Mapping[str, Any]
    away: float
    known: str = ""
    folded: tuple[str, ...] = ()
    apart: bool = False

    @property
    def uid(self) -> str:
        """Its id."""
        return self.row["uid"]


@dataclass(frozen=True)
class Group:
    """A group as people see it now.

    Parameters
    ----------
    key
        Cluster or signature; empty for pictures that a person chose.
    cards
        The doubtful first; folded and rejected pictures left out.
    rejected
        Pictures that judgements put out.
    ticked
        Whether all are ticked beforehand.
    verdict
        The verdict on the whole group that holds, if any.
    links
        What is in force about its pairs.
    acts
        What was said here, newest first.
    """

    key: str
    cards: Sequence[Card]
    rejected: Sequence[str]
    verdict: Judgement | None
    links: Mapping[Pair, Link] = field(default_factory=dict)
    acts: Sequence[Said] = ()

    @property
    def ticked(self) -> bool:
        """Whether all are ticked beforehand."""
        return 2 <= len(self.cards) <= MOST_TICKED

    @property
    def open_pairs(self) -> int:
        """Pairs of shown pictures that nobody has judged."""
        n = len(self.cards)
        shown = {card.uid for card in self.cards}
        return n * (n - 1) // 2 - sum(set(pair) <= shown for pair in self.links)


def group_of(desk: Desk, key: str) -> Group:
    """A group of the newest edition, with what was said until now.

    Raises
    ------
    UnknownImageError
        There is no such group; the message says what became of it, where that is known.
    """
    edition, ledger = desk.edition, desk.ledger
    if key not in edition.members:
        raise UnknownImageError(_what_became_of(edition, key))
    whole = {uid: why for uid, why in edition.members[key].items() if uid in edition}
    return _seen_now(edition, ledger, key, whole)


def set_of(desk: Desk, uids: Sequence[str]) -> Group:
    """Pictures that a person chose, shown as a group.

    Raises
    ------
    UnknownImageError
        The corpus does not have one of them.
    InputError
        Fewer than two, or too many to be looked at together.
    """
    edition, chosen = desk.edition, list(dict.fromkeys(uids))
    if not 2 <= len(chosen) <= MOST_CHOSEN:
        raise InputError(f"2 to {MOST_CHOSEN} pictures are judged together; got {len(chosen)}.")
    for uid in chosen:
        edition.image(uid)  # known here, or a clear page
    return _seen_now(edition, desk.ledger, "", dict.fromkeys(chosen, "cluster"))


def _seen_now(edition: Edition, ledger: Ledger, key: str, whole: Mapping[str, str]) -> Group:
    links = ledger.links(list(whole), edition.is_suspended)
    shown, folded = _folded([uid for uid, why in whole.items() if why in _SHOWN], whole, links)
    rows = edition.images.some(shown, _COLUMNS)
    apart = {uid for link in links.values() if link.verdict in SEPARATING for uid in link.pair}
    cards = [
        Card(rows[uid], away, known(ledger, edition, uid), tuple(folded[uid]), uid in apart)
        for uid, away in doubtful_first(edition, shown)
    ]
    return Group(
        key=key,
        cards=cards,
        rejected=[uid for uid, why in whole.items() if why == "rejected"],
        verdict=_verdict_on(shown, ledger),
        links=links,
        acts=[ledger.said(act) for act in ledger.acts_in(key)] if key else [],
    )


def _verdict_on(shown: list[str], ledger: Ledger) -> Judgement | None:
    """The latest verdict on the whole group that still holds."""
    rows = {row.annotation_id: row for row in ledger.verdicts(shown)}
    said = [
        Verdict(row.annotation_id, row.type, frozenset(row.members), row.annotator, row.made_at)
        for row in rows.values()
    ]
    found = verdict_on(shown, said)
    return rows[found.annotation_id] if isinstance(found, Verdict) else None


def _folded(
    shown: list[str], whole: Mapping[str, str], links: Mapping[Pair, Link]
) -> tuple[list[str], Mapping[str, list[str]]]:
    """Pictures that count, and what each stands for: also by judgements that wait."""
    folded: dict[str, list[str]] = defaultdict(list)
    for uid, why in whole.items():
        for reason in ("duplicate of ", "same work as "):
            if why.startswith(reason):
                folded[why.removeprefix(reason)].append(uid)
    standing = {uid: uid for uid in shown}
    for link in links.values():
        one, other = (standing.get(uid) for uid in link.pair)
        if link.verdict == "DUPLICATE" and link.holds and one and other and one != other:
            for uid, first in standing.items():
                standing[uid] = one if first == other else first
    for uid, first in standing.items():
        if uid != first:
            folded[first] += [uid, *folded.pop(uid, [])]
    return [uid for uid in shown if standing[uid] == uid], folded


def known(ledger: Ledger, edition: Edition, uid: str) -> str:
    """Where a picture was linked before, by whom and when; empty where it was not."""
    rows = [row for row in ledger.about(uid) if row.type == "POSITIVE"]
    if not rows:
        return ""
    names = [edition.motif_names.get(motif) for motif in edition.motifs_of.get(uid, ())]
    named = "".join(f" “{name}”" for name in names if name)
    others = {other for row in rows for other in row.pair} - {uid}
    with_ = f"linked{named} with {len(others)} other{'s' if len(others) > 1 else ''}"
    return f"{with_} by {joined(row.annotator for row in rows)}, {day(rows[-1].made_at)}"


def _what_became_of(edition: Edition, key: str) -> str:
    for row in edition.table("cluster_changes").to_pylist():
        if row["cluster"] == key and row["after"]:
            return f"The group {key} was {row['event']}; it went into {', '.join(row['after'])}."
    return (
        f"There is no group {key[:80]!r} in the newest results: it was dissolved, or called wrong. "
        "Judgements made in it are kept."
    )
