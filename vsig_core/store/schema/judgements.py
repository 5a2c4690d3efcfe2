"""Tables of judgements: the log, and what is in force."""

import pyarrow as pa

from vsig_core.store.schema.declaring import TEXT, TEXTS, TIME, table

SEPARATING = frozenset({"NEGATIVE", "DIFFERENT"})
"""Verdicts of `links` that keep two pictures apart."""

TABLES = [
    table(
        "annotations",
        "The log of judgements; rows are only ever added.",
        "annotation_id",
        [
            ("annotation_id", TEXT, "given, else a hash of the row's content"),
            ("act", TEXT, "one click of one person, however many rows"),
            (
                "type",
                TEXT,
                "POSITIVE, NEGATIVE, SIMILAR, DIFFERENT, DUPLICATE, NOT_DUPLICATE, "
                "UNSURE, CORRECT, WRONG, SETTLE, RETRACT, PROPOSAL",
            ),
            ("img1", TEXT, "uid"),
            ("img2", TEXT, "uid"),
            ("box1", TEXT, "where in img1"),
            ("box2", TEXT, "where in img2"),
            ("motif", TEXT, "name that the person gave to the signature"),
            ("members", TEXTS, "uids of a judged cluster"),
            ("sha1", TEXT, "sha256 of img1 as judged"),
            ("sha2", TEXT, "sha256 of img2 as judged"),
            ("annotator", TEXT, "who; null is unnamed"),
            ("made_at", TIME, "when judged"),
            ("context", TEXT, "cluster, table versions, file it was judged in"),
            (
                "retracts",
                TEXT,
                "annotation_id or act that a RETRACT takes back; for SETTLE the conflict_id",
            ),
            ("note", TEXT, "free text; for SETTLE the outcome"),
            ("file", TEXT, "name of the file it came in"),
            ("file_sha256", TEXT, "of that file"),
            ("row", pa.int64(), "line in that file, the header being line 1"),
        ],
    ),
    table(
        "rejected_annotations",
        "Rows of annotation files that were refused, or waited for their picture when they came.",
        "file_sha256 row reason",
        [
            ("file_sha256", TEXT, "of the file"),
            ("file", TEXT, "its name"),
            ("row", pa.int64(), "line, the header being line 1"),
            ("reason", TEXT, "what is wrong"),
            ("text", TEXT, "the row as it stood"),
        ],
    ),
    table(
        "links",
        "What is in force about each judged pair.",
        "img1 img2",
        [
            ("img1", TEXT, "smaller uid"),
            ("img2", TEXT, "larger uid"),
            ("verdict", TEXT, "POSITIVE, NEGATIVE, SIMILAR, DIFFERENT, DUPLICATE, NOT_DUPLICATE"),
            ("annotators", TEXTS, "who judged so"),
            ("decided_at", TIME, "latest judgement that counts"),
            ("n_annotations", pa.int32(), "judgements of the pair in force"),
            (
                "contested",
                pa.bool_(),
                "part of a conflict that is unsettled, or left: out of training and relevance",
            ),
        ],
    ),
    table(
        "components",
        "Pictures joined by POSITIVE links; the unit of splits.",
        "uid",
        [
            ("uid", TEXT, "picture"),
            ("component", TEXT, "c-…; keeps its id as long as it lasts"),
            ("split", TEXT, "train, val or test"),
        ],
    ),
    table(
        "drawn_splits",
        "Every split ever drawn, also of pictures that lost their links since.",
        "uid",
        [
            ("uid", TEXT, "picture"),
            ("component", TEXT, "component it is or was in"),
            ("split", TEXT, "train, val or test"),
        ],
    ),
    table(
        "split_moves",
        "Pictures whose split changed because components merged; rows are only ever added.",
        "uid after",
        [
            ("uid", TEXT, "picture"),
            ("before", TEXT, "split it had"),
            ("after", TEXT, "split it has"),
            ("at", TIME, "when"),
        ],
    ),
    table(
        "motifs",
        "Visual signatures.",
        "motif",
        [("motif", TEXT, "s-…"), ("name", TEXT, "given by a person"), ("note", TEXT, "free text")],
    ),
    table(
        "motif_members",
        "Which pictures carry a signature, and where.",
        "motif uid",
        [
            ("motif", TEXT, "signature"),
            ("uid", TEXT, "picture"),
            ("box", TEXT, "where in the picture; null is unsaid"),
        ],
    ),
    table(
        "conflicts",
        "Judgements that contradict one another.",
        "conflict_id",
        [
            ("conflict_id", TEXT, "k-…, from the judgements themselves"),
            (
                "kind",
                TEXT,
                "pair (judged differently), inside (NEGATIVE inside a component) or "
                "replaced (judged on another picture)",
            ),
            ("images", TEXTS, "uids"),
            ("annotations", TEXTS, "annotation ids"),
            ("settled_by", TEXT, "annotation_id of the SETTLE row; null is open"),
        ],
    ),
]
