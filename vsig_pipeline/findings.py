"""What a person must see of what the steps found: listed by checks, `vsig run` and `vsig status`.

None of it is a failure: a step that trains nothing, or puts a file aside, has done its work.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from vsig_core.annotations import UNKNOWN_IMAGE, missing_pictures, waiting_rows
from vsig_core.console import note
from vsig_core.corpus import present
from vsig_core.current import alias_rows, aliases, current_images
from vsig_core.project import Project
from vsig_pipeline.notices import given_up
from vsig_pipeline.steps import STEPS

SHOWN = 5
NOT_TRAINED = "not trained: "


@dataclass(frozen=True)
class Finding:
    """One thing to be seen.

    Parameters
    ----------
    kind
        A word for programs.
    asset
        The step that found it; empty where it was no step.
    what
        What the items are.
    items
        Each with its reason.
    where
        Where to look, or what to do.
    """

    kind: str
    asset: str
    what: str
    items: list[str]
    where: str

    def as_dict(self) -> dict[str, Any]:
        """For JSON: in full."""
        return {**asdict(self), "count": len(self.items)}

    def in_words(self) -> str:
        """For a person; long lists by their beginning."""
        count = f" ({len(self.items)})" if len(self.items) > 1 else ""
        more = f"; and {len(self.items) - SHOWN} more" if len(self.items) > SHOWN else ""
        shown = "; ".join(self.items[:SHOWN])
        return f"{self.what}{count}: {f'{shown}{more}'.rstrip('.')}. {self.where}"


def findings(project: Project) -> list[Finding]:
    """What stands now, of a project as its store and its inbox are."""
    found = [
        Finding(kind, asset, what, offenders(project), where)
        for kind, asset, what, offenders, where in _KINDS
    ]
    return [finding for finding in found if finding.items]


def news(before: Sequence[Finding], now: Sequence[Finding], done: Iterable[str]) -> list[Finding]:
    """What a run found: of the steps it did, and of rows and files only those that are new.

    Parameters
    ----------
    before, now
        What stood before the run, and stands after it.
    done
        Names of the steps that it did.
    """
    known = {finding.kind: set(finding.items) for finding in before if finding.kind in _ADDED_TO}
    seen = set(done)
    shown = []
    for finding in now:
        if finding.asset in seen or finding.kind == "no_pictures":
            items = [item for item in finding.items if item not in known.get(finding.kind, ())]
            shown.append(Finding(finding.kind, finding.asset, finding.what, items, finding.where))
    return [finding for finding in shown if finding.items]


def show(found: Iterable[Finding]) -> None:
    """Findings for a person, on stderr."""
    for finding in found:
        note(finding.in_words())


def no_pictures(project: Project) -> list[str]:
    """Why a corpus that was read has no picture."""
    store = project.store
    planned = store.read_or_empty("batches", columns=["gone_at"])
    arrived = store.version("batches") is None and store.read_or_empty("corpus").num_rows
    if store.version("corpus") is None or arrived or present(planned).num_rows:
        return []
    return [source.uri for source in project.settings.source] or ["vsig.toml names no source"]


def pictures_could_be_read(project: Project) -> list[str]:
    """Files that could not become pictures, with their reasons."""
    batches = project.store.read_or_empty("corpus", columns=["batch"])["batch"].to_pylist()
    rows = project.store.read_or_empty("rejected_images", among={"batch": batches}).to_pylist()
    return [f"{row['uid']}: {row['reason']} ({row['detail']})" for row in rows]


def pictures_left(project: Project) -> list[str]:
    """Pictures that are no longer in the sources, and since when."""
    rows = project.store.read_or_empty("batches", columns=["uid", "gone_at"]).to_pylist()
    return [f"{row['uid']} (since {row['gone_at']:%Y-%m-%d})" for row in rows if row["gone_at"]]


def pictures_moved(project: Project) -> list[str]:
    """Pictures that have another id than they had."""
    return [
        f"{row['old_uid']} → {row['uid']} ({row['reason']}, {row['at']:%Y-%m-%d})"
        for row in reversed(alias_rows(project.store))
    ]


def pictures_replaced(project: Project) -> list[str]:
    """Pictures that show another picture than they did."""
    rows = project.store.read_or_empty("replaced_images").to_pylist()
    rows.sort(key=lambda row: row["at"], reverse=True)
    return [f"{row['uid']} ({row['at']:%Y-%m-%d})" for row in rows if not row["nearly"]]


def files_could_be_taken(project: Project) -> list[str]:
    """Annotation files that lie in `inbox/rejected`, with their reasons."""
    suffix = ".reason.txt"
    inbox = project.inbox
    notes = [file.name for file in inbox.list("rejected") if file.name.endswith(suffix)]
    reasons = [(inbox.read(name) or b"").decode().strip() for name in notes]
    names = [name.removeprefix("rejected/").removesuffix(suffix) for name in notes]
    return [f"{name}: {reason}" for name, reason in zip(names, reasons, strict=True)]


def bad_rows(project: Project) -> list[str]:
    """Rows of annotation files that were refused, with their lines."""
    came = project.store.read_or_empty("rejected_annotations").to_pylist()
    return [_row(row) for row in came if row["row"] and not _waited(row)]


def rows_were_understood(project: Project) -> list[str]:
    """Rows of annotation files that were refused, or still wait for their picture."""
    store = project.store
    came = store.read_or_empty("rejected_annotations").to_pylist()
    # What waited when it came may have its picture by now.
    uids = set(current_images(store, ["uid"])["uid"].to_pylist())
    waiting = waiting_rows(store.read_or_empty("annotations"), uids, aliases(store)).to_pylist()
    return [_row(row) for row in [*(row for row in came if not _waited(row)), *waiting]]


def _waited(row: dict[str, Any]) -> bool:
    return row["reason"].startswith(UNKNOWN_IMAGE)


def _row(row: dict[str, Any]) -> str:
    return f"{row['file']} line {row['row']}: {row['reason']}"


def judgements_have_their_pictures(project: Project) -> list[str]:
    """Pictures that judgements wait for: not there yet, or moved, renamed or removed."""
    store = project.store
    uids = set(current_images(store, ["uid"])["uid"].to_pylist())
    missing = missing_pictures(store.read_or_empty("annotations"), uids, aliases(store))
    return [
        f"{one.uid} ({'no longer there' if one.gone else 'not there'}; judgements: "
        f"{one.judgements}, from {', '.join(one.files)})"
        for one in missing
    ]


def judgements_agree(project: Project) -> list[str]:
    """Contradictions that nobody has settled; they are left out of training."""
    rows = project.store.read_or_empty("conflicts").to_pylist()
    return [
        f"{row['conflict_id']} ({row['kind']}): {' ~ '.join(row['images'])}"
        for row in rows
        if row["settled_by"] is None
    ]


def nothing_trained(project: Project) -> list[str]:
    """Why the newest look at the triplets led to no training."""
    facts = _facts(project, "candidate_model")
    why = facts.get("why", "")
    return [why.removeprefix(NOT_TRAINED)] if why.startswith(NOT_TRAINED) else []


def candidate_took_over(project: Project) -> list[str]:
    """What the gate said of the newest candidate, where it turned it down."""
    facts = _facts(project, "model")
    if facts.get("promoted", True):
        return []
    return [f"{facts['candidate']} was rejected: {facts['why']}"]


def radius_is_calibrated(project: Project) -> list[str]:
    """Whether validation links chose the radius of the clusters."""
    calibrated = project.store.read_or_empty("clusters", columns=["uid", "calibrated"])
    if False not in calibrated["calibrated"].to_pylist():
        return []
    return [str(_facts(project, "clusters").get("radius chosen", "uncalibrated"))]


def _facts(project: Project, step: str) -> dict[str, Any]:
    """Facts of the newest work of a step."""
    for commit in project.store.commits(STEPS[step].mark):
        if commit.provenance.step == step:
            return dict(commit.provenance.facts)
    return {}


_Kind = tuple[str, str, str, Callable[[Project], list[str]], str]
_KINDS: Sequence[_Kind] = (
    (
        "given_up",
        "",
        "Work is not tried any more",
        given_up,
        "The notices lie in notices/; the next 'vsig run' tries again.",
    ),
    (
        "no_pictures",
        "corpus",
        "No picture in the corpus",
        no_pictures,
        "Put pictures there, or name a folder of pictures in a [[source]] of vsig.toml.",
    ),
    (
        "rejected_pictures",
        "images",
        "Pictures could not be read",
        pictures_could_be_read,
        "All: table rejected_images.",
    ),
    (
        "removed_pictures",
        "corpus",
        "Pictures are no longer in the sources",
        pictures_left,
        "Their judgements and their places in batches wait for them.",
    ),
    (
        "moved_pictures",
        "corpus",
        "Pictures have another id",
        pictures_moved,
        "Their judgements follow them. All: table aliases.",
    ),
    (
        "replaced_pictures",
        "images",
        "Files hold another picture than before",
        pictures_replaced,
        "Judgements of the earlier one are left out: see conflicts. All: table replaced_images.",
    ),
    (
        "rejected_files",
        "annotations",
        "Annotation files could not be taken",
        files_could_be_taken,
        "They lie in inbox/rejected.",
    ),
    (
        "bad_rows",
        "annotations",
        "Rows of annotation files were refused",
        bad_rows,
        "All: table rejected_annotations. Mend them and put them in the inbox again.",
    ),
    (
        "missing_pictures",
        "morphograph",
        "Judgements wait for pictures",
        judgements_have_their_pictures,
        "Their links count again when a picture has that id again.",
    ),
    (
        "conflicts",
        "morphograph",
        "Open conflicts, left out of training",
        judgements_agree,
        "A new judgement or a SETTLE row ends one.",
    ),
    (
        "not_trained",
        "candidate_model",
        "Nothing was trained",
        nothing_trained,
        "The model in force stays.",
    ),
    (
        "rejected_candidate",
        "model",
        "The gate turned a candidate down",
        candidate_took_over,
        "The model in force stays. Figures: vsig evaluate.",
    ),
    (
        "uncalibrated",
        "clusters",
        "The radius is not calibrated",
        radius_is_calibrated,
        "Clusters are a guess until more signatures are judged.",
    ),
)
# Tables and folders that only ever grow: what a run did not add, it did not find.
_ADDED_TO = {
    "rejected_files",
    "bad_rows",
    "removed_pictures",
    "moved_pictures",
    "replaced_pictures",
}
