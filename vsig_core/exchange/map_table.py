"""The map as one Parquet file, as the command of Embedding Atlas opens it.

``embedding-atlas map.parquet --x x --y y --neighbors neighbors --image thumb``
"""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from vsig_core.exchange.outgoing import Outgoing

_RECORD = ("title", "author", "date_text", "year_from", "year_to", "place", "iconography")
_RECORD = (*_RECORD, "rights", "permalink", "thumb")
NEIGHBOURS = pa.struct([("ids", pa.list_(pa.int64())), ("distances", pa.list_(pa.float64()))])
# As Hugging Face's `datasets` keeps pictures; Embedding Atlas shows them.
PICTURE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def write_map(outgoing: Outgoing, out: Path) -> dict[str, int]:
    """Write one row for each picture on the map.

    Columns: uid, x, y (map units), neighbors (ids: rows of this file, from 0; distances:
    cosine, ascending), cluster, component, the record, thumb.

    Returns
    -------
    Number of pictures.

    Raises
    ------
    TableMissingError
        There is no map yet.
    """
    outgoing.store.read("layout", columns=["uid"])  # a map that was never made is no empty map
    places = outgoing.read("layout").sort_by("uid")
    uids = places["uid"].to_pylist()
    images = {row["uid"]: row for row in outgoing.images(_RECORD).to_pylist()}
    columns: dict[str, Any] = {name: places[name] for name in ("uid", "x", "y")}
    columns["neighbors"] = _neighbours(outgoing, uids)
    for table, name in (("clusters", "cluster"), ("components", "component")):
        rows = outgoing.read(table)
        values = dict(zip(rows["uid"].to_pylist(), rows[name].to_pylist(), strict=True))
        columns[name] = pa.array([values.get(uid) for uid in uids], pa.string())
    fields = outgoing.images(_RECORD).schema
    for name in _RECORD[:-1]:
        columns[name] = pa.array([images[uid][name] for uid in uids], fields.field(name).type)
    pictures = [{"bytes": images[uid]["thumb"], "path": None} for uid in uids]
    columns["thumb"] = pa.array(pictures, PICTURE)
    pq.write_table(pa.table(columns), out)
    return {"pictures": len(uids)}


def _neighbours(outgoing: Outgoing, uids: list[str]) -> pa.Array:
    """The nearest pictures of each, by their row."""
    rows = {uid: row for row, uid in enumerate(uids)}
    lists = {row["uid"]: row for row in outgoing.read("neighbours").to_pylist()}
    found = []
    for uid in uids:
        near = lists.get(uid, {"ids": [], "distances": []})
        pairs = zip(near["ids"], near["distances"], strict=True)
        kept = [(rows[other], distance) for other, distance in pairs if other in rows]
        found.append({"ids": [row for row, _ in kept], "distances": [far for _, far in kept]})
    return pa.array(found, NEIGHBOURS)
