"""Turns what archives fail with into the one error that says so."""

import contextlib
import tarfile
import zlib
from collections.abc import Iterator

from llmops_cli.errors import BuildError


@contextlib.contextmanager
def broken(what: str) -> Iterator[None]:
    """Raise what goes wrong while something is read as a BuildError.

    Raises:
        BuildError: it is damaged, cut short, or not what it should be.
    """
    try:
        yield
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError, LookupError) as error:
        raise BuildError(
            f"{what[:1].upper()}{what[1:]} cannot be searched for secrets: it is damaged.",
            evidence=f"{type(error).__name__}: {error}",
            state="Nothing was pushed.",
            next_step="Build it again with --no-cache; look for free space in the engine.",
        ) from error
