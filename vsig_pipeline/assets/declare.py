"""From a function that computes a step to a Dagster asset."""

import inspect
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from dagster import (
    AssetExecutionContext,
    AssetsDefinition,
    Backoff,
    DataVersion,
    Failure,
    FreshnessPolicy,
    Jitter,
    MaterializeResult,
    RetryPolicy,
    asset,
)

from vsig_core.console import note
from vsig_core.errors import StoreError, StoreGoneError, VsigError, WorkersError
from vsig_core.project import Project
from vsig_core.store.faults import lasts
from vsig_pipeline.execution import Done, Inputs, Outcome, carry_out
from vsig_pipeline.lock import one_at_a_time
from vsig_pipeline.metadata import definition_metadata, result_metadata
from vsig_pipeline.partitions import BATCHES
from vsig_pipeline.resources import ProjectResource
from vsig_pipeline.steps import STEPS

GROUPS = {
    "images": "corpus",
    "corpus": "corpus",
    "annotations": "annotations",
    "morphograph": "annotations",
    "triplets": "annotations",
    "candidate_model": "model",
    "evaluation": "model",
    "model": "model",
}
# What passes by itself is tried again; what a person gave wrong is not.
RETRIES = RetryPolicy(max_retries=2, delay=5, backoff=Backoff.EXPONENTIAL, jitter=Jitter.FULL)
OWNERS = ["team:vsig"]
# The nightly schedule looks at these whether or not something changed; when it has not, the
# daemon is down or its runs fail. The others follow changes alone, and may rest for weeks.
NIGHTLY = FreshnessPolicy.time_window(
    warn_window=timedelta(hours=26), fail_window=timedelta(hours=50)
)


def computes(*kinds: str) -> Callable[[Callable[[Inputs], Outcome]], AssetsDefinition]:
    """Make an asset of a function; its name is the step, its docstring the description."""

    def declare(compute: Callable[[Inputs], Outcome]) -> AssetsDefinition:
        step = STEPS[compute.__name__]

        @asset(
            name=step.name,
            deps=list(step.inputs),
            description=inspect.getdoc(compute),
            group_name=GROUPS.get(step.name, "clusters"),
            kinds=set(kinds) | {"deltalake"},
            code_version=step.code,
            partitions_def=BATCHES if step.batched else None,
            metadata=definition_metadata(step),
            retry_policy=RETRIES,
            owners=OWNERS,
            freshness_policy=NIGHTLY if step.stage in ("annotate", "retrain") else None,
            tags={"vsig/stage": step.stage, "vsig/batched": str(step.batched).lower()},
        )
        def materialise(
            context: AssetExecutionContext, project: ProjectResource
        ) -> MaterializeResult[Any]:
            batch = context.partition_key if step.batched else None
            opened = project.of_run(context.run.run_id)
            done = run_step(compute, opened, batch, context)
            return MaterializeResult(
                data_version=DataVersion(done.data_version),
                metadata=result_metadata(opened, step, done),
            )

        return materialise

    return declare


def run_step(
    compute: Callable[[Inputs], Outcome],
    project: Project,
    batch: str | None,
    context: AssetExecutionContext,
) -> Done:
    """Carry a step out; what vsig raises on purpose fails with its own words."""

    def waits(line: str) -> None:
        context.log.info(line)
        note(line)  # 'vsig run' shows no log

    try:
        # Before the inputs are looked at: what another run did meanwhile is found done.
        with one_at_a_time(project, waits):
            step = STEPS[compute.__name__]
            inputs = Inputs(project, step, batch, context.log.info, context.run.run_id)
            return carry_out(inputs, compute)
    except VsigError as error:
        raise Failure(str(error), allow_retries=_may_pass(error)) from error


def _may_pass(error: VsigError) -> bool:
    """Whether the same step, some seconds later, may fare better."""
    if isinstance(error, StoreError):
        return not isinstance(error, StoreGoneError) and not lasts(error)
    return isinstance(error, WorkersError)
