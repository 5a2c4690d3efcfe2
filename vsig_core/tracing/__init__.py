"""Where something comes from, and what comes from it: `vsig trace`.

Every commit says which versions it read. From a version this walks up to the
versions, runs, people and files behind it, and down to what was made from it.
"""

from vsig_core.tracing.history import History, descent, lineage
from vsig_core.tracing.judgements import trace_link
from vsig_core.tracing.models import trace_model
from vsig_core.tracing.pictures import trace_cluster, trace_image

__all__ = [
    "History",
    "descent",
    "lineage",
    "trace_cluster",
    "trace_image",
    "trace_link",
    "trace_model",
]
