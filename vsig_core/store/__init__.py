"""Versioned tables and content-addressed objects, in a folder or on S3."""

from vsig_core.store.files import Files, StoredFile
from vsig_core.store.log import DataFile, TableLog, read_log
from vsig_core.store.objects import Objects
from vsig_core.store.provenance import Commit, Provenance, digest
from vsig_core.store.schema import TABLES, TableSpec, empty, schema
from vsig_core.store.seals import Seal
from vsig_core.store.tables import Store

__all__ = [
    "TABLES",
    "Commit",
    "DataFile",
    "Files",
    "Objects",
    "Provenance",
    "Seal",
    "Store",
    "StoredFile",
    "TableLog",
    "TableSpec",
    "digest",
    "empty",
    "read_log",
    "schema",
]
