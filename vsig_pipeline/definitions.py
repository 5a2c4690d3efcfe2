"""What Dagster loads: the graph, its checks, sensors, jobs and the nightly schedule."""

from dagster import Definitions, in_process_executor

from vsig_core.errors import SettingsError
from vsig_core.project import open_project
from vsig_core.settings import RunSettings
from vsig_pipeline.assets import ASSETS
from vsig_pipeline.checks import CHECKS
from vsig_pipeline.jobs import JOBS, nightly
from vsig_pipeline.resources import ProjectResource
from vsig_pipeline.sensors import SENSORS


def _cron() -> str:
    """When the nightly run starts: Dagster reads it once, and loads without a project too."""
    try:
        return open_project().settings.run.nightly
    except SettingsError:
        return RunSettings().nightly


defs = Definitions(
    assets=ASSETS,
    asset_checks=CHECKS,
    jobs=JOBS,
    sensors=SENSORS,
    schedules=[nightly(_cron())],
    resources={"project": ProjectResource()},
    # A process for each step would import torch anew each time.
    executor=in_process_executor,
)
