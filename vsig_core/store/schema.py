"""The tables of the store: columns, key, partitions, and what each column means.

This module is the only place where a column is declared; `docs/tables.md` is
written from it. Times are UTC. Boxes are `x,y,w,h` in fractions of the picture.
"""

from dataclasses import dataclass

import pyarrow as pa

TEXT = pa.string()
TIME = pa.timestamp("us", tz="UTC")
TEXTS = pa.list_(pa.string())
VECTOR = pa.list_(pa.float32())
RECALL = "share of the nearest pictures that an approximate index found, measured; null is exact"


@dataclass(frozen=True)
class Column:
    """One column: its name, Arrow type and meaning."""

    name: str
    type: pa.DataType
    meaning: str

    @property
    def names_object(self) -> bool:
        """Whether its values are keys of objects: its meaning then begins so."""
        return self.meaning.startswith("object: ")


@dataclass(frozen=True)
class TableSpec:
    """One table of the store.

    `key` names the columns that identify a row; `partitions` those that lay out
    its files (Hive style) and can be replaced apart. `version` goes up with each change
    that an older vsig would get wrong.
    """

    name: str
    meaning: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    partitions: tuple[str, ...] = ()
    version: int = 1

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema, each field's meaning in its metadata."""
        return pa.schema(
            [pa.field(c.name, c.type, metadata={"meaning": c.meaning}) for c in self.columns]
        )


def _table(
    name: str,
    meaning: str,
    key: str,
    columns: list[tuple[str, pa.DataType, str]],
    partitions: str = "",
) -> TableSpec:
    return TableSpec(
        name,
        meaning,
        tuple(key.split()),
        tuple(Column(*column) for column in columns),
        tuple(partitions.split()),
    )


