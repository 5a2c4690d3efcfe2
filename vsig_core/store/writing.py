"""One commit to a table: whole with its provenance, on the version that it was derived from."""

import itertools
import uuid
from dataclasses import dataclass
from typing import Any, Literal, cast

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, write_deltalake
from deltalake.exceptions import DeltaError

from vsig_core.errors import ConflictError, StoreError
from vsig_core.store.faults import passes, said
from vsig_core.store.files import Files
from vsig_core.store.location import Location
from vsig_core.store.objects import Objects
from vsig_core.store.opening import Tables
from vsig_core.store.patience import patiently
from vsig_core.store.provenance import Provenance
from vsig_core.store.schema import TABLES
from vsig_core.store.schema_version import lacks_columns, renew, stamp
from vsig_core.store.seals import seal

# Delta's defaults delete history after 30 days; only `vsig clean` may.
_KEEP_HISTORY = {
    "delta.logRetentionDuration": "interval 36500 days",
    "delta.deletedFileRetentionDuration": "interval 36500 days",
    "delta.enableExpiredLogCleanup": "false",
}
_MARK = "vsig.commit"
# A version, None where the table was not there, or whichever is the newest at the time.
Base = int | None | Literal["newest"]
# A commit beside others is tried again as often as they come first.
MOST_RETRIES = 50


@dataclass(frozen=True)
class Write:
    """How a table is written to; see `Store.write`."""

    mode: Literal["append", "overwrite"]
    base: Base
    predicate: str | None = None

    @property
    def retries(self) -> int:
        """Delta Lake tells writes to several partitions apart; two to a whole table it merges."""
        return MOST_RETRIES if self.predicate else 0


class Writer:
    """Commits to the tables of one store.

    Parameters
    ----------
    tables, location, files, objects
        Of the store; each commit's digests are kept among its objects.
    """

    def __init__(self, tables: Tables, location: Location, files: Files, objects: Objects) -> None:
        self._tables = tables
        self._location = location
        self._files = files
        self._objects = objects

    def commit(self, name: str, rows: pa.Table, provenance: Provenance, write: Write) -> int:
        """Write rows as one commit, and return the number of the version that it made.

        Raises
        ------
        ConflictError
            Somebody else has written since `write.base`.
        StoreError
            The table cannot be written.
        """
        spec = TABLES[name]
        data = rows.select(spec.schema.names).cast(spec.schema)
        # Where the answer to a commit is cut off, the mark tells whether the commit is there.
        mark, tries = uuid.uuid4().hex, itertools.count()

        def once() -> int:
            if next(tries) and (landed := self._landed(name, mark)) is not None:
                return landed
            table = self._open_for(name, write)
            if table is None:
                self._tables.begin(name)
            write_deltalake(
                table if table is not None else self._tables.uri(name),
                data,
                partition_by=list(spec.partitions) or None,
                # its overloads take each word apart, not their union
                mode=cast(Any, write.mode if table is not None else "error"),
                predicate=write.predicate if table is not None else None,
                schema_mode="merge" if table and lacks_columns(spec, table) else None,
                description=stamp(spec) if table is None else None,
                configuration=_KEEP_HISTORY if table is None else None,
                storage_options=self._location.storage_options,
                commit_properties=CommitProperties(
                    custom_metadata=provenance.to_metadata() | {_MARK: mark},
                    max_commit_retries=write.retries,
                ),
                post_commithook_properties=PostCommitHookProperties(cleanup_expired_logs=False),
            )
            self._tables.seen(name)
            # A table that was made begins at 0, whatever others have added by now.
            return table.version() if table is not None else 0

        before = self._version(name) if write.base == "newest" else write.base
        try:
            version = patiently(once)
        except (DeltaError, OSError) as error:
            version = self._after_failure(name, mark, before, error)
        seal(self._files, self._objects, name, version)
        return version

    def _after_failure(
        self, name: str, mark: str, before: int | None, error: DeltaError | OSError
    ) -> int:
        """The version that was made all the same; else why there is none."""
        uri = self._tables.uri(name)
        if isinstance(error, DeltaError) and not passes(error):
            if (landed := self._landed(name, mark)) is not None:
                return landed
            if (now := self._version(name)) != before:
                raise ConflictError(
                    f"Table {uri} is at version {now}, not {before} any more: another process has "
                    "written to it. Nothing was written; try again."
                ) from error
        raise StoreError(f"Table {uri} cannot be written: {said(error)}.") from error

    def _open_for(self, name: str, write: Write) -> DeltaTable | None:
        """The version that is written to, by the declaration of now."""
        if write.base is None:
            return None
        table = self._tables.open(name, None if write.base == "newest" else write.base)
        if table is not None:
            before = table.version()
            renew(TABLES[name], table)
            if table.version() > before + 1:
                raise ConflictError(
                    f"Table {self._tables.uri(name)} was written to by another process while its "
                    "schema was renewed. Nothing was written; try again."
                )
        return table

    def _landed(self, name: str, mark: str) -> int | None:
        """The version that a commit made whose answer was lost; None where it is not there."""
        entries = self._tables.history(name, MOST_RETRIES)
        return next((entry["version"] for entry in entries if entry.get(_MARK) == mark), None)

    def _version(self, name: str) -> int | None:
        table = self._tables.open_to_read(name)
        return None if table is None else table.version()
