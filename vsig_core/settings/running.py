"""How runs behave, and on which machines."""

from pydantic import Field

from vsig_core.settings.section import Section


class RunSettings(Section):
    """How runs behave."""

    workers: int = Field(
        default=0, ge=0, description="Processes that decode pictures; 0: one per core."
    )
    max_attempts: int = Field(
        default=5, ge=1, description="Tries of the same work before giving up."
    )
    backoff_seconds: float = Field(
        default=30.0, ge=0, description="First pause; doubles at each try."
    )
    webhook: str | None = Field(default=None, description="URL that gets a POST when a run fails.")
    nightly: str = Field(default="0 3 * * *", description="Cron of the nightly run, UTC.")


class ClusterSettings(Section):
    """More than one machine (docs/scale.md)."""

    scheduler: str | None = Field(
        default=None,
        pattern="^(tcp|tls|ws|wss)://",
        description="Dask scheduler whose workers decode, embed and compare, as tcp://host:8786; "
        "else this machine does.",
    )
