"""Models of a fake Vertex AI: versions with aliases, of images that are taken in at the upload."""

import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.call import Call, Handler, Reply
from tests.fakes.gcp.answers import invalid, not_found, precondition
from tests.fakes.gcp.operations import EMPTY, Failure, generic, moment
from tests.fakes.gcp.pages import page

if TYPE_CHECKING:
    from tests.fakes.gcp.vertex import Vertex

_ALIAS = re.compile(r"[a-z][a-zA-Z0-9-]{0,126}[a-z0-9]")
_TYPE = "type.googleapis.com/google.cloud.aiplatform.v1."
_MOST_VARIABLES = 200


@dataclass
class Model:
    """A model with its versions by their ids, the oldest first."""

    name: str
    versions: dict[str, dict[str, Any]] = field(default_factory=dict)
    uploads: int = 0

    def version(self, wanted: str) -> dict[str, Any] | None:
        """Return a version by its id or one of its aliases; the default one for no name."""
        if wanted in self.versions:
            return self.versions[wanted]
        for one in self.versions.values():
            if (wanted or "default") in one["versionAliases"]:
                return one
        return None

    def take_aliases(self, aliases: list[str]) -> None:
        """Take aliases from whoever has them."""
        for one in self.versions.values():
            one["versionAliases"] = [each for each in one["versionAliases"] if each not in aliases]


