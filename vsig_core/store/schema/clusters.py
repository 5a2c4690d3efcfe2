"""Tables of what looks alike: neighbours, clusters, map, and what people are shown."""

import pyarrow as pa

from vsig_core.store.schema.declaring import TEXT, TEXTS, TIME, VECTOR, table

_RECALL = "share of the nearest pictures that an approximate index found, measured; null is exact"

TABLES = [
    table(
        "neighbours",
        "The k nearest pictures of each picture.",
        "uid",
        [
            ("uid", TEXT, "picture"),
            ("ids", TEXTS, "nearest first, itself left out"),
            ("distances", VECTOR, "cosine distances, ascending"),
            ("sha256", TEXT, "what the picture showed"),
            ("model_id", TEXT, "network behind the vectors"),
            ("recall", pa.float64(), _RECALL),
        ],
    ),
    table(
        "clusters",
        "The model's opinion.",
        "uid",
        [
            ("uid", TEXT, "picture"),
            ("cluster", TEXT, "stable id; null is noise"),
            ("reachability", pa.float64(), "cosine distance; inf where nothing reached it"),
            ("core_distance", pa.float64(), "cosine distance; inf where not a core"),
            ("order", pa.int64(), "place in the OPTICS ordering, from 0"),
            ("predecessor", TEXT, "uid it was reached from; null for none"),
            ("max_eps", pa.float64(), "radius in force, cosine distance"),
            (
                "calibrated",
                pa.bool_(),
                "chosen on validation links; null: by hand, or a method without radius",
            ),
            ("method", TEXT, "how pictures were grouped ([clustering] method)"),
            ("model_id", TEXT, "network behind the vectors"),
            ("recall", pa.float64(), _RECALL),
        ],
    ),
    table(
        "groups",
        "What people are shown: clusters after judgements.",
        "uid group",
        [
            ("uid", TEXT, "picture"),
            ("group", TEXT, "group id"),
            ("cluster", TEXT, "cluster it comes from; null for a confirmed motif outside clusters"),
            ("why", TEXT, "cluster, motif, duplicate of UID, same work as UID, rejected"),
        ],
    ),
    table(
        "cluster_changes",
        "What happened to clusters since the version before.",
        "cluster event",
        [
            ("cluster", TEXT, "stable id"),
            ("event", TEXT, "born, grew, shrank, changed, split, merged, dissolved"),
            ("before", TEXTS, "clusters it comes from"),
            ("after", TEXTS, "clusters it went into"),
            ("images", TEXTS, "pictures that moved"),
        ],
    ),
    table(
        "cluster_ids",
        "Every id that a cluster ever had: none is used again; rows are only ever added.",
        "cluster",
        [("cluster", TEXT, "stable id"), ("at", TIME, "when it was born")],
    ),
    table(
        "layout",
        "Where each picture lies on the map.",
        "uid",
        [
            ("uid", TEXT, "picture"),
            ("x", pa.float64(), "map units"),
            ("y", pa.float64(), "map units"),
        ],
    ),
    table(
        "atlas",
        "Pictures of the whole map.",
        "name",
        [("name", TEXT, "map"), ("picture", TEXT, "object: PNG")],
    ),
    table(
        "review_queue",
        "What is worth a person's judgement next, most promising first.",
        "rank",
        [
            ("rank", pa.int64(), "from 1"),
            ("kind", TEXT, "cluster or pair"),
            ("images", TEXTS, "uids, doubtful first"),
            ("cluster", TEXT, "stable id where kind is cluster"),
            ("score", pa.float64(), "higher is more promising"),
            ("reasons", TEXTS, "in words"),
        ],
    ),
]
