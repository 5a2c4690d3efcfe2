"""What a step continues from its own last version, by the ids that pictures have now.

Splits, signatures, cluster names and places on the map are kept by uid. Each commit
says how many moves it knew of, so those since are applied once, also after a crash.
"""

from typing import Any

import pyarrow as pa

from vsig_core.annotations import renames
from vsig_core.current import alias_rows
from vsig_pipeline.execution import Inputs

_HEEDED = "moves heeded"


class Renaming:
    """The moves of pictures, as a step finds them.

    Parameters
    ----------
    inputs
        Of the step.
    """

    def __init__(self, inputs: Inputs) -> None:
        self._inputs = inputs
        self._rows = alias_rows(inputs.store)

    @property
    def facts(self) -> dict[str, Any]:
        """To be among the facts of the step's commit; none where nothing ever moved."""
        return {_HEEDED: len(self._rows)} if self._rows else {}

    def read(self, table: str) -> pa.Table:
        """A table of the step's own as it stands, each picture under its id of now."""
        rows = self._inputs.read(table)
        commits = self._inputs.store.commits(table, limit=1)
        heeded = commits[0].provenance.facts.get(_HEEDED, 0) if commits else 0
        names = renames(self._rows[heeded:])
        if not names or not rows.num_rows:
            return rows
        return _renamed(rows, names)


def _renamed(rows: pa.Table, names: dict[str, str]) -> pa.Table:
    """Rows under new ids; what stood there under such an id was of a picture that is no more."""
    before = rows["uid"].to_pylist()
    replaced = {names[uid] for uid in before if uid in names}
    keep = [uid in names or uid not in replaced for uid in before]
    now = pa.array([names.get(uid, uid) for uid in before], pa.string())
    column = rows.schema.get_field_index("uid")
    return rows.set_column(column, rows.schema.field("uid"), now).filter(pa.array(keep))
