"""Tables of what was removed."""

import pyarrow as pa

from vsig_core.store.schema.declaring import TEXT, TIME, table

TABLES = [
    table(
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
    table(
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
            ("release", TEXT, "version of vsig that wrote it; empty or null where not kept"),
        ],
        version=2,
    ),
]
