"""Pictures that could not be looked up, or whose manifests could not: they are not gone for it."""

import json
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from vsig_core.corpus.listing import ListedFile, Listing


def with_unreached(listing: Listing, planned: pa.Table) -> Listing:
    """The listing, with what was there and could not be asked for now, as it was.

    Parameters
    ----------
    listing
        Of the sources; `unreached` names pictures, manifests, or sources of which not all was
        seen.
    planned
        Rows of `batches`.
    """
    if not listing.unreached:
        return listing
    listed = {file.uid for file in listing.files}
    there = planned.filter(pc.field("gone_at").is_null()).to_pylist()
    kept: list[ListedFile] = []
    for row in there:
        metadata = json.loads(row["metadata"] or "{}")
        of = {row["source"], row["uri"], metadata.get("manifest")}
        if row["uid"] not in listed and not of.isdisjoint(listing.unreached):
            names = ("uid", "source", "uri", "size", "modified")
            kept.append(ListedFile(*(row[n] for n in names), metadata=metadata, etag=row["etag"]))
    files = sorted([*listing.files, *kept], key=lambda file: file.uid)
    return replace(listing, files=files)
