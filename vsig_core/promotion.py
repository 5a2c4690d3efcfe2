"""Which model is in force, decided by hand: `vsig model promote`, `rollback`, `list`.

The table `models` says who is in force; its commits say since when, by whom and why.
A decision by hand is one commit of the step `model`, as the gate's are, under the key
of the gate's newest work: so it is the answer to the evaluations of now, and the gate
speaks again when there are new ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vsig_core.errors import InputError, StoreError
from vsig_core.model import champion, promote
from vsig_core.registered import model_row
from vsig_core.store import Commit, Provenance, Store

GATE = "model"
PROMOTED, ROLLED_BACK = "promoted by hand", "rolled back by hand"


@dataclass(frozen=True)
class Request:
    """Who wants it, and why in their words."""

    by: str
    reason: str = ""


@dataclass(frozen=True)
class Reign:
    """One change of the model in force.

    Parameters
    ----------
    model_id
        In force from then on.
    replaced
        In force before; None for the first.
    at
        When, UTC.
    act
        `first`, `promoted by the gate`, `promoted by hand` or `rolled back by hand`.
    by, reason
        Who and why; empty where nobody did or said.
    version
        Version of `models`.
    """

    model_id: str
    replaced: str | None
    at: datetime
    act: str
    by: str
    reason: str
    version: int

    @property
    def by_hand(self) -> bool:
        """Whether a person decided it."""
        return self.act in (PROMOTED, ROLLED_BACK)


def reigns(commits: Sequence[Commit]) -> list[Reign]:
    """Every change of the model in force, the oldest first.

    Parameters
    ----------
    commits
        Of the table `models`, newest first; those that `vsig clean` removed count too.
    """
    found: list[Reign] = []
    for commit in reversed(commits):
        made = commit.provenance
        first = made.step == "register" and not found
        before = found[-1].model_id if found else None
        if not (first or made.step == GATE) or made.data_version in ("", before):
            continue
        facts = made.facts
        found.append(
            Reign(
                model_id=made.data_version,
                replaced=before,
                at=commit.at,
                act="first" if first else facts.get("act", "promoted by the gate"),
                by=facts.get("by", ""),
                reason=facts.get("why", ""),
                version=commit.version,
            )
        )
    return found


def succession(changes: Sequence[Reign]) -> list[str]:
    """The models that a rollback can go back to, one after another; the last is in force.

    A rollback takes the last away instead of adding to it, so that a second one goes
    further back and not forth again.
    """
    line: list[str] = []
    for change in changes:
        if change.act == ROLLED_BACK and change.model_id in line:
            del line[line.index(change.model_id) + 1 :]
        else:
            line = [name for name in line if name != change.model_id] + [change.model_id]
    return line


def taken_out_by_hand(commits: Sequence[Commit], model_id: str) -> Reign | None:
    """The decision of a person that replaced a model; None where its last fall was none.

    The gate lets it hold: what a person took out of force comes back by hand only.
    """
    falls = [change for change in reigns(commits) if change.replaced == model_id]
    return falls[-1] if falls and falls[-1].by_hand else None


def promote_by_hand(store: Store, model_id: str, request: Request) -> Reign | None:
    """Put a registered model in force, whatever the gate said of it.

    Returns
    -------
    The change; None where it is in force already, and nothing was written.

    Raises
    ------
    InputError
        There is no such model.
    StoreError
        Its weights are not in the store.
    ConflictError
        Somebody else wrote to the registry meanwhile.
    """
    return _put_in_force(store, model_id, request, PROMOTED)


def roll_back(store: Store, request: Request, model_id: str | None = None) -> Reign | None:
    """Put the model in force again that was before the one of now.

    Parameters
    ----------
    store
        The store.
    request
        Who and why.
    model_id
        An earlier one of those that were in force; the one right before where left out.

    Returns, Raises
    ---------------
    As `promote_by_hand`; an InputError also where there is none to go back to.
    """
    line = succession(reigns(store.commits("models")))
    earlier = line[:-1]
    if not earlier:
        raise InputError(
            "No other model was in force before this one, so there is nothing to roll back to. "
            "'vsig model list' shows all; 'vsig model promote ID' puts any of them in force."
        )
    if model_id is not None and model_id not in line:
        model_row(store, model_id)
        raise InputError(
            f"{model_id} was not in force before the model of now; those that were, the latest "
            f"first: {', '.join(reversed(earlier))}. 'vsig model promote {model_id}' puts it in "
            "force all the same."
        )
    return _put_in_force(store, model_id or earlier[-1], request, ROLLED_BACK)


def _put_in_force(store: Store, model_id: str, request: Request, act: str) -> Reign | None:
    row = model_row(store, model_id)
    commits = store.commits("models")
    base = commits[0].version
    models = store.read("models", version=base)
    in_force = champion(models)
    if in_force is not None and in_force["model_id"] == model_id:
        return None
    if not store.objects.exists(row["weights"]):
        raise StoreError(
            f"{model_id} cannot be put in force: its weights {store.objects.uri(row['weights'])} "
            "are not in the store. Bring them back from a backup, or choose another model "
            "('vsig model list')."
        )
    said = f"{act} ({request.by}): {request.reason or 'no reason given'}"
    facts = {"champion": model_id, "act": act, "by": request.by, "why": request.reason}
    rows = promote(models, model_id, said)
    store.write("models", rows, _made(commits, model_id, base, facts), base=base)
    return reigns(store.commits("models"))[-1]


def _made(commits: Sequence[Commit], model_id: str, base: int, facts: dict[str, Any]) -> Provenance:
    """Provenance of a decision: the key of the gate's newest work, which it answers."""
    gate = next((c.provenance for c in commits if c.provenance.step == GATE), Provenance(GATE))
    return Provenance(
        step=GATE,
        inputs={"models": base},
        params=gate.params,
        code=gate.code,
        key=gate.key,
        data_version=model_id,
        facts=facts,
    )


