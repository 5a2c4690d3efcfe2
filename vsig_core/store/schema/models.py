"""Tables of networks: what they learn from, how good they are, what they see."""

import pyarrow as pa

from vsig_core.store.schema.declaring import TEXT, TIME, VECTOR, table

TABLES = [
    table(
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
    table(
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
    table(
        "evaluations",
        "Retrieval figures of models and of what needs none (grey16, colour_histogram). Also "
        "map_of_2, map_of_3_to_5 and map_of_6_up, over components of so many pictures; map_judged "
        "and map_joined, of pairs that people judged and of those that only others join; and of a "
        "candidate rejected_apart, by what share of the pool it moves pairs apart that were judged "
        "so: its interval resamples pictures, its n is pairs.",
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
    table(
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
    table(
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
    table(
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
    table(
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
    table(
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
            ("cells", pa.int32(), "of the smaller of the two: what chance brings grows with them"),
        ],
        version=2,
    ),
]
