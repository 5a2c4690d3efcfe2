"""What processes that were killed leave behind: half-written files, checkpoints of what is done."""

import fcntl
import shutil

from vsig_core.project import Project
from vsig_pipeline.state import State
from vsig_pipeline.steps import STEPS


def clear_leftovers(project: Project) -> None:
    """Remove them; what a run that is going on has at hand stays.

    Nothing that anybody reads is among them: a file is whole before it has its name.
    """
    project.store.objects.clear_partials()
    project.inbox.clear_partials()
    if not project.work.is_dir():
        return
    with (project.work / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # a step is at it, and these are its own
        for path in project.work.rglob("*.partial"):
            path.unlink()
        commits = State(project).commits(STEPS["candidate_model"])
        over = {commit.provenance.key for commit in commits}
        project.web.forget_old_pictures()
        for folder in (project.work / "training").glob("*"):
            if folder.name in over:
                shutil.rmtree(folder)
