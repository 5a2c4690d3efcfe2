"""Batches of pictures that arrived together."""

from dagster import DagsterInstance, DynamicPartitionsDefinition

BATCHES = DynamicPartitionsDefinition(name="batches")
_NAME = "batches"


def register(instance: DagsterInstance, batches: list[str]) -> None:
    """Make batches known to Dagster; those it knows are left as they are."""
    known = set(instance.get_dynamic_partitions(_NAME))
    new = [batch for batch in batches if batch not in known]
    if new:
        instance.add_dynamic_partitions(_NAME, new)
