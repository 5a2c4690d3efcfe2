"""What Dagster loads: the graph, its checks, sensors, jobs and the nightly schedule."""

from dagster import Definitions, in_process_executor

from vsig_core.settings import RunSettings
from vsig_pipeline.assets import ASSETS
from vsig_pipeline.checks import CHECKS
from vsig_pipeline.jobs import JOBS, nightly
from vsig_pipeline.resources import ProjectResource
from vsig_pipeline.sensors import SENSORS

defs = Definitions(
    assets=ASSETS,
    asset_checks=CHECKS,
    jobs=JOBS,
    sensors=SENSORS,
    schedules=[nightly(RunSettings().nightly)],
    resources={"project": ProjectResource()},
    # A process for each step would import torch anew each time.
    executor=in_process_executor,
)
