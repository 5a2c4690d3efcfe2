"""An answer in sentences, for people."""

from datetime import datetime
from typing import Any

from vsig_core.why.answer import Change, Hop, Judged, Why

SHOWN = 12


def in_words(answer: Why) -> list[str]:
    """One line for each thing there is to say, the verdict first."""
    return [
        _verdict(answer),
        _radius(answer),
        *_chain(answer),
        *_members(answer),
        *_other_cluster(answer),
        *_judged(answer),
        *_shown_to_people(answer),
        *_changed(answer),
    ]


def _verdict(answer: Why) -> str:
    if answer.other is None:
        cluster = answer.clusters[answer.uid]
        return f"{answer.uid} is in {f'cluster {cluster}' if cluster else 'no cluster (noise)'}."
    where = [answer.clusters[name] or "none" for name in (answer.uid, answer.other)]
    pair = f"{answer.uid} and {answer.other}"
    if answer.together:
        return f"{pair} are together in cluster {where[0]}."
    return f"{pair} are not together: clusters {where[0]} and {where[1]}."


def _radius(answer: Why) -> str:
    chosen = {
        True: "chosen on validation links",
        False: "uncalibrated: a guess until more signatures are judged",
        None: "set by hand, or not used by the method",
    }[answer.calibrated]
    return (
        f"Radius in force: {answer.max_eps:.4f} ({chosen}); network {answer.model_id}, "
        f"method {answer.method}."
    )


def _chain(answer: Why) -> list[str]:
    if answer.other is not None:
        place = f", number {answer.rank} of its nearest" if answer.rank else ", not of its nearest"
        lines = [f"Distance between them: {answer.distance:.4f}{place}."]
        steps = f"{len(answer.chain)} step{'s' if len(answer.chain) > 1 else ''}"
        title = f"Chain of nearest pictures, {steps}:"
    elif answer.clusters[answer.uid]:
        lines, title = [], "How its cluster reached it, back to where that began:"
    else:
        lines, title = [], "Its nearest picture:"
    if not answer.chain:
        return [*lines, *(["Its cluster was begun from it."] if answer.other is None else [])]
    return [*lines, title, *_hops(answer.chain), _conclusion(answer)]


def _hops(hops: list[Hop]) -> list[str]:
    lines = [f"  {_hop(hop)}" for hop in hops]
    if len(lines) > SHOWN:
        half = SHOWN // 2
        lines = [*lines[:half], f"  … {len(lines) - SHOWN} more …", *lines[-half:]]
    return lines


def _hop(hop: Hop) -> str:
    side = "within" if hop.within else "beyond"
    return f"{hop.start} → {hop.end}: {hop.distance:.4f}, {side} the radius"


def _conclusion(answer: Why) -> str:
    longest = answer.longest
    assert longest is not None  # there is a chain
    if not longest.within:
        return (
            f"It breaks at {longest.start} → {longest.end}: {longest.distance:.4f} is more than "
            f"the radius {answer.max_eps:.4f}."
        )
    held = answer.together if answer.other else answer.clusters[answer.uid]
    if held:
        return f"No step is longer than the radius; the longest is {longest.distance:.4f}."
    return (
        "Every step is within the radius, but the method draws its clusters tighter here "
        f"(longest step {longest.distance:.4f})."
    )


def _members(answer: Why) -> list[str]:
    if answer.other is not None or not answer.members:
        return []
    return ["Nearest in its cluster:", *_hops(answer.members)]


def _other_cluster(answer: Why) -> list[str]:
    near = answer.nearest_other
    if near is None:
        return ["No other cluster is among the nearest."]
    return [
        f"Nearest other cluster: {near.cluster}, by {near.uid}, at {near.distance:.4f} from "
        f"{near.of}."
    ]


def _judged(answer: Why) -> list[str]:
    found = answer.judged
    lines = [_link(row) for row in found.links] + [_row(row) for row in found.rows]
    heading = ["What people said:"] if lines else ["Nobody has judged this."]
    return [*heading, *(f"  {line}" for line in lines[: 2 * SHOWN]), *_joined(found)]


def _joined(found: Judged) -> list[str]:
    lines = [f"  Open contradiction: {name}." for name in found.conflicts]
    if found.component:
        lines.append(f"  Component of confirmed links: {found.component}.")
    lines += [f"  Signature: {name or motif}." for motif, name in found.motifs.items()]
    return lines


def _link(row: dict[str, Any]) -> str:
    contested = ", contested" if row["contested"] else ""
    return f"In force: {row['img1']} ~ {row['img2']} {row['verdict']}{contested}"


def _row(row: dict[str, Any]) -> str:
    about = f"{row['img1']} ~ {row['img2']}" if row["img1"] else f"{len(row['members'])} pictures"
    stands = "" if row["in_force"] else ", taken back"
    return (
        f"{row['type']} on {about} by {row['annotator'] or 'unnamed'}{_day(row['made_at'])} "
        f"({row['file']} line {row['row']}{stands})"
    )


def _day(at: datetime | None) -> str:
    return f" {at:%Y-%m-%d}" if at else ""


def _shown_to_people(answer: Why) -> list[str]:
    return [
        f"People are shown {uid} in group {row['group']}: {row['why']}."
        for uid, rows in answer.groups.items()
        for row in rows
    ]


def _changed(answer: Why) -> list[str]:
    change = answer.change
    if change is None:
        return ["There is no earlier clustering to compare with."]
    lines = [*_moves(answer, change), *_causes(answer, change)]
    lines += [f"  {_event(row)}" for row in change.events]
    return [f"Since the version before ({change.since:%Y-%m-%d %H:%M} UTC):", *lines]


def _moves(answer: Why, change: Change) -> list[str]:
    lines = [f"  {uid} is new." for uid in change.new]
    for uid, before in change.clusters.items():
        now = answer.clusters[uid]
        moved = f"was in {before or 'no cluster'}" if before != now else "is where it was"
        lines.append(f"  {uid} {moved}.")
    lines += [f"  Joined: {_some(change.joined)}."] if change.joined else []
    lines += [f"  Left: {_some(change.left)}."] if change.left else []
    return lines


def _causes(answer: Why, change: Change) -> list[str]:
    lines = []
    if change.model_id is not None:
        lines.append(f"  Another network: {answer.model_id}, before {change.model_id}.")
    if change.max_eps is not None:
        lines.append(f"  Another radius: {answer.max_eps:.4f}, before {change.max_eps:.4f}.")
    return lines


def _event(row: dict[str, Any]) -> str:
    parts = [f"{row['cluster']} {row['event']}"]
    parts += [f"from {_some(row['before'])}"] if row["before"] else []
    parts += [f"into {_some(row['after'])}"] if row["after"] else []
    return " ".join(parts)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more
