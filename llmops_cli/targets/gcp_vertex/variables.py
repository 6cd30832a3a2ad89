"""What Vertex AI adds to the environment of a release, and the release that a version runs."""

import json
from collections.abc import Mapping

from llmops_cli.core.release import Release
from llmops_cli.targets import variables
from llmops_cli.targets.gcp_vertex.endpoint import Version

#: Where the container learns which versions of which secrets it has to fetch; see `serve/vertex`.
REFERENCES = "LLMOPS_SECRET_REFERENCES"
MANAGER = "LLMOPS_SECRET_MANAGER"
#: The most that Google takes.
MOST = 200


def variables_of(release: Release, references: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a release; ``references`` names versions of its secrets.

    Raises:
        PreflightError: a name is there twice.
    """
    text = json.dumps(dict(references), separators=(",", ":"))
    return variables.variables_of(release, {REFERENCES: text} if references else None)


def release_of(version: Version) -> Release | None:
    """Return the release that a version runs, or None where it is none of ours."""
    return variables.release_from(version.environment, version.image, frozenset({REFERENCES}))