@dataclass(frozen=True)
class Listed:
    """One registered model, for people.

    Parameters
    ----------
    model_id, status, origin, reason
        Of the registry.
    created_at
        When it was registered, UTC.
    map
        Split to its newest mean average precision; what was not measured is left out.
    embedded
        Batches of pictures that have its vectors.
    serves
        Whether the vectors in use are its own: those of a new champion are, once all are there.
    """

    model_id: str
    status: str
    origin: str
    reason: str
    created_at: datetime
    map: dict[str, float]
    embedded: int
    serves: bool


def listed(store: Store) -> list[Listed]:
    """Every model of the registry, the oldest first."""
    rows = store.read_or_empty("models").to_pylist()
    figures = _newest_map(store)
    batches = _embedded_batches(store)
    serving = set(store.read_or_empty("vectors", columns=["model_id"])["model_id"].to_pylist())
    rows.sort(key=lambda row: (row["created_at"], row["model_id"]))
    return [
        Listed(
            **{name: row[name] for name in ("model_id", "status", "origin", "reason")},
            created_at=row["created_at"],
            map=figures.get(row["model_id"], {}),
            embedded=len(batches.get(row["model_id"], ())),
            serves=row["model_id"] in serving,
        )
        for row in rows
    ]


def _newest_map(store: Store) -> dict[str, dict[str, float]]:
    """Model to split to the mean average precision of its newest evaluation."""
    rows = store.read_or_empty("evaluations").to_pylist()
    found: dict[str, dict[str, float]] = {}
    for row in sorted(rows, key=lambda row: row["links_version"]):
        if row["metric"] == "map" and row["value"] is not None:
            found.setdefault(row["subject"], {})[row["split"]] = row["value"]
    return found


def _embedded_batches(store: Store) -> dict[str, set[str]]:
    """Model to the batches of pictures that have its vectors."""
    found: dict[str, set[str]] = {}
    for commit in store.commits("embeddings"):
        words = dict(word.split("=", 1) for word in commit.provenance.partition.split(",") if word)
        if {"model_id", "batch"} <= words.keys():
            found.setdefault(words["model_id"], set()).add(words["batch"])
    return found
