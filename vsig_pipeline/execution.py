"""How a step is carried out: look it up, else compute it, then commit with provenance."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from vsig_core.annotations import follow_aliases
from vsig_core.current import aliases
from vsig_core.errors import StoreError
from vsig_core.project import Project
from vsig_core.store import Commit, Provenance, empty, on_fresh_data
from vsig_pipeline.progress import Progress, progress
from vsig_pipeline.state import State
from vsig_pipeline.steps import STEPS, Step

# A step that others come before so often is at odds with them; more tries do not help.
MOST_TRIES = 10


@dataclass(frozen=True)
class Outcome:
    """What a step computed.

    Parameters
    ----------
    tables
        Table to the rows that replace it (or the step's partition of it).
    added
        Table to rows that are appended.
    facts
        Figures for people; kept in the commit.
    data_version
        Hash of the content, for what is ingested; the step's key where left out.
    plots
        Title to PNG, for the Dagster UI.
    after
        Called when everything is committed: moves files that have been taken.
    """

    tables: Mapping[str, pa.Table] = field(default_factory=dict)
    added: Mapping[str, pa.Table] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    data_version: str | None = None
    plots: Mapping[str, bytes] = field(default_factory=dict)
    after: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Done:
    """What was carried out, or found.

    Parameters
    ----------
    data_version
        What later steps compare.
    facts, plots
        Of the outcome; known work has no plots.
    known
        Nothing was computed.
    versions
        Table to the version that was written or found.
    read
        Table to the version that it was made from.
    run_id
        The run that made it.
    """

    data_version: str
    facts: Mapping[str, Any]
    plots: Mapping[str, bytes]
    known: bool
    versions: Mapping[str, int]
    read: Mapping[str, int]
    run_id: str


class Inputs:
    """What a step may use while it computes; remembers which versions it read.

    Parameters
    ----------
    project
        The project.
    step
        The step.
    batch
        Batch, where the step is batched.
    log
        Takes lines for people.
    run_id
        The run this belongs to.
    """

    def __init__(
        self,
        project: Project,
        step: Step,
        batch: str | None = None,
        log: Callable[[str], None] = lambda _line: None,
        run_id: str = "",
    ) -> None:
        self.project = project
        self.settings = project.settings
        self.store = project.store
        self.step = step
        self.batch = batch or ""
        self.log = log
        self.run_id = run_id
        self.versions: dict[str, int] = {}
        self.state = State(project)
        self.key = self.state.key(step.name, batch)
        # After the key: a commit that lands in between is read under the key from before
        # it, and so makes the step stale again. The other way round, old data would stand
        # under the new key for good.
        # What the step writes stands on these versions, or is refused.
        self.bases = {table: self.store.version(table) for table in step.tables}
        if step.remembers and (whole := State(project).latest(step)):
            # It continues its last whole work: a try that was broken off is as if not there.
            # What a purge wrote anew since then stands for what it removed.
            self.versions |= {
                table: self.store.readable_since(table, version)
                for table, version in whole.beside.items()
            }
        for name in step.inputs:
            for table in STEPS[name].tables:
                self.pin(table)

    def afresh(self) -> "Inputs":
        """The same step on what the store holds now."""
        return Inputs(self.project, self.step, self.batch or None, self.log, self.run_id)

    def read(
        self,
        table: str,
        columns: Sequence[str] | None = None,
        where: Mapping[str, str] | None = None,
        among: Mapping[str, Sequence[str]] | None = None,
    ) -> pa.Table:
        """Rows of a table, at one version for the whole step; empty where it is not there yet."""
        self.pin(table)
        if table not in self.versions:
            rows = empty(table)
            return rows if columns is None else rows.select(list(columns))
        return self.store.read(
            table, version=self.versions[table], columns=columns, where=where, among=among
        )

    def judgements(self) -> pa.Table:
        """The log of judgements, by the ids that the pictures have now."""
        self.pin("aliases")
        return follow_aliases(self.read("annotations"), aliases(self.store))

    def progress(self, label: str) -> Progress:
        """A callback `(done, total)` for one piece of long work."""
        return progress(label, self.log)

    def pin(self, table: str) -> None:
        """Settle which version of a table the step reads, and record it."""
        if table not in self.versions:
            own = table in self.bases
            version = self.bases[table] if own else self.store.version(table)
            if version is not None:
                self.versions[table] = version

    def provenance(self, outcome: Outcome) -> Provenance:
        """What is written into each commit of the step."""
        return Provenance(
            step=self.step.name,
            inputs=dict(self.versions),
            params=self.state.params(self.step),
            code=self.step.code,
            run_id=self.run_id,
            key=self.key,
            data_version=outcome.data_version or self.key,
            partition=partition_name(self),
            facts=outcome.facts,
        )


def partition_of(inputs: Inputs) -> dict[str, str]:
    """The part of its tables that a batched step replaces; empty for others."""
    if not inputs.step.batched:
        return {}
    if inputs.step.name == "embeddings":
        return {"model_id": inputs.state.champion or "", "batch": inputs.batch}
    return {"batch": inputs.batch}


def partition_name(inputs: Inputs) -> str:
    """`column=value,…`, as commits name it."""
    return ",".join(f"{column}={value}" for column, value in partition_of(inputs).items())


def carry_out(inputs: Inputs, compute: Callable[[Inputs], Outcome]) -> Done:
    """Do a step's work, unless it is known.

    Where another process has written to the step's tables meanwhile, nothing of it is
    overwritten: the step is done again on what the store holds then.

    Parameters
    ----------
    inputs
        The step and what it works on.
    compute
        Computes the outcome; one without any table says that nothing changed.

    Raises
    ------
    ConflictError
        Others came before each of several tries.
    StoreError
        The store cannot be read or written; what was committed stays whole.
    """
    each = itertools.chain([inputs], (inputs.afresh() for _ in itertools.count()))
    return on_fresh_data(
        lambda: _try(next(each), compute),
        MOST_TRIES,
        lambda conflict: inputs.log(f"{inputs.step.name} is done again on fresh data: {conflict}"),
    )


def _try(inputs: Inputs, compute: Callable[[Inputs], Outcome]) -> Done:
    commits = inputs.state.commits(inputs.step, partition_name(inputs))
    if commits and commits[0].provenance.key == inputs.key:
        return _found(commits[0])
    if not inputs.step.remembers and not inputs.step.batched:
        for commit in commits:
            if commit.provenance.key == inputs.key and (older := _still_there(inputs)):
                return _brought_back(inputs, commit, older)
    inputs.store.check_writable()  # hours of training would be lost otherwise
    outcome = compute(inputs)
    if not outcome.tables and not outcome.added and commits:
        outcome.after()
        return _found(commits[0])
    versions = _commit(inputs, outcome)
    outcome.after()
    return Done(
        data_version=outcome.data_version or inputs.key,
        facts=outcome.facts,
        plots=outcome.plots,
        known=False,
        versions=versions,
        read=dict(inputs.versions),
        run_id=inputs.run_id,
    )


def _commit(inputs: Inputs, outcome: Outcome) -> dict[str, int]:
    """Write all tables in the order in which the step declares them.

    The marking one is the last: until then the work does not count as done. It names the
    versions of the others that belong to it, from which a next work continues.
    """
    step, written = inputs.step, {*outcome.tables, *outcome.added}
    if step.mark not in written or not written <= set(step.tables):
        raise StoreError(
            f"The step {step.name!r} gave {sorted(written)}; it declares {step.tables}, and its "
            "last table marks the work as done."
        )
    provenance = inputs.provenance(outcome)
    versions: dict[str, int] = {}
    for table in (name for name in step.tables if name in written):
        made = replace(provenance, beside=_beside(inputs, table, versions))
        if table in outcome.added:
            if outcome.added[table].num_rows or table == step.mark:
                base = inputs.bases[table] if table == step.mark else "newest"
                versions[table] = inputs.store.append(table, outcome.added[table], made, base=base)
        else:
            versions[table] = inputs.store.write(
                table,
                outcome.tables[table],
                made,
                partition=partition_of(inputs),
                base=inputs.bases[table],
            )
    return versions


def _beside(inputs: Inputs, table: str, written: Mapping[str, int]) -> dict[str, int]:
    """The other tables of a step at the versions that belong to what is written now."""
    known = {**inputs.bases, **inputs.versions, **written}
    versions = {name: known.get(name) for name in inputs.step.tables if name != table}
    return {name: version for name, version in versions.items() if version is not None}


def _found(commit: Commit) -> Done:
    return _as_known(commit, {commit.table: commit.version})


def _as_known(commit: Commit, versions: Mapping[str, int]) -> Done:
    made = commit.provenance
    return Done(
        data_version=made.data_version,
        facts=made.facts,
        plots={},
        known=True,
        versions=versions,
        read=made.inputs,
        run_id=made.run_id,
    )


def _still_there(inputs: Inputs) -> dict[str, Commit]:
    """The step's tables as they were under its key of now; empty where one was removed since."""
    found: dict[str, Commit] = {}
    for table in inputs.step.tables:
        for commit in inputs.store.commits(table):
            if commit.provenance.key == inputs.key and commit.readable:
                found.setdefault(table, commit)
    return found if len(found) == len(inputs.step.tables) else {}


def _brought_back(inputs: Inputs, commit: Commit, older: Mapping[str, Commit]) -> Done:
    """Settings went back to what they were: an older version is the answer again."""
    versions = {}
    for table, made in older.items():
        rows = inputs.store.read(table, version=made.version)
        versions[table] = inputs.store.write(table, rows, made.provenance, base=inputs.bases[table])
    inputs.log(f"{inputs.step.name}: version {commit.version} is the answer again")
    return _as_known(commit, versions)
