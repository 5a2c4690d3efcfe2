"""Judgements on their way into the log: written whole into the inbox, read back from there."""

import errno
import json
import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from vsig_core.annotations import (
    Act,
    follow_aliases,
    new_rows,
    read_annotations,
    rows_of_act,
    write_annotations,
)
from vsig_core.annotations.aliases import NO_ALIASES
from vsig_core.current import aliases
from vsig_core.errors import AnnotationError, StoreError
from vsig_core.project import Project
from vsig_core.review.app.ledger import Ledger, Said

LOG = logging.getLogger("vsig.review")
_TICK = timedelta(microseconds=1)
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Setting:
    """Where an act is made.

    Parameters
    ----------
    cluster
        The group that was shown, where one was.
    edition
        Name of the edition that was shown.
    versions
        Its tables.
    shown
        What the person saw: uid to the sha256 of its content.
    """

    cluster: str | None
    edition: str
    versions: Mapping[str, int]
    shown: Mapping[str, str]


class Inbox:
    """Writes acts into the inbox, and reads what waits there, also what others put.

    Parameters
    ----------
    project
        Whose inbox.
    """

    def __init__(self, project: Project) -> None:
        self._files, self._store = project.inbox, project.store
        self._names = NO_ALIASES
        self._read: set[tuple[str, str]] = set()
        self._writing = threading.Lock()
        self._latest = datetime.min.replace(tzinfo=UTC)
        self.ledger = Ledger()

    def put(self, act: Act, setting: Setting) -> Said:
        """Write an act; when this returns it is on disk, whole, under its name.

        An act whose id is known already is not written again: it may be a second try after
        an answer that was lost.

        Raises
        ------
        AnnotationError
            Too few pictures ticked, and the like; nothing was written.
        StoreError
            It cannot be written; nothing was.
        """
        assert act.name is not None
        name = f"review-{act.name}.csv"
        with self._writing:
            if act.name not in self.ledger:
                # Another server of this project may have it.
                data = self._files.read(name) or self._files.read(f"done/{name}")
                if data is None:
                    data = self._write(name, act, setting)
                self._add(read_annotations(data, name).annotations)
            return self.ledger.said(act.name)

    def _write(self, name: str, act: Act, setting: Setting) -> bytes:
        # A person's latest judgement stands: no two of this server have one time.
        self._latest = max(act.made_at, self._latest + _TICK)
        rows = rows_of_act(replace(act, made_at=self._latest))
        data = write_annotations(_in_setting(rows, setting))
        _check_readable(data, name)
        if not self._files.create(name, data):
            data = self._files.read(name) or data
        return data

    def renew(self) -> None:
        """Begin a new ledger from the log, which has other rows than before, and the inbox.

        All is told of the pictures by the ids that they have now, whatever they were called
        when it was said. The inbox is read first: what a run takes from it meanwhile is in the
        log then.

        Raises
        ------
        StoreError
            The inbox or the log cannot be read; the ledger stays as it was.
        """
        read: set[tuple[str, str]] = set()
        names, waiting = aliases(self._store), self._waiting(read)
        log = self._store.read_or_empty("annotations")
        with self._writing:
            waiting += self._waiting(read)
            new = new_rows(log, _joined([log.slice(0, 0), *waiting]))
            ledger = Ledger()
            ledger.add(follow_aliases(_joined([log, new]), names).to_pylist())
            self.ledger, self._read, self._names = ledger, read, names

    def read_waiting(self) -> None:
        """Add what waits in the inbox and was not read yet.

        Raises
        ------
        StoreError
            The inbox cannot be read.
        """
        with self._writing:
            for rows in self._waiting(self._read):
                self._add(rows)

    def _add(self, rows: pa.Table) -> None:
        self.ledger.add(follow_aliases(rows, self._names).to_pylist())

    def _waiting(self, read: set[tuple[str, str]]) -> list[pa.Table]:
        """Judgements of each file that is not in `read` yet.

        A file that cannot be read as judgements is left to the run that will reject it.
        """
        found = []
        for file in self._files.list():
            seen = (file.name, file.tag)
            data = None if seen in read else self._files.read(file.name)
            if data is None or not file.name.endswith(".csv"):
                continue
            read.add(seen)
            try:
                found.append(read_annotations(data, file.name).annotations)
            except AnnotationError as error:
                LOG.warning("%s in the inbox is not shown: %s", file.name, error)
        return found


def _check_readable(data: bytes, name: str) -> None:
    """Refuse what a run could not take, before it is written: the person can say it otherwise."""
    unread = read_annotations(data, name).rejected
    if unread.num_rows:
        raise AnnotationError(f"This cannot be kept: {unread['reason'][0].as_py()}.")


def _joined(tables: Sequence[pa.Table]) -> pa.Table:
    """All rows; an older log may lack columns."""
    return pa.concat_tables(tables, promote_options="default")


def _in_setting(rows: pa.Table, setting: Setting) -> pa.Table:
    """Rows with the contents that were judged, and their context.

    That is whole in the first of an act, for the others the cluster alone: a click on a large
    group writes thousands of rows, and the list of what was shown is long.
    """
    brief: dict[str, Any] = {"app": "vsig review", "cluster": setting.cluster}
    brief["edition"] = setting.edition
    whole = brief | {"versions": dict(setting.versions), "members": sorted(setting.shown)}
    texts: list[str | None] = [json.dumps(whole, ensure_ascii=False)]
    texts += [json.dumps(brief, ensure_ascii=False)] * (rows.num_rows - 1)
    columns = {"context": texts}
    for image, content in (("img1", "sha1"), ("img2", "sha2")):
        columns[content] = [setting.shown.get(uid or "") for uid in rows[image].to_pylist()]
    for name, values in columns.items():
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, rows.schema.field(place), pa.array(values, pa.string()))
    return rows


def is_full(error: StoreError) -> bool:
    """Whether what went wrong is that there is no room."""
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno in _NO_ROOM
