"""Versioned tables and content-addressed objects, in a folder or on S3."""

from vsig_core.store.contents import content, remove_all, sha256_of
from vsig_core.store.files import File, Files, FolderFiles, open_files
from vsig_core.store.location import Location
from vsig_core.store.log import DataFile, TableLog, read_log
from vsig_core.store.objects import Objects
from vsig_core.store.patience import on_fresh_data
from vsig_core.store.provenance import Commit, Provenance, digest
from vsig_core.store.schema import TABLES, TableSpec, empty, schema
from vsig_core.store.seals import Seal
from vsig_core.store.tables import Store

__all__ = [
    "TABLES",
    "Commit",
    "DataFile",
    "File",
    "Files",
    "FolderFiles",
    "Location",
    "Objects",
    "Provenance",
    "Seal",
    "Store",
    "TableLog",
    "TableSpec",
    "content",
    "digest",
    "empty",
    "on_fresh_data",
    "open_files",
    "read_log",
    "remove_all",
    "schema",
    "sha256_of",
]
