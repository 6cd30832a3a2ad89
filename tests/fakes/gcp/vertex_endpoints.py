"""What a fake Vertex AI answers about endpoints and what is deployed to them."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.call import Call, Handler, Reply
from tests.fakes.gcp.answers import (
    aborted,
    invalid,
    not_found,
    out_of_quota,
    precondition,
    refused,
)
from tests.fakes.gcp.operations import EMPTY, Failure, generic, moment
from tests.fakes.gcp.pages import page
from tests.fakes.gcp.vertex_endpoint import Deployed, Endpoint

if TYPE_CHECKING:
    from tests.fakes.gcp.vertex import Vertex

_TYPE = "type.googleapis.com/google.cloud.aiplatform.v1."
STAGES = (
    "STARTING_DEPLOYMENT",
    "CREATING_SERVING_CLUSTER",
    "ADDING_NODES_TO_CLUSTER",
    "GETTING_CONTAINER_IMAGE",
    "STARTING_MODEL_SERVER",
    "FINISHING_UP",
)
NOT_READY = (
    "Model server never became ready. Please validate that your model file or container "
    "configuration are valid. Model server logs can be found at "
    "https://console.cloud.google.com/logs/viewer?project=demo-project&resource=aiplatform."
    "googleapis.com%2FEndpoint"
)
_CHANGEABLE = ("trafficSplit", "displayName", "labels", "description")


@dataclass
class Endpoints:
    """All endpoints of the region, by id."""

    vertex: "Vertex"
    kept: dict[str, Endpoint] = field(default_factory=dict)

    def handlers(self) -> Mapping[str, Handler]:
        """Return what answers, by the names of the calls."""
        of_endpoint: Mapping[str, Handler] = {
            "CreateEndpoint": self._create,
            "ListEndpoints": self._list,
            "GetEndpoint": self._of(lambda endpoint, call: Reply(200, endpoint.shown())),
            "UpdateEndpoint": self._of(self._update),
            "DeleteEndpoint": self._of(self._delete),
            "DeployModel": self._of(self._deploy),
            "UndeployModel": self._of(self._undeploy),
        }
        return {f"EndpointService.{name}": each for name, each in of_endpoint.items()}

    def make(self, id: str, name: str, document: Mapping[str, Any]) -> Endpoint:
        """Make an endpoint, as Terraform does."""
        self.kept[id] = Endpoint(name, copy.deepcopy(dict(document)))
        return self.kept[id]

    def _create(self, call: Call) -> Reply:
        id = call.query.get("endpointId") or self.vertex.number()
        if id in self.kept:
            return refused("ALREADY_EXISTS", f"The Endpoint {id} already exists.")
        if call.body.get("trafficSplit"):
            return invalid("A new Endpoint has no DeployedModels to split traffic between.")
        name = f"{self.vertex.real(call.parameters['parent'])}/endpoints/{id}"

        def done() -> dict[str, Any]:
            return {"@type": f"{_TYPE}Endpoint", **self.make(id, name, call.body).shown()}

        metadata = generic("CreateEndpointOperationMetadata")
        return self.vertex.start("CreateEndpoint", name, metadata, done)

    def _list(self, call: Call) -> Reply:
        rule = call.query.get("filter", "")
        found = [
            one.shown()
            for one in self.kept.values()
            if not rule or f'"{one.document["displayName"]}"' in rule or one.id in rule
        ]
        return page(call, "endpoints", found)

    def _update(self, endpoint: Endpoint, call: Call) -> Reply:
        if call.body.get("etag") and call.body["etag"] != endpoint.etag:
            return aborted(f"The etag does not match that of the Endpoint {endpoint.name}.")
        places = call.query.get("updateMask", "").split(",")
        if wrong := [one for one in places if one not in _CHANGEABLE]:
            return invalid(f"Field {wrong[0]} cannot be updated.")
        if "trafficSplit" in places:
            split = call.body.get("trafficSplit", {})
            if trouble := _trouble(split, set(endpoint.deployed)):
                return trouble
            endpoint.give(split, lag=self.vertex.lag)
        for place in places:
            if place != "trafficSplit":
                endpoint.document[place] = call.body.get(place, {} if place == "labels" else "")
        endpoint.changed()
        return Reply(200, endpoint.shown())

    def _delete(self, endpoint: Endpoint, call: Call) -> Reply:
        if endpoint.deployed:
            return precondition(f"The Endpoint {endpoint.name} has deployed models.")

        def done() -> dict[str, Any]:
            self.kept.pop(endpoint.id, None)
            return EMPTY

        metadata = generic("DeleteOperationMetadata")
        return self.vertex.start("DeleteEndpoint", endpoint.name, metadata, done)

    def _deploy(self, endpoint: Endpoint, call: Call) -> Reply:
        wanted = call.body["deployedModel"]
        found = self.vertex.models.found(wanted.get("model", ""))
        if found is None:
            return not_found(f"The Model {wanted.get('model')}")
        split = call.body.get("trafficSplit", {})
        if split and (trouble := _trouble(split, {*endpoint.deployed, "0"})):
            return trouble
        if "dedicatedResources" not in wanted:
            return invalid("Custom containers need `dedicated_resources`.")
        id = wanted.get("id") or self.vertex.number()[-10:]
        if id in endpoint.deployed:
            return refused("ALREADY_EXISTS", f"The DeployedModel {id} already exists.")
        if trouble := self._beyond_quota(wanted):
            return trouble
        deployed = Deployed(id, _shown(wanted, id, found[1]), found[1]["containerSpec"])
        return self._begin(endpoint, deployed, split)

    def _begin(self, endpoint: Endpoint, deployed: Deployed, split: Mapping[str, int]) -> Reply:
        looks = [0]

        def done() -> dict[str, Any] | Failure | None:
            looks[0] += 1
            if deployed.container is None:
                self.vertex.run(deployed, endpoint)
            assert deployed.container is not None
            if not deployed.container.is_ready:
                if deployed.container.address is not None or looks[0] <= self.vertex.patience:
                    return None
                self.vertex.log(endpoint, deployed)
                deployed.stop()
                return Failure("FAILED_PRECONDITION", NOT_READY)
            endpoint.deployed[deployed.id] = deployed
            if split:
                # As it was wanted when the deployment began, whatever has been changed since.
                real = {deployed.id if id == "0" else id: share for id, share in split.items()}
                endpoint.give(real, lag=self.vertex.lag)
            endpoint.changed()
            return {"@type": f"{_TYPE}DeployModelResponse", "deployedModel": deployed.document}

        metadata = generic("DeployModelOperationMetadata")
        return self.vertex.start("DeployModel", endpoint.name, metadata, done, stages=STAGES)

    def _beyond_quota(self, wanted: Mapping[str, Any]) -> Reply | None:
        machine = wanted["dedicatedResources"]["machineSpec"].get("machineType", "")
        limit = self.vertex.quota.get(machine)
        if limit is None:
            return None
        used = sum(
            one.document["dedicatedResources"].get("minReplicaCount", 1)
            for endpoint in self.kept.values()
            for one in endpoint.deployed.values()
            if one.document["dedicatedResources"]["machineSpec"].get("machineType") == machine
        )
        if used + wanted["dedicatedResources"].get("minReplicaCount", 1) <= limit:
            return None
        family = machine.partition("-")[0]
        return out_of_quota(f"aiplatform.googleapis.com/custom_model_serving_{family}_cpus")

    def _undeploy(self, endpoint: Endpoint, call: Call) -> Reply:
        id = call.body["deployedModelId"]
        if id not in endpoint.deployed:
            return not_found(f"The DeployedModel {id} of the Endpoint {endpoint.name}")
        split = call.body.get("trafficSplit", {})
        after = split or endpoint.split
        if after.get(id) and len(endpoint.deployed) > 1:
            return precondition(f"The DeployedModel {id} has traffic and cannot be undeployed.")
        if split and (trouble := _trouble(split, set(endpoint.deployed))):
            return trouble

        def done() -> dict[str, Any] | Failure:
            if endpoint.split.get(id) and len(endpoint.deployed) > 1 and not split:
                return Failure("FAILED_PRECONDITION", f"The DeployedModel {id} has traffic.")
            gone = endpoint.deployed.pop(id, None)
            if gone is not None:
                gone.stop()
            if split or id in endpoint.split:
                endpoint.give(split or {k: v for k, v in endpoint.split.items() if k != id})
            endpoint.changed()
            return {"@type": f"{_TYPE}UndeployModelResponse"}

        metadata = generic("UndeployModelOperationMetadata")
        return self.vertex.start("UndeployModel", endpoint.name, metadata, done)

    def _of(self, handler: Callable[[Endpoint, Call], Reply]) -> Handler:
        def answered(call: Call) -> Reply:
            name = call.parameters.get("name") or call.parameters.get("endpoint") or ""
            endpoint = self.kept.get(name.rpartition("/")[2])
            return handler(endpoint, call) if endpoint else not_found(f"The Endpoint {name}")

        return answered


def _trouble(split: Mapping[str, int], known: set[str]) -> Reply | None:
    if unknown := sorted(set(split) - known):
        return invalid(f"The traffic_split names {unknown[0]}, which is no DeployedModel.")
    if split and sum(split.values()) != 100:
        return invalid("Traffic split percentages must add up to 100.")
    if any(not 0 <= share <= 100 for share in split.values()):
        return invalid("Traffic split percentages are between 0 and 100.")
    return None


def _shown(wanted: Mapping[str, Any], id: str, version: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "displayName": version["displayName"],
        **copy.deepcopy(dict(wanted)),
        "id": id,
        "model": version["name"],
        "modelVersionId": version["versionId"],
        "createTime": moment(),
    }
