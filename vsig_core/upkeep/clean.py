"""`vsig clean`: what is no longer needed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from vsig_core.store import TABLES, Commit, Store
from vsig_core.upkeep.references import removed_versions
from vsig_core.upkeep.removal import Removal, plan_removal

# What no version names may belong to a commit that is about to be made.
YOUNG = timedelta(days=1)


def plan_clean(store: Store, keep: int, now: datetime | None = None) -> Removal:
    """What a clean would remove; changes nothing.

    Parameters
    ----------
    store
        The store.
    keep
        Newest versions of each table that stay. What they were made from and written with
        stays too, and what each registered model was made from.
    now
        The time; that of the clock where left out.

    Raises
    ------
    StoreError
        The store cannot be read, or a log is damaged.
    """
    before = (now or datetime.now(UTC)) - YOUNG
    return plan_removal(store, kept_versions(store, keep), before)


def kept_versions(store: Store, keep: int) -> dict[str, set[int]]:
    """Table to the versions that a clean leaves readable."""
    commits = {name: store.commits(name) for name in TABLES}
    roots = [commit for found in commits.values() for commit in found[:keep]]
    roots += _of_models(store, commits["models"], commits["triplets"])
    kept: dict[str, set[int]] = {name: set() for name, found in commits.items() if found}
    for commit in roots:
        kept[commit.table].add(commit.version)
        made = commit.provenance
        for table, version in [*made.inputs.items(), *made.beside.items()]:
            kept.setdefault(table, set()).add(version)
    removed = removed_versions(store)
    return {name: versions - removed.get(name, set()) for name, versions in kept.items()}


def _of_models(store: Store, models: list[Commit], triplets: list[Commit]) -> Iterator[Commit]:
    """The commits that made the registered models, and the triplets that they learnt from."""
    made = {commit.provenance.data_version: commit for commit in models}  # the oldest of each
    learnt = {commit.provenance.data_version: commit for commit in triplets}
    for row in store.read_or_empty("models", columns=["model_id", "trained_on"]).to_pylist():
        yield from (
            commit
            for commit in (made.get(row["model_id"]), learnt.get(row["trained_on"]))
            if commit is not None
        )
