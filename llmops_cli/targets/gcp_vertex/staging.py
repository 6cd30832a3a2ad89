"""Brings a release up beside the live one: makes its version, deploys it, gives it a share."""

from dataclasses import dataclass

from llmops_cli.core.plan import Tell
from llmops_cli.core.release import Candidate, Release
from llmops_cli.core.target import ReferringStore
from llmops_cli.errors import LlmopsError
from llmops_cli.targets.gcp_vertex import progress, traffic
from llmops_cli.targets.gcp_vertex.place import Place
from llmops_cli.targets.gcp_vertex.preflight import require_image
from llmops_cli.targets.gcp_vertex.progress import Begun
from llmops_cli.targets.gcp_vertex.session import (
    BEFORE,
    DEPLOY,
    DEPLOYED,
    RELEASE,
    UPLOAD,
    VERSION,
    Session,
    weights_text,
)
from llmops_cli.targets.gcp_vertex.spec import deployed_model_of, model_of


@dataclass(frozen=True)
class Staging:
    """The steps of staging one candidate."""

    session: Session
    secrets: ReferringStore
    candidate: Candidate

    @property
    def place(self) -> Place:
        """The endpoint and the model."""
        return self.session.place

    @property
    def release(self) -> Release:
        """The release that is staged."""
        return self.candidate.release

    def make_endpoint(self, tell: Tell) -> None:
        """Make the endpoint that Terraform has not made."""
        place = self.place
        request = {
            "parent": place.parent,
            "endpoint_id": place.endpoint_id,
            "endpoint": {
                "display_name": place.project_name,
                "labels": {"llmops-project": place.project_name},
            },
        }
        doing = f"make the endpoint {place.endpoint_id}"
        begun = progress.begin(
            place,
            "endpoints",
            doing,
            lambda **how: place.endpoints.create_endpoint(request=request, **how),
        )
        progress.finish(place, begun, tell)

    def upload(self, tell: Tell) -> None:
        """Make a version of the model, and note which."""
        session, place, release = self.session, self.place, self.release
        session.book.require_lock()
        require_image(place, release.image)
        has_model = bool(session.known().versions)
        request = {
            "parent": place.parent,
            "model": model_of(place, release, references_of(self.secrets, release)),
            **({"parent_model": place.model} if has_model else {"model_id": place.model_id}),
        }
        doing = f"make a version of the model {place.model_id}"
        begun = progress.begin(
            place, "models", doing, lambda **how: place.models.upload_model(request=request, **how)
        )
        session.note(**{RELEASE: release.id, UPLOAD: begun.name})
        session.version = progress.finish_uploading(place, begun, tell)
        session.note(**{VERSION: session.version, UPLOAD: ""})

    def deploy(self, tell: Tell) -> None:
        """Deploy the version: without traffic where another has it, else with all of it."""
        session, place, release = self.session, self.place, self.release
        session.book.require_lock()
        now = session.endpoint()
        session.require_traffic(now.traffic, session.before)
        request: dict[str, object] = {
            "endpoint": place.endpoint,
            "deployed_model": deployed_model_of(place, release, session.version),
        }
        if not now.traffic:
            # Anything said of the traffic would be put in the place of what others make of it in
            # the minutes that this takes; what nothing is said of gets none.
            request["traffic_split"] = {"0": traffic.ALL}
        doing = f"deploy {release.id} to the endpoint {place.endpoint_id}"
        begun = progress.begin(
            place,
            "endpoints",
            doing,
            lambda **how: place.endpoints.deploy_model(request=request, **how),
        )
        session.note(
            **{
                RELEASE: release.id,
                VERSION: session.version,
                DEPLOY: begun.name,
                BEFORE: weights_text(session.before),
            }
        )
        self._follow(begun, tell)

    def resume(self, tell: Tell) -> None:
        """Go on waiting for a deployment that a killed run began."""
        name = self.session.pending[DEPLOY]
        doing = f"deploy {self.release.id} to the endpoint {self.place.endpoint_id}"
        self._follow(Begun("endpoints", name, doing), tell)

    def give_share(self) -> None:
        """Give the candidate the share of the traffic with which it is checked."""
        session = self.session
        percent = self.place.configured.canary_percent
        weights = traffic.share(session.before, session.deployed, percent)
        traffic.move(session, session.before, weights)

    def _follow(self, begun: Begun, tell: Tell) -> None:
        session = self.session
        session.deployed = progress.finish_deploying(self.place, begun, self.release.id, tell)
        session.note(**{DEPLOYED: session.deployed, DEPLOY: ""})
        if not session.before:
            # Google gives all the traffic to the first that is deployed.
            session.moved.append({session.deployed: traffic.ALL})


def references_of(store: ReferringStore, release: Release) -> dict[str, str]:
    """Return how a release names the versions of its secrets; no value is among them."""
    return {
        name: store.reference(name, version)
        for name, version in sorted(release.secret_versions.items())
    }


def wait_for_left_over(session: Session, tell: Tell) -> None:
    """Wait until the deployment that a killed run began has ended, well or not.

    What it made has no traffic, and is undeployed when this rollout is over.
    """
    name = session.pending.get(DEPLOY, "")
    begun = Begun("endpoints", name, "deploy what a killed run began with")
    try:
        progress.finish(session.place, begun, tell)
    except LlmopsError as error:
        tell(f"it has ended: {error.message}")
    session.pending.clear()
    session.note()
