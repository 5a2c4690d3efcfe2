"""What `vsig verify` found."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Kind = Literal["object", "data", "log"]


@dataclass(frozen=True)
class Damage:
    """One file that is not what it should be.

    Parameters
    ----------
    name
        Of the file, relative to the root of the store.
    kind
        An object, a table's data, or a table's log.
    what
        What is wrong with it.
    table
        Table that it belongs to, or that names it; empty for an object that none names.
    versions
        Versions of the table that need it, first and last; empty for an object.
    in_force
        Whether the newest version needs it.
    needed_by
        What depends on it: pictures, batches, clusters, models, tables; each by name.
    remedy
        What to do.
    """

    name: str
    kind: Kind
    what: str
    table: str = ""
    versions: tuple[int, int] | None = None
    in_force: bool = True
    needed_by: Mapping[str, Sequence[str]] = field(default_factory=dict)
    remedy: str = ""

    def in_words(self) -> str:
        """For a person, on one line; long lists by their beginning."""
        where = f" ({self.table}" if self.table else ""
        if self.versions:
            first, last = self.versions
            where += f", version {first}" if first == last else f", versions {first} to {last}"
        where += ")" if where else ""
        needed = "; ".join(f"{name}: {_some(items)}" for name, items in self.needed_by.items())
        depends = f" Needed by {needed}." if needed else " Nothing in force needs it."
        return f"{self.name}{where}: {self.what}.{depends} {self.remedy}"


@dataclass(frozen=True)
class Report:
    """A store, checked.

    `unsealed` counts data files without a digest of their own (a process was killed just
    after it wrote them, or an older vsig did): they were read whole instead. `orphans` are
    files and objects that no version names, `removed_versions` those that were removed on
    purpose.
    """

    damaged: list[Damage]
    objects: int
    tables: int
    versions: int
    removed_versions: int
    files: int
    bytes: int
    unsealed: int
    orphan_objects: int
    orphan_files: int
    orphan_bytes: int

    def as_dict(self) -> dict[str, Any]:
        """For JSON: in full."""
        return {"whole": not self.damaged, **asdict(self)}


def _some(items: Sequence[str], most: int = 5) -> str:
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(items[:most]) + more
