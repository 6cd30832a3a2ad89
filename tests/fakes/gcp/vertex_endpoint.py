"""An endpoint of a fake Vertex AI, and the models that are deployed to it."""

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from tests.fakes.containers import Container, Containers
from tests.fakes.gcp.operations import moment
from tests.fakes.gcp.secrets import Secrets
from tests.fakes.gcp.tokens import NUMBER

DEFAULT_PORT = 8080
_REFERENCE = re.compile(r"\$\((\w+)\)")
#: A version of a secret, in a document that may be within another one.
_SECRET = re.compile(r"projects/[^/\"\\]+/secrets/[^/\"\\]+/versions/[^/\"\\]+")


@dataclass
class Deployed:
    """A model deployed to an endpoint: a version of a model, and the container that runs it."""

    id: str
    document: dict[str, Any]
    spec: Mapping[str, Any]
    container: Container | None = None

    @property
    def model(self) -> str:
        """The name of the model, without a version."""
        return str(self.document["model"])

    @property
    def version(self) -> str:
        """The version of the model."""
        return str(self.document["modelVersionId"])

    @property
    def release(self) -> str | None:
        """The release of ours that it runs."""
        return variables(self.spec).get("LLMOPS_RELEASE")

    @property
    def port(self) -> int:
        """Where its container has to listen."""
        ports = self.spec.get("ports") or [{}]
        return int(ports[0].get("containerPort", DEFAULT_PORT))

    def route(self, kind: str, endpoint: str) -> str:
        """Return the path of the container for predictions, or for the question how it is."""
        plain = f"/v1/endpoints/{endpoint}/deployedModels/{self.id}"
        standing = {"predictRoute": f"{plain}:predict", "healthRoute": plain}
        return str(self.spec.get(kind) or standing[kind])

    def start(
        self, containers: Containers, secrets: Secrets, platform: Mapping[str, str], endpoint: str
    ) -> None:
        """Start its container, with what Vertex AI tells it."""
        own = variables(self.spec)
        machine = self.document["dedicatedResources"]["machineSpec"]
        told = {
            "AIP_HTTP_PORT": str(self.port),
            "AIP_HEALTH_ROUTE": self.route("healthRoute", endpoint),
            "AIP_PREDICT_ROUTE": self.route("predictRoute", endpoint),
            "AIP_MODE": "PREDICTION",
            "AIP_FRAMEWORK": "CUSTOM_CONTAINER",
            "AIP_PROJECT_NUMBER": NUMBER,
            "AIP_ENDPOINT_ID": endpoint,
            "AIP_DEPLOYED_MODEL_ID": self.id,
            "AIP_VERSION_NAME": self.id,
            "AIP_MACHINE_TYPE": str(machine.get("machineType", "")),
        }
        # What is read of secrets at the start is no part of the environment: processes are shared
        # between tests only where the secrets were the same too.
        values = [secrets.value(one) for one in _SECRET.findall(json.dumps(own))]
        seen = {"FAKE_SECRETS": sha256(json.dumps(values).encode()).hexdigest()} if values else {}
        environment = {**own, **told, **platform, **seen}
        image, health = self.spec["imageUri"], self.route("healthRoute", endpoint)
        self.container = containers.start(image, environment, self.port, health=health)

    def stop(self) -> None:
        """Stop its container."""
        if self.container is not None:
            self.container.stop()


@dataclass
class Endpoint:
    """An endpoint. ``split`` is percent of the traffic by deployed model."""

    name: str
    document: dict[str, Any]
    deployed: dict[str, Deployed] = field(default_factory=dict)
    split: dict[str, int] = field(default_factory=dict)
    #: What the split was before the last change, for as long as not everybody knows of that.
    before: dict[str, int] = field(default_factory=dict)
    unaware: int = 0
    edition: int = 1
    created: str = field(default_factory=moment)
    updated: str = field(default_factory=moment)
    asked: int = 0

    @property
    def id(self) -> str:
        """The last part of its name."""
        return self.name.rpartition("/")[2]

    @property
    def etag(self) -> str:
        """What changes with it."""
        return f"AMEw9yO{self.edition:06}"

    def shown(self) -> dict[str, Any]:
        """Return it as Google shows it."""
        shown = {
            **copy.deepcopy(self.document),
            "name": self.name,
            "etag": self.etag,
            "createTime": self.created,
            "updateTime": self.updated,
        }
        if self.deployed:
            shown["deployedModels"] = [
                copy.deepcopy(one.document) for one in self.deployed.values()
            ]
        if self.split:
            shown["trafficSplit"] = {id: share for id, share in self.split.items() if share}
        return shown

    def give(self, split: Mapping[str, int], *, lag: int = 0) -> None:
        """Share the traffic so; the first ``lag`` requests go where they went before."""
        self.before, self.unaware = dict(self.split), lag
        self.split = {id: share for id, share in split.items() if share}
        self.changed()

    def changed(self) -> None:
        """Note that it was changed."""
        self.edition += 1
        self.updated = moment()

    def pick(self) -> Deployed | None:
        """Return who gets the next request: spread evenly, and the same in every run."""
        split = self.split
        if self.unaware > 0:
            self.unaware -= 1
            split = self.before
        self.asked += 1
        place = self.asked * 0.6180339887498949 % 1 * 100
        for id, share in sorted(split.items()):
            if place < share:
                return self.deployed.get(id)
            place -= share
        return None


def variables(spec: Mapping[str, Any]) -> dict[str, str]:
    """Return the environment of a container; what refers to an earlier variable is resolved."""
    found: dict[str, str] = {}
    for one in spec.get("env", []):
        found[one["name"]] = _REFERENCE.sub(
            lambda match: found.get(match[1], match[0]), one.get("value", "")
        )
    return found
