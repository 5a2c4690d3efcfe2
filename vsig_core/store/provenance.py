"""Where a version of a table comes from, as it is written into its commit."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from vsig_core.release import release


def digest(value: Any) -> str:
    """Sha256 of a value's canonical JSON, 16 hex digits: stable over runs and machines."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Provenance:
    """What made a version.

    Parameters
    ----------
    step
        Name of the asset that wrote it, or of the command where a person did; `register`
        where a pretrained network entered the registry.
    inputs
        Table to the version that was read.
    params
        Hash of the settings in force.
    code
        Version of the step's code.
    run_id
        Run that wrote it.
    key
        Hash of what the step was asked to compute; equal keys need not be computed again.
    data_version
        What later steps compare: a hash of content for what is ingested, the key for
        what is computed.
    partition
        Partition that was replaced, `column=value`; empty where the whole table was.
    facts
        Figures that the step reported, kept so that known work can be shown again.
    beside
        Table to version: what the step wrote before this, and belongs to it.
    release
        Version of vsig that wrote it; empty where that was not kept yet.
    """

    step: str
    inputs: Mapping[str, int] = field(default_factory=dict)
    params: str = ""
    code: str = ""
    run_id: str = ""
    key: str = ""
    data_version: str = ""
    partition: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    beside: Mapping[str, int] = field(default_factory=dict)
    release: str = field(default_factory=release)

    def to_metadata(self) -> dict[str, str]:
        """As custom metadata of a Delta commit."""
        return {
            "vsig.step": self.step,
            "vsig.inputs": json.dumps(dict(self.inputs), sort_keys=True),
            "vsig.params": self.params,
            "vsig.code": self.code,
            "vsig.run_id": self.run_id,
            "vsig.key": self.key,
            "vsig.data_version": self.data_version,
            "vsig.partition": self.partition,
            "vsig.facts": json.dumps(dict(self.facts), sort_keys=True),
            "vsig.beside": json.dumps(dict(self.beside), sort_keys=True),
            "vsig.release": self.release,
        }

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, Any]) -> "Provenance":
        """Read back from a commit; what a foreign commit lacks is empty."""
        return cls(
            step=metadata.get("vsig.step", ""),
            inputs=json.loads(metadata.get("vsig.inputs", "{}")),
            params=metadata.get("vsig.params", ""),
            code=metadata.get("vsig.code", ""),
            run_id=metadata.get("vsig.run_id", ""),
            key=metadata.get("vsig.key", ""),
            data_version=metadata.get("vsig.data_version", ""),
            partition=metadata.get("vsig.partition", ""),
            facts=json.loads(metadata.get("vsig.facts", "{}")),
            beside=json.loads(metadata.get("vsig.beside", "{}")),
            release=metadata.get("vsig.release", ""),
        )


@dataclass(frozen=True)
class Commit:
    """One version of one table; what was removed is no longer `readable`."""

    table: str
    version: int
    at: datetime
    operation: str
    provenance: Provenance
    readable: bool = True

    def to_row(self) -> dict[str, Any]:
        """As a row of the table `provenance`."""
        metadata = self.provenance.to_metadata()
        return {
            "table": self.table,
            "version": self.version,
            "at": self.at,
            "operation": self.operation,
            **{name.removeprefix("vsig."): value for name, value in metadata.items()},
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Commit":
        """A removed version, as the table `provenance` knows it."""
        known = {f"vsig.{name}": value for name, value in row.items() if value is not None}
        provenance = Provenance.from_metadata(known)
        return cls(row["table"], row["version"], row["at"], row["operation"], provenance, False)
