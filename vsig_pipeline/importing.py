"""N of M pictures imported, and why not the others."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from vsig_core.corpus import BatchPlan, present
from vsig_core.current import current_images
from vsig_core.project import Project

REFUSED = "refused"


@dataclass(frozen=True)
class Imported:
    """What became of all that the sources name.

    Parameters
    ----------
    named
        Pictures that the sources name, those included that were refused at once.
    imported
        Of these, pictures in the corpus.
    waiting
        Not read yet.
    lacking
        Reason to number: the reasons of `rejected_images`, and "refused" for rows of tables
        and canvases that name no picture, or one that is not fetched.
    """

    named: int
    imported: int
    waiting: int
    lacking: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return vars(self)

    def in_words(self) -> str:
        """For a person."""
        whole = f"{self.imported} of {self.named} pictures imported"
        parts = [f"{count} {reason}" for reason, count in sorted(self.lacking.items())]
        parts += [f"{self.waiting} not read yet"] if self.waiting else []
        return f"{whole}{': ' if parts else ''}{', '.join(parts)}."


def imported(project: Project, plan: BatchPlan) -> Imported:
    """Count what became of a plan.

    A picture that was read before and whose server does not answer now is imported still.
    """
    planned = set(present(plan.table)["uid"].to_pylist())
    there = planned & set(current_images(project.store, ["uid"])["uid"].to_pylist())
    rows = project.store.read_or_empty("rejected_images", columns=["uid", "reason"]).to_pylist()
    reasons = {row["uid"]: row["reason"] for row in rows if row["uid"] in planned - there}
    lacking = Counter(reasons.values())
    if plan.refused:
        lacking[REFUSED] = len(plan.refused)
    waiting = len(planned) - len(there) - len(reasons)
    return Imported(len(planned) + len(plan.refused), len(there), waiting, dict(lacking))
