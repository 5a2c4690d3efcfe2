"""What all sections of the settings are."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A part of the settings: frozen, and refusing what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")
