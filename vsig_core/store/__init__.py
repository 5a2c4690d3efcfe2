"""Versioned tables and content-addressed objects, in a folder or on S3."""

from vsig_core.store.objects import Objects
from vsig_core.store.provenance import Commit, Provenance, digest
from vsig_core.store.schema import TABLES, TableSpec, empty, schema
from vsig_core.store.tables import Store

__all__ = [
    "TABLES",
    "Commit",
    "Objects",
    "Provenance",
    "Store",
    "TableSpec",
    "digest",
    "empty",
    "schema",
]
