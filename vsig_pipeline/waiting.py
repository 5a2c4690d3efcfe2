"""What waits, and what for: files of the inbox, judgements that are not learnt from yet."""

from dataclasses import dataclass

from vsig_core.project import Project
from vsig_pipeline.arrivals import QUIET_SECONDS, left_alone, pending_files
from vsig_pipeline.learning import learning
from vsig_pipeline.notices import given_up
from vsig_pipeline.running import Due
from vsig_pipeline.state import State


@dataclass(frozen=True)
class Waiting:
    """One thing that waits."""

    what: str
    why: str


def waiting(project: Project, found: Due) -> list[Waiting]:
    """Look at a project whose due work is known; writes nothing."""
    whole = set(pending_files(project, QUIET_SECONDS))
    refused = [why for why in given_up(project) if " annotate " in why]
    ready = refused[-1] if refused else "the next 'vsig run' takes it, or the daemon ('vsig ui')"
    shown = [
        Waiting(path.name, ready if path in whole else "it was written to a moment ago")
        for path in pending_files(project)
    ]
    shown += [Waiting(name, f"left alone: {why}") for name, why in left_alone(project).items()]
    if training := [task for task in found.tasks if task.stage == "retrain"]:
        state = learning(State(project, found.plan.table), training)
        if not state.due:
            shown.append(Waiting("training by the daemon", state.why))
    return shown
