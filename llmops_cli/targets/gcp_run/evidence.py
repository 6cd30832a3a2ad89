"""What Google and a container themselves say of a revision that does not come up."""

import contextlib
from collections.abc import Iterator

from llmops_cli.errors import LlmopsError
from llmops_cli.targets.gcp_run.entries import Entries
from llmops_cli.targets.gcp_run.place import Place

_LINES_SHOWN = 20
_ACCESSOR = "roles/secretmanager.secretAccessor"


def of(place: Place, revision: str) -> list[str]:
    """Return lines of evidence. What cannot be read is left out: there is a failure to tell of."""
    found: list[str] = []
    with contextlib.suppress(LlmopsError):
        lines = Entries(place).newest(revision, _LINES_SHOWN)
        if lines:
            found += ["The end of its log:", *(line.text for line in lines)]
    return found


def advice(place: Place, what: str) -> str:
    """Return what mends a condition that Google names; nothing where nobody can tell."""
    return next(iter(_advice(place, what)), "")


def _advice(place: Place, what: str) -> Iterator[str]:
    who = place.configured.service_account or "PROJECT-NUMBER-compute@developer.gserviceaccount.com"
    if "SECRETS_ACCESS_CHECK_FAILED" in what:
        yield (
            f"Let releases read the secret: gcloud secrets add-iam-policy-binding SECRET "
            f"--member=serviceAccount:{who} --role={_ACCESSOR}, then llmops deploy"
        )
    if "CONTAINER_IMAGE_UNAUTHORIZED" in what or "CONTAINER_PERMISSION_DENIED" in what:
        yield (
            "Let Cloud Run read the repository (roles/artifactregistry.reader for "
            "service-PROJECT-NUMBER@serverless-robot-prod.iam.gserviceaccount.com), "
            "then llmops deploy"
        )
    if "CONTAINER_MISSING" in what:
        yield "llmops push, then llmops deploy"
