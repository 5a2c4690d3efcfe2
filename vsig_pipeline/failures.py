"""Why a step failed, in words: as it said itself, else the innermost cause."""

from typing import Any


def step_failure(event: Any) -> str:
    """The step and its reason, of Dagster's event of a failed step."""
    data = event.step_failure_data
    words = data.user_failure_data.description if data.user_failure_data else None
    return f"{event.step_key}: {words or _root(data.error)}"


def _root(error: object) -> str:
    """The innermost cause, as Dagster keeps it."""
    while getattr(error, "cause", None) is not None:
        error = getattr(error, "cause")  # noqa: B009
    return str(getattr(error, "message", error)).strip()