_SPECS = [
    _table(
        "batches",
        "What each batch is planned to hold: the listing of the sources, and what left them.",
        "uid",
        [
            ("batch", TEXT, "batch id, b-…"),
            ("uid", TEXT, "id of the picture in this project"),
            ("source", TEXT, "uri of the source, as in the settings"),
            ("uri", TEXT, "where the file lies"),
            ("size", pa.int64(), "bytes when listed"),
            ("modified", TIME, "time of last change when listed"),
            ("etag", TEXT, "S3's word for the content; null for files of folders"),
            ("metadata", TEXT, "JSON of the picture's row in the metadata file"),
            ("gone_at", TIME, "when it was found missing; null while it is there"),
            ("sha256", TEXT, "of the file's bytes when it went; null while it is there"),
            ("asked", pa.int64(), "how often it was asked for again; null where it never was"),
            ("asked_at", TIME, "when it was asked for again last; null where it never was"),
        ],
    ),
    _table(
        "corpus",
        "What the corpus is now: one row for each batch of pictures.",
        "batch",
        [
            ("batch", TEXT, "batch id"),
            ("version", pa.int64(), "version of `images` that holds the batch's rows"),
            ("planned", TEXT, "key of the work that read the batch"),
            ("images", pa.int64(), "pictures read"),
            ("rejected", pa.int64(), "pictures refused"),
            ("digest", TEXT, "sha256 over the batch's uids, contents and metadata"),
            ("contents", TEXT, "sha256 over the batch's uids and contents alone"),
        ],
    ),
    _table(
        "vectors",
        "Which versions hold the vectors of the model in force.",
        "batch",
        [
            ("batch", TEXT, "batch id"),
            ("model_id", TEXT, "model that made the vectors"),
            ("version", pa.int64(), "version of `embeddings` that holds them"),
            ("images", pa.int64(), "number of vectors"),
            ("digest", TEXT, "digest of the batch's pictures and the model"),
        ],
    ),
    _table(
        "images",
        "Every picture that could be read, with its metadata.",
        "uid",
        [
            ("uid", TEXT, "id of the picture in this project"),
            ("batch", TEXT, "batch it arrived in"),
            ("source", TEXT, "uri of its source"),
            ("uri", TEXT, "where the original lies"),
            ("sha256", TEXT, "of the original file's bytes"),
            ("phash", TEXT, "64-bit perceptual hash, 16 hex digits"),
            ("width", pa.int32(), "pixels, upright"),
            ("height", pa.int32(), "pixels, upright"),
            ("thumb", pa.binary(), "JPEG, longer side at most 128 pixels"),
            ("working", TEXT, "object: JPEG, longer side at most 1,024 pixels"),
            ("work", TEXT, "object of art that it shows; joins views, details and pages"),
            ("part", TEXT, "whole, detail, verso, page n"),
            ("canvas", TEXT, "IIIF canvas"),
            ("manifest", TEXT, "IIIF manifest"),
            ("title", TEXT, "as given"),
            ("author", TEXT, "as given"),
            ("date_text", TEXT, "date in the words of the catalogue"),
            ("year_from", pa.int32(), "first possible year; null is unknown"),
            ("year_to", pa.int32(), "last possible year; null is unknown"),
            ("place", TEXT, "as given"),
            ("lat", pa.float64(), "degrees north"),
            ("lon", pa.float64(), "degrees east"),
            ("iconography", TEXT, "subjects, separated by ';'"),
            ("description", TEXT, "as given"),
            ("permalink", TEXT, "page of the record"),
            ("rights", TEXT, "licence or holder"),
            ("publish", TEXT, "none, thumb or full: what may leave the project"),
            ("embargo_until", pa.date32(), "nothing leaves before this day"),
            ("extra", TEXT, "JSON of all other metadata columns"),
            ("added_at", TIME, "when first read"),
        ],
        partitions="batch",
    ),
    _table(
        "contents",
        "Every content that a picture ever had, to see whether a replaced picture is nearly the "
        "same one; rows are only ever added.",
        "sha256",
        [
            ("sha256", TEXT, "of the original file's bytes"),
            ("phash", TEXT, "64-bit perceptual hash, 16 hex digits"),
        ],
    ),
    _table(
        "replaced_images",
        "Pictures of which the file has another content than before; rows are only ever added.",
        "uid at",
        [
            ("uid", TEXT, "picture"),
            ("before", TEXT, "sha256 of what it showed"),
            ("after", TEXT, "sha256 of what it shows since"),
            ("nearly", pa.bool_(), "nearly the same picture (phash): judgements stay in force"),
            ("at", TIME, "when it was read"),
        ],
    ),
    _table(
        "aliases",
        "Old ids of pictures: judgements follow them; rows are only ever added.",
        "old_uid at",
        [
            ("old_uid", TEXT, "id it had"),
            ("uid", TEXT, "id it has"),
            ("reason", TEXT, "moved, id given"),
            ("at", TIME, "when it was seen; moves seen at once share it, later ones are later"),
        ],
    ),
    _table(
        "rejected_images",
        "Files that could not become pictures, and why.",
        "uri batch",
        [
            ("uri", TEXT, "where the file lies"),
            ("batch", TEXT, "batch it arrived in"),
            ("uid", TEXT, "id it would have had"),
            (
                "reason",
                TEXT,
                "empty, not_a_picture, truncated, unsupported, too_many_pixels, "
                "too_many_bytes, too_small, unreadable, missing, changing, crashes, purged",
            ),
            ("detail", TEXT, "what was found"),
        ],
        partitions="batch",
    ),
    _table(
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
    _table(
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
    _table(
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
    _table(
        "components",
        "Pictures joined by POSITIVE links; the unit of splits.",
        "uid",
        [
            ("uid", TEXT, "picture"),
            ("component", TEXT, "c-…; keeps its id as long as it lasts"),
            ("split", TEXT, "train, val or test"),
        ],
    ),
    _table(
        "drawn_splits",
        "Every split ever drawn, also of pictures that lost their links since.",
        "uid",
        [
            ("uid", TEXT, "picture"),
            ("component", TEXT, "component it is or was in"),
            ("split", TEXT, "train, val or test"),
        ],
    ),
    _table(
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
    _table(
        "motifs",
        "Visual signatures.",
        "motif",
        [("motif", TEXT, "s-…"), ("name", TEXT, "given by a person"), ("note", TEXT, "free text")],
    ),
    _table(
        "motif_members",
        "Which pictures carry a signature, and where.",
        "motif uid",
        [
            ("motif", TEXT, "signature"),
            ("uid", TEXT, "picture"),
            ("box", TEXT, "where in the picture; null is unsaid"),
        ],
    ),
    _table(
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
    _table(
        "triplets",
        "What the network learns from.",
        "anchor positive negative",
        [
            ("anchor", TEXT, "uid"),
            ("positive", TEXT, "uid: shares a signature with the anchor"),
            ("negative", TEXT, "uid: does not"),
            ("split", TEXT, "train or val"),
            ("origin", TEXT, "annotated, hard, random"),
        ],
    ),
    _table(
        "models",
        "Every network that was in force or asked to be.",
        "model_id",
        [
            ("model_id", TEXT, "m-…, from what made it"),
            ("weights", TEXT, "object: safetensors"),
            ("settings", TEXT, "JSON of [model] and, where trained, [training]"),
            ("metrics", TEXT, "JSON: training curve, seconds"),
            ("trained_on", TEXT, "data version of the triplets; null for pretrained"),
            ("origin", TEXT, "pretrained or trained"),
            ("status", TEXT, "candidate, champion, retired, rejected; one champion at all times"),
            ("reason", TEXT, "why it has this status"),
            ("created_at", TIME, "when"),
        ],
    ),
    _table(
        "evaluations",
        "Retrieval figures of models and baselines.",
        "model_id subject split metric links_version",
        [
            ("model_id", TEXT, "candidate that was judged in this evaluation"),
            ("subject", TEXT, "model_id, or a baseline such as grey16"),
            ("split", TEXT, "val, test or pool"),
            (
                "metric",
                TEXT,
                "map, map_queries, recall@k, median_first, mean_rank, median_rank; pool_size "
                "(pictures ranked), left_out (queries that could not be asked), not_in_pool "
                "(relevant pictures that no ranking holds); of a candidate also map_difference; "
                "of the whole pool mean_cosine, effective_rank",
            ),
            ("links_version", pa.int64(), "version of `links`"),
            ("value", pa.float64(), "figure; null is not measurable"),
            ("ci_low", pa.float64(), "95 % bootstrap over components"),
            ("ci_high", pa.float64(), "95 % bootstrap over components"),
            (
                "n",
                pa.int64(),
                "components behind it; pictures for mean_cosine and effective_rank",
            ),
        ],
    ),
    _table(
        "pool_vectors",
        "Vectors of the pool, of champions and candidates: for mining and evaluation.",
        "model_id sha256",
        [
            ("model_id", TEXT, "network"),
            ("sha256", TEXT, "of the picture"),
            ("vector", VECTOR, "unit length"),
        ],
        partitions="model_id",
    ),
    _table(
        "fallen_links",
        "Confirmed links that a candidate ranks lower than the champion it was held against.",
        "model_id img1 img2",
        [
            ("model_id", TEXT, "candidate"),
            ("against", TEXT, "champion"),
            ("img1", TEXT, "picture"),
            ("img2", TEXT, "picture"),
            ("rank_before", pa.float64(), "by the champion; 1 is nearest, mean of both directions"),
            ("rank", pa.float64(), "by the candidate"),
        ],
    ),
    _table(
        "embeddings",
        "One unit vector for each picture and model.",
        "model_id uid",
        [
            ("model_id", TEXT, "network"),
            ("uid", TEXT, "picture"),
            ("batch", TEXT, "batch of the picture"),
            ("sha256", TEXT, "of the picture"),
            ("vector", VECTOR, "unit length"),
        ],
        partitions="model_id batch",
    ),
    _table(
        "regions",
        "Local evidence: the maps of pictures that were compared in detail; rows are only added.",
        "trunk sha256",
        [
            ("trunk", TEXT, "network before the trained stages, and resolution, t-…"),
            ("sha256", TEXT, "of the picture"),
            ("cells", TEXT, "object: safetensors, the cells of its map"),
            ("vectors", VECTOR, "of the whole and of 50 windows, one after the other"),
        ],
        partitions="trunk",
    ),
    _table(
        "pair_evidence",
        "What near pictures have in common, part by part; empty where local evidence is off.",
        "img1 img2",
        [
            ("img1", TEXT, "picture, the smaller uid"),
            ("img2", TEXT, "picture"),
            ("sha1", TEXT, "what img1 showed"),
            ("sha2", TEXT, "what img2 showed"),
            ("trunk", TEXT, "network before the trained stages, and resolution, t-…"),
            ("score", pa.float64(), "pairs of cells on which a geometry agrees, weighted; 0 none"),
            ("box1", TEXT, "where in img1: x,y,w,h in fractions; null where the score is 0"),
            ("box2", TEXT, "where in img2"),
            ("mirrored", pa.bool_(), "one shows it with left and right exchanged"),
        ],
    ),
    _table(
        "neighbours",
        "The k nearest pictures of each picture.",
        "uid",
        [
            ("uid", TEXT, "picture"),
            ("ids", TEXTS, "nearest first, itself left out"),
            ("distances", VECTOR, "cosine distances, ascending"),
            ("sha256", TEXT, "what the picture showed"),
            ("model_id", TEXT, "network behind the vectors"),
            ("recall", pa.float64(), RECALL),
        ],
    ),
    _table(
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
            ("recall", pa.float64(), RECALL),
        ],
    ),
    _table(
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
    _table(
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
    _table(
        "cluster_ids",
        "Every id that a cluster ever had: none is used again; rows are only ever added.",
        "cluster",
        [("cluster", TEXT, "stable id"), ("at", TIME, "when it was born")],
    ),
    _table(
        "layout",
        "Where each picture lies on the map.",
        "uid",
        [
            ("uid", TEXT, "picture"),
            ("x", pa.float64(), "map units"),
            ("y", pa.float64(), "map units"),
        ],
    ),
    _table(
        "atlas",
        "Pictures of the whole map.",
        "name",
        [("name", TEXT, "map"), ("picture", TEXT, "object: PNG")],
    ),
    _table(
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
    _table(
        "tombstones",
        "Pictures that were taken down: they do not come back; rows are only ever added.",
        "uid sha256",
        [
            ("uid", TEXT, "id it had in this project"),
            ("sha256", TEXT, "of the original file's bytes; empty where it was never read"),
            ("at", TIME, "when it was taken down"),
            ("by", TEXT, "who did"),
            ("reason", TEXT, "why, in that person's words"),
        ],
    ),
    _table(
        "provenance",
        "Versions that were removed, and where they came from; rows are only ever added.",
        "table version",
        [
            ("table", TEXT, "name"),
            ("version", pa.int64(), "number"),
            ("at", TIME, "when it was written"),
            ("operation", TEXT, "what Delta Lake did: WRITE, …"),
            ("step", TEXT, "asset or command that wrote it"),
            ("inputs", TEXT, "JSON: table to version"),
            ("params", TEXT, "hash of the settings"),
            ("code", TEXT, "version of the code"),
            ("run_id", TEXT, "run that wrote it"),
            ("key", TEXT, "hash of what the step was asked to compute"),
            ("data_version", TEXT, "what later steps compare"),
            ("partition", TEXT, "partition that was replaced; empty where the whole table was"),
            ("facts", TEXT, "JSON: figures that the step reported"),
            ("beside", TEXT, "JSON: table to version, what the step wrote before this"),
        ],
    ),
]

TABLES: dict[str, TableSpec] = {spec.name: spec for spec in _SPECS}


def schema(table: str) -> pa.Schema:
    """Arrow schema of a table of the store."""
    return TABLES[table].schema


def empty(table: str) -> pa.Table:
    """A table of the store without rows."""
    return schema(table).empty_table()
