"""What every table of a project file has in common."""

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """A table of the project file: frozen, and without keys that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
