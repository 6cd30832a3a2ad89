"""Makes the service itself, for the first release of a project that has none yet."""

from llmops_cli.clouds.gcp.patience import changing
from llmops_cli.clouds.gcp.registry_login import is_artifact_registry
from llmops_cli.core.release import Candidate
from llmops_cli.errors import DeployError, LockedError, PreflightError
from llmops_cli.targets.gcp_run.moving import noted
from llmops_cli.targets.gcp_run.place import Place
from llmops_cli.targets.gcp_run.session import Session
from llmops_cli.targets.gcp_run.staging import service_of

_PUBLIC = ("docker.io", "mirror.gcr.io")


def create(session: Session, candidate: Candidate) -> None:
    """Make the service with the release as its first revision, which has the traffic: nothing else
    has. Does not wait for it.

    Raises:
        LockedError: somebody else has made it meanwhile.
        DeployError, AccessError: Google does not.
    """
    from google.api_core.exceptions import AlreadyExists

    place = session.place
    problem = image_problem(place, candidate.release.image)
    if problem is not None:
        raise problem
    session.book.note(noted(session, candidate, {}))
    session.book.require_lock()
    request = {
        "parent": place.parent,
        "service": service_of(place, candidate),
        "service_id": place.service,
    }
    with place.account.told(f"make the service {place.service}"):
        try:
            place.account.client("services").create_service(request, **changing())
        except AlreadyExists as error:
            there = place.read_service()
            # An attempt of ours, to which nobody answered, may have made it.
            if there is None or there.message.template.revision != candidate.name:
                raise LockedError(
                    f"Somebody else has made the service {place.service} meanwhile.",
                    next_step="llmops deploy",
                ) from error


def image_problem(place: Place, image: str) -> DeployError | PreflightError | None:
    """Return what is wrong where Cloud Run cannot pull an image: it knows no other registries."""
    if place.configured.endpoints.run is not None:
        # A Google with addresses of its own has registries of other names.
        return None
    host = image.partition("/")[0]
    if is_artifact_registry(host) or host in _PUBLIC:
        return None
    return PreflightError(
        f"Cloud Run does not pull images from {host}.",
        next_step="Set [image] repository to one in Artifact Registry, such as "
        f"{place.configured.location}-docker.pkg.dev/PROJECT/REPOSITORY/{place.service}.",
    )
