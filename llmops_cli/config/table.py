"""What every table of a project file has in common."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """A table of the project file: frozen, and without keys that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def variables_of(table: Table, names: Mapping[str, str]) -> dict[str, str]:
    """Return what the project sets in a table, by the variables that the served API reads.

    ``names`` has the variable of each key. What the project leaves out is left out: the API has
    the same defaults.
    """
    made = table.model_dump(exclude_unset=True, exclude_none=True)
    return {variable: _text(made[key]) for key, variable in names.items() if key in made}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ",".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)
