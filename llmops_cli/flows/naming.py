"""Names of releases. A named release is never retired."""

import re

from llmops_cli.core.target import Target
from llmops_cli.errors import ReleaseNotFoundError, UsageError
from llmops_cli.flows.rollback import find

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}")


def name(target: Target, assignment: str) -> None:
    """Give a kept release a name, as in ``3f2a9c1d=before-the-migration``.

    Raises:
        UsageError: the words are not SHA=NAME.
        ReleaseNotFoundError: no release, or more than one, is meant.
    """
    sha, _equals, wanted = assignment.partition("=")
    check(wanted)
    target.name_release(find(target, sha, target.inspect()).id, [wanted])


def unname(target: Target, wanted: str) -> None:
    """Take a name away.

    Raises:
        ReleaseNotFoundError: no release bears it.
    """
    if not target.unname_release(wanted):
        raise ReleaseNotFoundError(
            f"No release is named {wanted!r}.", next_step="llmops releases lists the names."
        )


def check(wanted: str) -> None:
    """Check that a text can be a name.

    Raises:
        UsageError: it cannot; a name that could be a sha would hide releases.
    """
    is_sha_like = re.fullmatch(r"[0-9a-f]{4,40}", wanted) is not None
    if not _NAME.fullmatch(wanted) or is_sha_like:
        raise UsageError(
            f"{wanted!r} cannot be the name of a release.",
            next_step="Begin with a letter; use letters, digits, dots, dashes; no bare hex.",
        )
