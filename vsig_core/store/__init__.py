"""Versioned tables and content-addressed objects, in a folder or on S3."""

from vsig_core.store.files import File, Files, open_files
from vsig_core.store.location import Location
from vsig_core.store.objects import Objects
from vsig_core.store.provenance import Commit, Provenance, digest
from vsig_core.store.schema import TABLES, TableSpec, empty, schema
from vsig_core.store.tables import Store

__all__ = [
    "TABLES",
    "Commit",
    "File",
    "Files",
    "Location",
    "Objects",
    "Provenance",
    "Store",
    "TableSpec",
    "digest",
    "empty",
    "open_files",
    "schema",
]
