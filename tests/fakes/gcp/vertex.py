"""A fake Vertex AI: models, an endpoint that Terraform has made, and predictions."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.call import Call, Handler, Reply
from tests.fakes.gcp.answers import invalid, not_found, precondition, refused
from tests.fakes.gcp.onward import Onward
from tests.fakes.gcp.operations import Done, Failure
from tests.fakes.gcp.tokens import NUMBER, PROJECT
from tests.fakes.gcp.vertex_endpoint import Deployed, Endpoint
from tests.fakes.gcp.vertex_endpoints import Endpoints
from tests.fakes.gcp.vertex_models import Model, Models

if TYPE_CHECKING:
    from tests.fakes.gcp.cloud import GcpCloud

NAME = "demo"
#: Bytes that a question may have, at the address that all endpoints share.
LARGEST = 1_572_864


@dataclass
class Script:
    """How the next operations of a kind go: how long they take, and how they fail."""

    kind: str
    failure: Failure | None
    steps: int | None
    times: int


@dataclass
class Vertex:
    """Vertex AI in one region.

    ``steps`` is how long operations take, ``patience`` how many looks more a container has that
    does not get ready; ``lag`` is how many requests go the old way after the traffic was moved;
    ``quota`` is how many machines of a type there may be. ``platform`` is what its containers have
    in their environment besides.
    """

    cloud: "GcpCloud"
    steps: int = 1
    patience: int = 2
    lag: int = 0
    quota: dict[str, int] = field(default_factory=dict)
    platform: dict[str, str] = field(default_factory=dict)
    predictions: int = 0
    _scripts: list[Script] = field(default_factory=list)
    _number: int = 4_611_686_018_427_387_904

    def __post_init__(self) -> None:
        self.models, self.endpoints = Models(self), Endpoints(self)
        place = f"projects/{NUMBER}/locations/{self.cloud.location}"
        self.endpoints.make(NAME, f"{place}/endpoints/{NAME}", {"displayName": NAME})

    def handlers(self) -> Mapping[str, Handler]:
        """Return what answers, by the names of the calls."""
        start = "aiplatform.projects.locations.endpoints"
        return {
            **self.models.handlers(),
            **self.endpoints.handlers(),
            f"{start}.predict": self._predict,
            f"{start}.rawPredict": self._predict,
            f"{start}.streamRawPredict": self._predict,
        }

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint that Terraform has made."""
        return self.endpoints.kept[NAME]

    @property
    def serving(self) -> str | None:
        """The release that has all the traffic; None where it is shared, or nobody's."""
        carrying = [id for id, share in self.endpoint.split.items() if share]
        if len(carrying) != 1:
            return None
        deployed = self.endpoint.deployed.get(carrying[0])
        is_there = deployed and deployed.container and deployed.container.is_ready
        return deployed.release if deployed and is_there else None

    @property
    def deployed(self) -> set[str]:
        """The releases that are deployed."""
        return {one.release or one.id for one in self.endpoint.deployed.values()}

    def next(
        self, kind: str, failure: Failure | None = None, *, steps: int | None = 1, times: int = 1
    ) -> None:
        """Let the next operations of a kind, such as "DeployModel", go so; None: they never end."""
        self._scripts.append(Script(kind, failure, steps, times))

    def number(self) -> str:
        """Return a new id as Vertex AI makes them."""
        self._number += 65_536
        return str(self._number)

    def real(self, parent: str) -> str:
        """Return a name as Google writes it in its answers: with the project's number."""
        return parent.replace(f"projects/{PROJECT}/", f"projects/{NUMBER}/")

    def start(
        self,
        kind: str,
        parent: str,
        metadata: Mapping[str, Any],
        done: Done,
        *,
        failure: Failure | None = None,
        stages: tuple[str, ...] = (),
    ) -> Reply:
        """Begin an operation, as a script says where there is one."""
        steps: int | None = self.steps
        script = next((one for one in self._scripts if one.kind == kind and one.times), None)
        if script is not None:
            script.times -= 1
            failure, steps = script.failure, script.steps
        return self.cloud.operations.start(
            parent, metadata, done, steps=steps, failure=failure, stages=stages
        )

    def run(self, deployed: Deployed, endpoint: Endpoint) -> None:
        """Start the container of a deployed model."""
        platform = {**self.cloud.platform, **self.platform}
        deployed.start(self.cloud.containers, self.cloud.secrets, platform, endpoint.id)

    def log(self, endpoint: Endpoint, deployed: Deployed) -> None:
        """Write into Cloud Logging what a container wrote."""
        labels = {"endpoint_id": endpoint.id, "location": self.cloud.location}
        text = deployed.container.log if deployed.container else ""
        for line in text.splitlines():
            self.cloud.logging.write(
                line,
                kind="aiplatform.googleapis.com/Endpoint",
                labels=labels,
                severity="ERROR",
                log="aiplatform.googleapis.com%2Fprediction_container",
                own_labels={"deployed_model_id": deployed.id},
            )

    def seeded(self) -> dict[str, Any]:
        """Return all that there is, for another test to begin with."""
        endpoint = self.endpoint
        return copy.deepcopy(
            {
                "models": {id: (one.versions, one.uploads) for id, one in self.models.kept.items()},
                "deployed": [
                    (one.id, one.document, one.spec) for one in endpoint.deployed.values()
                ],
                "split": endpoint.split,
                "document": endpoint.document,
                "number": self._number,
            }
        )

    def seed(self, state: Mapping[str, Any]) -> None:
        """Begin with what another one had; containers are started."""
        state = copy.deepcopy(dict(state))
        place = self.endpoint.name.rpartition("/endpoints/")[0]
        for id, (versions, uploads) in state["models"].items():
            self.models.kept[id] = Model(f"{place}/models/{id}", versions, uploads)
        for id, document, spec in state["deployed"]:
            deployed = Deployed(id, document, spec)
            self.run(deployed, self.endpoint)
            self.endpoint.deployed[id] = deployed
        self.endpoint.split, self.endpoint.document = state["split"], state["document"]
        self._number = state["number"]

    def _predict(self, call: Call) -> Reply:
        endpoint = self.endpoints.kept.get(call.parameters["endpoint"].rpartition("/")[2])
        if endpoint is None:
            return not_found(f"The Endpoint {call.parameters['endpoint']}")
        if len(call.content) > LARGEST:
            return invalid("Request payload size exceeds the limit: 1572864 bytes.")
        self.predictions += 1
        deployed = endpoint.pick()
        if deployed is None:
            return precondition(f"The Endpoint {endpoint.name} has no deployed model with traffic.")
        address = deployed.container.address if deployed.container else None
        if address is None:
            return refused("UNAVAILABLE", "The model server does not answer.")
        route = deployed.route("predictRoute", endpoint.id)
        kind = call.headers.get("Content-Type") or "application/json"
        headers = {
            "X-Vertex-AI-Endpoint-Id": endpoint.id,
            "X-Vertex-AI-Deployed-Model-Id": deployed.id,
        }
        return Reply(200, Onward(address, route, call.content, kind, headers))
