"""What a new project is called: as the operator says, or after its folder."""

import os
import re
import unicodedata
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from llmops_cli.config.fields import Name
from llmops_cli.errors import UsageError

_LONGEST = 40


def check_name(name: str) -> str:
    """Return the name as it is.

    Raises:
        UsageError: a project cannot be called that.
    """
    try:
        return TypeAdapter(Name).validate_python(name)
    except ValidationError as error:
        rule = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise UsageError(
            f"A project cannot be called {name!r}.",
            evidence=f"A name {rule}.",
            state="Nothing was written.",
            next_step="llmops init --name NAME",
        ) from error


def name_after(directory: Path) -> str | None:
    """Return the folder's name made valid, or None where nothing of it is left."""
    plain = unicodedata.normalize("NFKD", Path(os.path.realpath(directory)).name).encode(
        "ascii", "ignore"
    )
    dashed = re.sub(r"[^a-z0-9]+", "-", plain.decode().lower())
    return re.sub(r"^[^a-z]+", "", dashed)[:_LONGEST].strip("-") or None
