"""Everything that was said: the log and what waits in the inbox, fast to look up by picture."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import combinations
from threading import RLock
from typing import Any

from vsig_core.annotations.conflicts import Settlements, settle_pairs, settlements
from vsig_core.annotations.judgement import Judgement, Pair, judgements_of
from vsig_core.annotations.kinds import PAIR_TYPES, VERDICT_TYPES
from vsig_core.annotations.links import Link, judged_pairs
from vsig_core.annotations.retraction import in_force

_UNDATED = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Said:
    """One act.

    Parameters
    ----------
    act
        Its id; the annotation_id of a row that belongs to no act.
    types
        Type -> number of rows.
    images
        Uids that it is about, sorted.
    context
        Where it was said: `cluster`, `edition` and so on; empty where it came in a file.
    retracts
        What it takes back, or the conflict that it settles.
    """

    act: str
    annotator: str | None
    made_at: datetime | None
    types: Mapping[str, int]
    images: tuple[str, ...]
    context: Mapping[str, Any]
    motif: str | None = None
    retracts: str | None = None
    note: str | None = None

    @property
    def cluster(self) -> str | None:
        """The group in which it was said."""
        return self.context.get("cluster")


class Ledger:
    """All judgements, each once; grows, and never forgets. Several threads may use it."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._known: dict[str, Judgement] = {}
        self._contexts: dict[str, str] = {}
        self._rows_of: dict[str, list[Judgement]] = defaultdict(list)
        self._by_uid: dict[str, list[Judgement]] = defaultdict(list)
        self._by_person: dict[str | None, dict[str, None]] = defaultdict(dict)
        self._in_cluster: dict[str, dict[str, None]] = defaultdict(dict)
        self._unsure_of: dict[str | None, set[str]] = defaultdict(set)
        self._retracts: list[Judgement] = []
        self._settles: list[Judgement] = []
        self._taken: frozenset[str] = frozenset()
        self.revision = 0

    def add(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Add rows of the log, or of a file in the inbox; those that are known stay as they are.

        Returns how many were new; `revision` rises where any was.
        """
        with self._lock:
            first = len(self._known)
            new = [row for row in rows if row["annotation_id"] not in self._known]
            for judgement in judgements_of(new):
                # Only what has no date is ordered by its place in the log.
                if judgement.made_at is None:
                    judgement = replace(judgement, position=first + judgement.position)
                self._take(judgement)
            for row in new:
                self._note_context(row)
            if any(row["type"] == "RETRACT" for row in new):
                self._taken = self._taken_back()
            self.revision += bool(new)
            return len(new)

    def _take(self, judgement: Judgement) -> None:
        act = judgement.act or judgement.annotation_id
        self._known[judgement.annotation_id] = judgement
        self._rows_of[act].append(judgement)
        self._by_person[judgement.annotator][act] = None
        for uid in dict.fromkeys((*judgement.members, *filter(None, judgement.pair))):
            self._by_uid[uid].append(judgement)
        if judgement.type == "UNSURE":
            self._unsure_of[judgement.annotator].update(filter(None, judgement.pair))
        elif judgement.type == "RETRACT":
            self._retracts.append(judgement)
        elif judgement.type == "SETTLE":
            self._settles.append(judgement)

    def _note_context(self, row: Mapping[str, Any]) -> None:
        """The first row of an act says where it was made; the others need not."""
        act, text = row.get("act") or row["annotation_id"], row.get("context")
        if text and act not in self._contexts:
            self._contexts[act] = text
            if cluster := _context(text).get("cluster"):
                self._in_cluster[str(cluster)][act] = None

    def _taken_back(self) -> frozenset[str]:
        """Ids of the rows that RETRACTs in force name."""
        named = {retract.retracts for retract in self._retracts if retract.retracts}
        rows = [row for name in named for row in self._named(name)]
        standing = in_force([*rows, *self._retracts])
        return frozenset(row.annotation_id for row in rows) - {j.annotation_id for j in standing}

    def _named(self, name: str) -> Iterator[Judgement]:
        if name in self._known:
            yield self._known[name]
        yield from self._rows_of.get(name, ())

    def __contains__(self, act: str) -> bool:
        return act in self._rows_of

    def stands(self, row: Judgement) -> bool:
        """Whether nobody took a row back."""
        return row.annotation_id not in self._taken

    def about(self, uid: str) -> list[Judgement]:
        """Judgements in force that name a picture, oldest first."""
        with self._lock:
            found = [row for row in self._by_uid.get(uid, ()) if self.stands(row)]
        return sorted(found, key=lambda row: row.order)

    def between(self, uids: Collection[str]) -> list[Judgement]:
        """Judgements of pairs in force whose pictures are both among these."""
        inside = set(uids)
        with self._lock:
            return [
                row
                for uid in inside
                for row in self._by_uid.get(uid, ())
                if row.img1 == uid and row.img2 in inside and self.stands(row)
            ]

    def links(
        self, uids: Collection[str], is_suspended: Callable[[Judgement], bool]
    ) -> dict[Pair, Link]:
        """What is in force about each judged pair among these pictures, settlements included.

        Parameters
        ----------
        uids
            Pictures.
        is_suspended
            Whether a judgement was made on another picture than the uid has now.
        """
        found = judged_pairs(self.between(uids), is_suspended)
        settle_pairs(found.values(), self.settled)
        return found

    @property
    def settled(self) -> Settlements:
        """The latest SETTLE in force on each conflict."""
        return settlements(filter(self.stands, self._settles))

    def of_pairs(self) -> list[Judgement]:
        """Every judgement of a pair in force."""
        with self._lock:
            return [j for j in self._known.values() if j.type in PAIR_TYPES and self.stands(j)]

    def said_since(self, time: datetime | None) -> int:
        """How many acts in force were made after a time; all where None."""
        with self._lock:
            acts = [act for act in self._rows_of if self._rows_of[act][0].type != "RETRACT"]
            return sum(
                self.act_stands(act) and (time is None or self._when(act) > time) for act in acts
            )

    def verdicts(self, uids: Collection[str]) -> list[Judgement]:
        """CORRECT and WRONG in force that name any of these pictures, oldest first."""
        with self._lock:
            found = {
                row.annotation_id: row
                for uid in uids
                for row in self._by_uid.get(uid, ())
                if row.type in VERDICT_TYPES and self.stands(row)
            }
        return sorted(found.values(), key=lambda row: row.order)

    def said(self, act: str) -> Said:
        """One act, whether it stands or not.

        Raises
        ------
        KeyError
            There is no such act.
        """
        with self._lock:
            rows = self._rows_of.get(act, [])
            if not rows:
                raise KeyError(act)
            images = {uid for row in rows for uid in (*row.members, *filter(None, row.pair))}
            return Said(
                act=act,
                annotator=rows[0].annotator,
                made_at=rows[0].made_at,
                types=Counter(row.type for row in rows),
                images=tuple(sorted(images)),
                context=_context(self._contexts.get(act)),
                motif=rows[0].motif,
                retracts=rows[0].retracts,
                note=rows[0].note,
            )

    def act_stands(self, act: str) -> bool:
        """Whether any row of an act is in force."""
        return any(self.stands(row) for row in self._rows_of.get(act, ()))

    def annotator_of(self, act: str) -> str | None:
        """Who made an act; None where nobody is named."""
        return self._rows_of[act][0].annotator

    def acts_of(self, annotator: str) -> list[str]:
        """A person's acts in force that can be undone, newest first."""
        with self._lock:
            found = [
                act
                for act in self._by_person.get(annotator, ())
                if self._rows_of[act][0].type != "RETRACT" and self.act_stands(act)
            ]
            return sorted(found, key=self._when, reverse=True)

    def _when(self, act: str) -> datetime:
        return self._rows_of[act][0].made_at or _UNDATED

    def acts_in(self, cluster: str) -> list[str]:
        """Acts in force that were made in a group, newest first."""
        with self._lock:
            found = [act for act in self._in_cluster.get(cluster, ()) if self.act_stands(act)]
            return sorted(found, key=self._when, reverse=True)

    def is_unsure(self, annotator: str, uids: Sequence[str]) -> bool:
        """Whether a person said "unsure" last of every pair among these pictures."""
        if not uids or not self._unsure_of.get(annotator, set()).issuperset(uids):
            return False
        said: dict[Pair, str] = {}
        for row in sorted(self.between(uids), key=lambda row: row.order):
            if row.annotator == annotator and row.type in (*PAIR_TYPES, "UNSURE"):
                said[row.pair] = row.type
        return all(
            said.get((one, other)) == "UNSURE" for one, other in combinations(sorted(set(uids)), 2)
        )

    def has_judged(self, annotator: str, uids: Collection[str]) -> bool:
        """Whether a person has said anything about these pictures together."""
        inside = set(uids)
        with self._lock:
            return any(
                row.annotator == annotator and self.stands(row) and _is_within(row, inside)
                for uid in inside
                for row in self._by_uid.get(uid, ())
            )


def _is_within(row: Judgement, uids: Collection[str]) -> bool:
    """A pair of them, or a verdict on most of them."""
    if row.members:
        return 2 * sum(uid in row.members for uid in uids) > len(uids)
    return row.img1 in uids and row.img2 in uids


def _context(text: str | None) -> Mapping[str, Any]:
    """The context of an act of this app; files of others may say anything."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
