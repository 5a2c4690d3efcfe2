"""`vsig status`: what the store holds, what is stale and why."""

from dataclasses import asdict, dataclass, fields
from typing import Any

from vsig_core.console import note, table
from vsig_core.corpus import BatchPlan
from vsig_core.corpus.sources import printable
from vsig_core.project import Project
from vsig_core.store import TABLES
from vsig_pipeline.arrivals import pending_files
from vsig_pipeline.findings import Finding, findings, show
from vsig_pipeline.importing import Imported, imported
from vsig_pipeline.running import look
from vsig_pipeline.state import State
from vsig_pipeline.steps import STEPS
from vsig_pipeline.waiting import Waiting, waiting


@dataclass(frozen=True)
class TableStatus:
    """One table: its newest version, and whether its step has work to do."""

    table: str
    asset: str | None
    version: int | None
    rows: int
    fresh: bool
    reason: str


@dataclass(frozen=True)
class Status:
    """All that a lab's engineer asks first."""

    tables: list[TableStatus]
    champion: dict[str, Any] | None
    inbox: list[str]
    waiting: list[Waiting]
    conflicts: list[dict[str, Any]]
    notices: list[str]
    findings: list[Finding]
    plan: BatchPlan
    imported: Imported

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        shown = {field.name: getattr(self, field.name) for field in fields(self)}
        del shown["plan"], shown["imported"]
        tables = [asdict(entry) for entry in self.tables]
        found = [finding.as_dict() for finding in self.findings]
        waits = [asdict(entry) for entry in self.waiting]
        known = {"tables": tables, "waiting": waits, "findings": found}
        return {**shown, **known, "sources": sources(self.plan, self.imported)}

    def show(self) -> None:
        """For a person."""
        rows = [
            [
                entry.table,
                "-" if entry.version is None else entry.version,
                entry.rows,
                "fresh" if entry.fresh else "stale",
                entry.reason,
            ]
            for entry in self.tables
        ]
        table("Tables", ["table", "version", "rows", "", "why"], rows)
        _show_champion(self.champion)
        note(f"Inbox: {', '.join(map(printable, self.inbox)) or 'empty'}")
        for entry in self.waiting:
            note(f"Waits: {printable(entry.what)}: {entry.why}")
        show(self.findings)
        for notice in self.notices:
            note(f"Notice: {notice}")
        show_sources(self.plan, self.imported)


def sources(plan: BatchPlan, report: Imported) -> dict[str, Any]:
    """What changed and what is amiss in the sources, for JSON: in full."""
    return {
        **plan.as_dict(),
        "notes": plan.notes,
        "unmatched_rows": plan.unmatched_rows,
        "refused": plan.refused,
        "imported": report.as_dict(),
    }


def show_sources(plan: BatchPlan, report: Imported) -> None:
    """What changed and what is amiss in the sources, for a person."""
    if report.lacking:
        note(f"Sources: {report.in_words()}")
    for remark in plan.remarks:
        note(f"Sources: {remark}")


def project_status(project: Project) -> Status:
    """Look at a project; writes nothing."""
    found = look(project)
    reasons: dict[str, str] = {}
    for task in found.tasks:
        reasons.setdefault(task.step, task.reason)
    owner = {name: step.name for step in STEPS.values() for name in reversed(step.tables)}
    conflicts = project.store.read_or_empty("conflicts").to_pylist()
    notices = (
        sorted(path.name for path in project.notices.glob("*")) if project.notices.is_dir() else []
    )
    return Status(
        tables=[_table_status(project, name, owner.get(name), reasons) for name in TABLES],
        champion=_champion(project),
        inbox=[path.name for path in pending_files(project)],
        waiting=waiting(project, found),
        conflicts=[row for row in conflicts if row["settled_by"] is None],
        notices=notices,
        findings=findings(project),
        plan=found.plan,
        imported=imported(project, found.plan),
    )


def _table_status(
    project: Project, name: str, asset: str | None, reasons: dict[str, str]
) -> TableStatus:
    reason = reasons.get(asset, "") if asset else ""
    version, rows = project.store.version(name), project.store.count(name)
    return TableStatus(name, asset, version, rows, not reason, reason)


def _champion(project: Project) -> dict[str, Any] | None:
    """The model in force, and the newest figures about it."""
    champion_id = State(project).champion
    if champion_id is None:
        return None
    rows = [
        row
        for row in project.store.read_or_empty("evaluations").to_pylist()
        if row["subject"] == champion_id and row["metric"] == "map"
    ]
    rows.sort(key=lambda row: row["links_version"])
    figures = {
        row["split"]: {name: row[name] for name in ("value", "ci_low", "ci_high", "n")}
        for row in rows
    }
    return {"model_id": champion_id, "map": figures}


def _show_champion(champion: dict[str, Any] | None) -> None:
    if champion is None:
        note("No model is in force yet.")
        return
    figures = ", ".join(
        f"{split} mAP {figure['value']:.3f}"
        for split, figure in champion["map"].items()
        if figure["value"] is not None
    )
    note(f"Model in force: {champion['model_id']} ({figures or 'not evaluated'})")