@dataclass
class Models:
    """All models of the region, by id."""

    vertex: "Vertex"
    kept: dict[str, Model] = field(default_factory=dict)

    def handlers(self) -> Mapping[str, Handler]:
        """Return what answers, by the names of the calls."""
        of_model: Mapping[str, Handler] = {
            "UploadModel": self._upload,
            "ListModels": self._list,
            "GetModel": self._of_version(lambda model, one, call: Reply(200, self.shown(one))),
            "ListModelVersions": self._versions,
            "UpdateModel": self._of_version(self._update),
            "DeleteModel": self._delete,
            "DeleteModelVersion": self._of_version(self._delete_version),
            "MergeVersionAliases": self._of_version(self._merge),
        }
        return {f"ModelService.{name}": each for name, each in of_model.items()}

    def found(self, name: str) -> tuple[Model, dict[str, Any]] | None:
        """Return a model and a version of it by a name such as ``.../models/chat@2``."""
        id, _, wanted = name.rpartition("/")[2].partition("@")
        model = self.kept.get(id)
        version = model.version(wanted) if model else None
        return (model, version) if model and version else None

    def shown(self, version: Mapping[str, Any]) -> dict[str, Any]:
        """Return a version as Google shows it."""
        deployed = [
            {"endpoint": endpoint.name, "deployedModelId": one.id}
            for endpoint in self.vertex.endpoints.kept.values()
            for one in endpoint.deployed.values()
            if (one.model, one.version) == (version["name"], version["versionId"])
        ]
        return {
            **copy.deepcopy(dict(version)),
            **({"deployedModels": deployed} if deployed else {}),
        }

    def _upload(self, call: Call) -> Reply:
        wanted = call.body["model"]
        parent = call.parameters["parent"]
        id = call.body.get("modelId") or call.body.get("parentModel", "").rpartition("/")[2]
        if trouble := _trouble(wanted) or self._id_trouble(call, id):
            return trouble
        id = id or self.vertex.number()
        name = f"{self.vertex.real(parent)}/models/{id}"
        image = wanted["containerSpec"]["imageUri"]
        why = self.vertex.cloud.containers.why_not_pulled(image)
        failure = Failure("NOT_FOUND", f'Image "{image}" not found: {why}') if why else None
        account = call.body.get("serviceAccount", "")

        def done() -> dict[str, Any]:
            made = self._add(name, wanted, account)
            kind = _TYPE + "UploadModelResponse"
            return {"@type": kind, "model": name, "modelVersionId": made["versionId"]}

        metadata = generic("UploadModelOperationMetadata")
        return self.vertex.start("UploadModel", name, metadata, done, failure=failure)

    def _id_trouble(self, call: Call, id: str) -> Reply | None:
        parent = call.body.get("parentModel")
        if parent and id not in self.kept:
            return not_found(f"The Model {parent}")
        if not parent and id in self.kept:
            return precondition(f"The Model {id} already exists; name it as `parent_model`.")
        return None

    def _add(self, name: str, wanted: Mapping[str, Any], account: str) -> dict[str, Any]:
        id = name.rpartition("/")[2]
        model = self.kept.setdefault(id, Model(name))
        model.uploads += 1
        aliases = list(wanted.get("versionAliases", []))
        if not model.versions and "default" not in aliases:
            aliases.append("default")
        model.take_aliases(aliases)
        now = moment()
        version = {
            **copy.deepcopy(dict(wanted)),
            "name": name,
            "versionId": str(model.uploads),
            "versionAliases": aliases,
            **dict.fromkeys(
                ("createTime", "updateTime", "versionCreateTime", "versionUpdateTime"), now
            ),
            "supportedDeploymentResourcesTypes": ["DEDICATED_RESOURCES"],
            "supportedInputStorageFormats": ["jsonl"],
            "supportedOutputStorageFormats": ["jsonl"],
            "etag": f"AMEw9yN{model.uploads:04}",
            "modelSourceInfo": {"sourceType": "CUSTOM"},
        }
        assert account is not None
        model.versions[str(model.uploads)] = version
        return version

    def _list(self, call: Call) -> Reply:
        found = [self.shown(one) for model in self.kept.values() if (one := model.version(""))]
        return page(call, "models", found)

    def _versions(self, call: Call) -> Reply:
        model = self.kept.get(call.parameters["name"].rpartition("/")[2].partition("@")[0])
        if model is None:
            return not_found(f"The Model {call.parameters['name']}")
        found = [self.shown(one) for one in reversed(model.versions.values())]
        return page(call, "models", found)

    def _update(self, model: Model, version: dict[str, Any], call: Call) -> Reply:
        for place in call.query["updateMask"].split(","):
            if place not in ("labels", "description", "displayName", "versionDescription"):
                return invalid(f"Field {place} cannot be updated.")
            version[place] = call.body.get(place, {} if place == "labels" else "")
        return Reply(200, self.shown(version))

    def _merge(self, model: Model, version: dict[str, Any], call: Call) -> Reply:
        wanted = call.body["versionAliases"]
        added = [one for one in wanted if not one.startswith("-")]
        if wrong := [one for one in added if not _ALIAS.fullmatch(one)]:
            return invalid(f"Invalid version alias: {wrong[0]}")
        if "-default" in wanted:
            return precondition("The alias `default` cannot be removed, only given to another one.")
        model.take_aliases(added)
        removed = {one[1:] for one in wanted if one.startswith("-")}
        kept = [one for one in version["versionAliases"] if one not in removed]
        version["versionAliases"] = [*kept, *added]
        return Reply(200, self.shown(version))

    def _delete(self, call: Call) -> Reply:
        id = call.parameters["name"].rpartition("/")[2]
        model = self.kept.get(id)
        if model is None:
            return not_found(f"The Model {call.parameters['name']}")
        if any(self.shown(one).get("deployedModels") for one in model.versions.values()):
            return precondition(f"The Model {id} is deployed to an Endpoint.")

        def done() -> dict[str, Any]:
            self.kept.pop(id, None)
            return EMPTY

        metadata = generic("DeleteOperationMetadata")
        return self.vertex.start("DeleteModel", model.name, metadata, done)

    def _delete_version(self, model: Model, version: dict[str, Any], call: Call) -> Reply:
        if "@" not in call.parameters["name"]:
            return invalid("The name has no version.")
        if self.shown(version).get("deployedModels"):
            return precondition(f"The Model version {version['versionId']} is deployed.")
        if "default" in version["versionAliases"]:
            return precondition("The default version of a Model cannot be deleted.")

        def done() -> dict[str, Any]:
            model.versions.pop(version["versionId"], None)
            return EMPTY

        metadata = generic("DeleteOperationMetadata")
        return self.vertex.start("DeleteModelVersion", model.name, metadata, done)

    def _of_version(self, handler: Callable[[Model, dict[str, Any], Call], Reply]) -> Handler:
        def answered(call: Call) -> Reply:
            name = call.parameters.get("name") or call.parameters.get("model") or ""
            found = self.found(name)
            return handler(*found, call) if found else not_found(f"The Model {name}")

        return answered


def _trouble(wanted: Mapping[str, Any]) -> Reply | None:
    spec = wanted.get("containerSpec")
    if spec is None:
        return invalid("Model.container_spec is required for custom containers.")
    if len(spec.get("env", [])) > _MOST_VARIABLES:
        return invalid(f"More than {_MOST_VARIABLES} environment variables.")
    if any(one["name"].startswith("AIP_") for one in spec.get("env", [])):
        return invalid("Environment variables that begin with AIP_ are reserved.")
    if spec.get("predictRoute") and spec.get("invokeRoutePrefix"):
        return invalid("predict_route and invoke_route_prefix exclude each other.")
    if spec.get("invokeRoutePrefix"):
        return invalid("invoke_route_prefix is not supported.")
    for alias in wanted.get("versionAliases", []):
        if not _ALIAS.fullmatch(alias):
            return invalid(f"Invalid version alias: {alias}")
    return None
