"""Jobs: which assets run together, and which retry, tag and schedule they carry."""

from dagster import AssetSelection, DefaultScheduleStatus, ScheduleDefinition, define_asset_job

from vsig_pipeline.steps import STEPS, Stage


def _stage(*stages: Stage) -> AssetSelection:
    return AssetSelection.assets(*[name for name, step in STEPS.items() if step.stage in stages])


ingest = define_asset_job(
    "ingest",
    _stage("ingest"),
    description="Read one batch of pictures, then sum up what the corpus is.",
)
embed = define_asset_job(
    "embed",
    _stage("embed"),
    description="Vectors of one batch with the model in force, then sum up.",
)
annotate = define_asset_job(
    "annotate",
    _stage("annotate"),
    description="Take the inbox's annotation files into the log and the morphograph.",
)
retrain = define_asset_job(
    "retrain",
    _stage("annotate", "retrain"),
    description="From judgements to a candidate, its evaluation and the gate.",
)
recluster = define_asset_job(
    "recluster",
    _stage("recluster"),
    description="From vectors to neighbours, clusters, map, groups and review queue.",
)

JOBS = [ingest, embed, annotate, retrain, recluster]


def nightly(cron: str) -> ScheduleDefinition:
    """A retraining each night: what is fresh is found, not computed again."""
    return ScheduleDefinition(
        name="nightly",
        job_name="retrain",
        cron_schedule=cron,
        default_status=DefaultScheduleStatus.RUNNING,
    )
