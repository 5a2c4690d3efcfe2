"""Components and the split that each was drawn into, once.

A component's split is drawn by a hash when the component first appears, and kept:
by every picture, also when retractions leave it without links (the table
`drawn_splits` remembers). When components merge, test beats val beats train, and
the pictures that move are reported.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa

from vsig_core.annotations.forest import Forest
from vsig_core.annotations.naming import keep_ids
from vsig_core.settings import SplitsSettings
from vsig_core.store.schema import schema

SPLITS = ("train", "val", "test")
"""Weakest first: on a merge the last one stays."""


@dataclass(frozen=True)
class Components:
    """Components in force, what was ever drawn, and the pictures that moved."""

    components: pa.Table
    drawn_splits: pa.Table
    split_moves: pa.Table


def draw_components(
    groups: Sequence[Sequence[str]],
    previous: pa.Table | None,
    works: Mapping[str, str],
    settings: SplitsSettings,
) -> Components:
    """Name components and draw the splits of those that are new.

    Parameters
    ----------
    groups
        Uids of each component, sorted.
    previous
        uid, component, split of earlier: `components`, or better `drawn_splits`,
        which also knows pictures that lost their links since.
    works
        uid to work. Components that show one work share a split: two views of a
        painting in train and test would be a leak.
    settings
        Shares and salt. With three or more components none of the splits stays empty.
    """
    before = {row["uid"]: row for row in previous.to_pylist()} if previous is not None else {}
    names = keep_ids(
        groups,
        {uid: (row["component"],) for uid, row in before.items()},
        ["\0".join(group) for group in groups],
        "c-",
    )
    splits = _draw(
        groups, names, {uid: row["split"] for uid, row in before.items()}, works, settings
    )
    rows = [
        {"uid": uid, "component": name, "split": split}
        for group, name, split in zip(groups, names, splits, strict=True)
        for uid in group
    ]
    rows.sort(key=lambda row: row["uid"])
    drawn = before | {row["uid"]: row for row in rows}
    now = datetime.now(UTC)
    moves = [
        {"uid": row["uid"], "before": before[row["uid"]]["split"], "after": row["split"], "at": now}
        for row in rows
        if row["uid"] in before and before[row["uid"]]["split"] != row["split"]
    ]
    return Components(
        pa.Table.from_pylist(rows, schema=schema("components")),
        pa.Table.from_pylist([drawn[uid] for uid in sorted(drawn)], schema=schema("drawn_splits")),
        pa.Table.from_pylist(moves, schema=schema("split_moves")),
    )


def _draw(
    groups: Sequence[Sequence[str]],
    names: Sequence[str],
    known: Mapping[str, str],
    works: Mapping[str, str],
    settings: SplitsSettings,
) -> list[str]:
    """The split of each group."""
    units = _units(groups, works)
    split_of: dict[int, str] = {}
    chance: dict[int, float] = {}
    for unit, members in units.items():
        earlier = {known[uid] for number in members for uid in groups[number] if uid in known}
        chance[unit] = _chance(min(names[number] for number in members), settings.salt)
        split_of[unit] = (
            max(earlier, key=SPLITS.index) if earlier else _share(chance[unit], settings)
        )
        if earlier:
            del chance[unit]
    _leave_none_empty(split_of, chance)
    by_group = {number: split_of[unit] for unit, members in units.items() for number in members}
    return [by_group[number] for number in range(len(groups))]


def _units(groups: Sequence[Sequence[str]], works: Mapping[str, str]) -> dict[int, list[int]]:
    """Numbers of the groups that must share a split, by the first of them."""
    forest: Forest[tuple[str, str | int]] = Forest()
    for number, group in enumerate(groups):
        for work in {works[uid] for uid in group if works.get(uid)}:
            forest.join(("group", number), ("work", work))
    first: dict[tuple[str, str | int], int] = {}
    units: dict[int, list[int]] = defaultdict(list)
    for number in range(len(groups)):
        units[first.setdefault(forest.root(("group", number)), number)].append(number)
    return units


def _chance(name: str, salt: str) -> float:
    """A number in [0, 1) that follows from a component's id."""
    digest = hashlib.sha256(f"{salt}\0{name}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


def _share(chance: float, settings: SplitsSettings) -> str:
    if chance < settings.train:
        return "train"
    return "val" if chance < settings.train + settings.val else "test"


def _leave_none_empty(split_of: dict[int, str], new: Mapping[int, float]) -> None:
    """Move newly drawn units into empty splits, from the fullest, the last drawn first."""
    if len(split_of) < len(SPLITS):
        return
    for empty in SPLITS:
        counts = Counter(split_of.values())
        givers = [unit for unit in new if counts[split_of[unit]] > 1]
        if not counts[empty] and givers:
            giver = max(givers, key=lambda unit: (counts[split_of[unit]], new[unit]))
            split_of[giver] = empty
