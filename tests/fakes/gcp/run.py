"""A fake Cloud Run: services, their revisions, and who may call them."""

import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.call import Call, Handler, Reply
from tests.fakes.gcp.answers import aborted, invalid, not_found, precondition, refused
from tests.fakes.gcp.operations import Done, Failure
from tests.fakes.gcp.pages import page
from tests.fakes.gcp.run_revision import Revision
from tests.fakes.gcp.run_service import LATEST, TYPE, Service, Share
from tests.fakes.gcp.tokens import PROJECT
from tests.fakes.gcp.vertex import Script

if TYPE_CHECKING:
    from tests.fakes.gcp.cloud import GcpCloud

NAME = "demo"
_NAME = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_MOST = 63
_REVISION_TYPE = "type.googleapis.com/google.cloud.run.v2.Revision"
PLACEHOLDER = "us-docker.pkg.dev/cloudrun/container/hello@sha256:" + "0" * 64


@dataclass
class Run:
    """Cloud Run in one region.

    ``steps`` is how long operations take, ``patience`` how many looks a revision has that does not
    get ready; ``lag`` is how many requests go the old way after the traffic was moved.
    """

    cloud: "GcpCloud"
    steps: int = 1
    patience: int = 2
    lag: int = 0
    services: dict[str, Service] = field(default_factory=dict)
    _scripts: list[Script] = field(default_factory=list)

    def handlers(self) -> Mapping[str, Handler]:
        """Return what answers, by the names of the calls."""
        return {
            "Services.CreateService": self._create,
            "Services.ListServices": lambda call: page(
                call, "services", [one.shown() for one in self.services.values()]
            ),
            "Services.GetService": self._of(lambda one, call: Reply(200, one.shown())),
            "Services.UpdateService": self._update,
            "Services.DeleteService": self._of(self._delete),
            "Services.GetIamPolicy": self._of(lambda one, call: Reply(200, _policy(one))),
            "Services.SetIamPolicy": self._of(self._set_policy),
            "Services.TestIamPermissions": lambda call: Reply(200, dict(call.body)),
            "Revisions.GetRevision": self._of_revision(
                lambda service, one, call: Reply(
                    200, one.document(has_traffic=service.has_traffic(one.last))
                )
            ),
            "Revisions.ListRevisions": self._of(self._list_revisions),
            "Revisions.DeleteRevision": self._of_revision(self._delete_revision),
        }

    @property
    def service(self) -> Service | None:
        """The service of the project, if there is one."""
        return self.services.get(NAME)

    @property
    def serving(self) -> str | None:
        """The release that has all the traffic; None where it is shared, or nobody's."""
        shares = [one for one in self.service.shares if one.percent] if self.service else []
        found = {one.revision for one in shares}
        if len(found) != 1 or self.service is None:
            return None
        revision = self.service.revisions.get(found.pop())
        return revision.release if revision and revision.is_ready else None

    def placeholder(self) -> Service:
        """Make the service as Terraform does: something that answers, and is nobody's release."""
        name = f"projects/{PROJECT}/locations/{self.cloud.location}/services/{NAME}"
        template = {"containers": [{"image": PLACEHOLDER}], "scaling": {"maxInstanceCount": 1}}
        service = Service(self, name, {"template": template, "name": name})
        revision = Revision(f"{name}/revisions/{NAME}-00001-abc", template, is_ready=True)
        service.add(revision)
        service.generation = service.observed = service.edition = 1
        service.latest = service.latest_ready = revision.last
        service.shares = [Share(revision.last, 100, "", LATEST, "")]
        service.policy = open_to_all()
        self.services[NAME] = service
        return service

    def next(
        self, kind: str, failure: Failure | None = None, *, steps: int | None = 1, times: int = 1
    ) -> None:
        """Let the next operations of a kind, such as "UpdateService", go so; None: never end."""
        self._scripts.append(Script(kind, failure, steps, times))

    def log(self, revision: Revision) -> None:
        """Write into Cloud Logging what a container wrote."""
        service = revision.name.partition("/revisions/")[0].rpartition("/")[2]
        labels = {
            "service_name": service,
            "revision_name": revision.last,
            "location": self.cloud.location,
        }
        for line in (revision.container.log if revision.container else "").splitlines():
            self.cloud.logging.write(line, kind="cloud_run_revision", labels=labels)

    def seeded(self) -> dict[str, Any]:
        """Return all that there is of the service, for another test to begin with."""
        service = self.service
        assert service is not None
        plain = {
            key: copy.deepcopy(getattr(service, key))
            for key in ("wanted", "generation", "observed", "edition", "latest", "latest_ready")
        }
        revisions = [
            (one.name, copy.deepcopy(one.template), one.created)
            for one in service.revisions.values()
        ]
        shares, policy = list(service.shares), copy.deepcopy(service.policy)
        return {"plain": plain, "revisions": revisions, "shares": shares, "policy": policy}

    def seed(self, state: Mapping[str, Any]) -> None:
        """Begin with what another one had; containers are started."""
        wanted = copy.deepcopy(state["plain"]["wanted"])
        service = Service(self, wanted["name"], wanted)
        for key, value in state["plain"].items():
            setattr(service, key, copy.deepcopy(value))
        for name, template, created in state["revisions"]:
            revision = Revision(name, copy.deepcopy(template), created, is_ready=True)
            service.add(revision)
            if revision.release:
                service.start(revision)
        service.shares = [service._share(_asked(one)) for one in state["shares"]]
        service.policy = copy.deepcopy(state["policy"])
        self.services[NAME] = service

    def _create(self, call: Call) -> Reply:
        id = call.query.get("serviceId", "")
        if not _NAME.fullmatch(id) or len(id) > 49:
            return invalid(f"The service ID {id!r} is invalid.")
        if id in self.services:
            return refused("ALREADY_EXISTS", f"Resource '{id}' already exists.")
        name = f"{call.parameters['parent']}/services/{id}"
        service = Service(self, name, {"template": {}, "name": name})
        return self._changed(service, call.body, call, "CreateService")

    def _update(self, call: Call) -> Reply:
        name = call.parameters.get("name", "")
        service = self.services.get(name.rpartition("/")[2])
        if service is None:
            if call.query.get("allowMissing") != "true":
                return not_found(f"Resource '{name.rpartition('/')[2]}'")
            service = Service(self, name, {"template": {}, "name": name})
            return self._changed(service, call.body, call, "CreateService")
        etag = call.body.get("etag")
        if etag and etag != service.etag:
            said = f"Conflict for resource '{service.id}': version '{etag}' was specified but "
            return aborted(said + f"current version is '{service.etag}'.")
        wanted = _merged(service.wanted, call.body, call.query.get("updateMask", ""))
        return self._changed(service, wanted, call, "UpdateService")

    def _changed(self, service: Service, wanted: Mapping[str, Any], call: Call, kind: str) -> Reply:
        if trouble := _trouble(service, wanted):
            return trouble
        if call.query.get("validateOnly") == "true":
            shown = {**copy.deepcopy(dict(wanted)), "name": service.name}
            shown.pop("etag", None)
            return self._begin(kind, service, lambda: {"@type": TYPE, **shown}, steps=0)
        self.services[service.id] = service
        service.change(wanted, _revision_name(service, wanted))
        generation = service.generation

        def done() -> dict[str, Any] | Failure | None:
            if service.generation != generation and service.is_busy:
                # A newer change has taken its place.
                return Failure("ABORTED", "The operation was superseded by a newer one.")
            if not service.is_busy:
                return {"@type": TYPE, **service.shown()}
            return service.settle()

        return self._begin(kind, service, done)

    def _begin(self, kind: str, service: Service, done: Done, *, steps: int = -1) -> Reply:
        script = next((one for one in self._scripts if one.kind == kind and one.times), None)
        length: int | None = self.steps if steps < 0 else steps
        failure = None
        if script is not None:
            script.times -= 1
            length, failure = script.steps, script.failure
        metadata = {"@type": TYPE, **service.shown()} if service.latest else {"@type": TYPE}
        parent = service.name.partition("/services/")[0]
        end = done if failure is None else lambda: service.fail(failure)
        return self.cloud.operations.start(parent, metadata, end, steps=length, is_numbered=False)

    def _delete(self, service: Service, call: Call) -> Reply:
        def done() -> dict[str, Any]:
            gone = self.services.pop(service.id, service)
            for one in gone.revisions.values():
                one.stop()
            return {"@type": TYPE, **gone.shown()}

        return self._begin("DeleteService", service, done)

    def _list_revisions(self, service: Service, call: Call) -> Reply:
        newest = sorted(service.revisions.values(), key=lambda one: one.created, reverse=True)
        shown = [one.document(has_traffic=service.has_traffic(one.last)) for one in newest]
        return page(call, "revisions", shown)

    def _delete_revision(self, service: Service, revision: Revision, call: Call) -> Reply:
        if service.has_traffic(revision.last):
            return precondition(f"Revision {revision.last} is serving traffic or has a tag.")
        if service.latest == revision.last:
            return precondition(f"Revision {revision.last} is the latest of its service.")

        def done() -> dict[str, Any]:
            service.revisions.pop(revision.last, None)
            revision.stop()
            shown = revision.document(has_traffic=False)
            return {"@type": _REVISION_TYPE, **shown}

        return self._begin("DeleteRevision", service, done)

    def _set_policy(self, service: Service, call: Call) -> Reply:
        wanted = call.body["policy"]
        if wanted.get("etag") and wanted["etag"] != _policy(service)["etag"]:
            return aborted("There were concurrent policy changes.")
        service.policy = copy.deepcopy(wanted)
        service.policy["etag"] = "BwX" + str(len(str(wanted)) % 10) + "="
        return Reply(200, _policy(service))

    def _of(self, handler: Callable[[Service, Call], Reply]) -> Handler:
        def answered(call: Call) -> Reply:
            whole = next(
                call.parameters[key]
                for key in ("name", "resource", "parent")
                if key in call.parameters
            )
            id = whole.rpartition("/")[2]
            service = self.services.get(id)
            return handler(service, call) if service else not_found(f"Resource '{id}'")

        return answered

    def _of_revision(self, handler: Callable[[Service, Revision, Call], Reply]) -> Handler:
        def answered(call: Call) -> Reply:
            whole, _, name = call.parameters["name"].partition("/revisions/")
            service = self.services.get(whole.rpartition("/")[2])
            revision = service.revisions.get(name) if service else None
            if service is None or revision is None:
                return not_found(f"Resource '{name}'")
            revision.look(self.patience)
            return handler(service, revision, call)

        return answered


def open_to_all() -> dict[str, Any]:
    """Return a policy that lets in anybody."""
    binding = {"role": "roles/run.invoker", "members": ["allUsers"]}
    return {"version": 1, "etag": "BwX0=", "bindings": [binding]}


def _policy(service: Service) -> dict[str, Any]:
    return {"version": 1, "etag": "ACAB", **service.policy}


def _asked(share: Share) -> dict[str, Any]:
    told = {"type": share.kind, "percent": share.percent, "tag": share.tag}
    return {**told, "revision": share.revision}


def _merged(old: Mapping[str, Any], new: Mapping[str, Any], mask: str) -> dict[str, Any]:
    """Return the document after a change; without a mask, everything that can be is replaced."""
    if not mask or mask == "*":
        return {key: one for key, one in new.items() if key != "etag"}
    merged = copy.deepcopy(dict(old))
    for place in mask.split(","):
        at, source = merged, new
        *way, last = place.split(".")
        for part in way:
            at = at.setdefault(part, {})
            source = source.get(part, {})
        if last in source:
            at[last] = copy.deepcopy(source[last])
        else:
            at.pop(last, None)
    return merged


def _trouble(service: Service, wanted: Mapping[str, Any]) -> Reply | None:
    template = wanted.get("template") or {}
    if not template.get("containers"):
        return invalid("template.containers: must have at least one container.")
    name = template.get("revision", "")
    if name and not name.startswith(f"{service.id}-"):
        return invalid(f"template.revision: must be prefixed by {service.id}-.")
    if name and (not _NAME.fullmatch(name) or len(name) > _MOST):
        return invalid(f"template.revision: {name} is no valid name.")
    if name in service.revisions and not _is_same(service.revisions[name].template, template):
        said = f"Revision named '{name}' with different configuration already exists."
        return refused("ALREADY_EXISTS", said)
    names = [one["name"] for one in template["containers"][0].get("env", [])]
    if len(names) != len(set(names)):
        return invalid("template.containers[0].env: names must be unique.")
    if taken := {"PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION"} & set(names):
        return invalid(f"The following reserved env names were provided: {sorted(taken)[0]}.")
    return _traffic_trouble(wanted.get("traffic") or [])


def _traffic_trouble(traffic: list[dict[str, Any]]) -> Reply | None:
    if traffic and sum(one.get("percent", 0) for one in traffic) != 100:
        return invalid("traffic: percentages must add up to 100.")
    tags = [one["tag"] for one in traffic if one.get("tag")]
    if len(tags) != len(set(tags)):
        return invalid("traffic: tags must be unique.")
    if wrong := [tag for tag in tags if not _NAME.fullmatch(tag) or len(tag) > 46]:
        return invalid(f"traffic.tag: {wrong[0]} is no valid tag.")
    for one in traffic:
        if one.get("type", "") != LATEST and not one.get("revision"):
            return invalid("traffic.revision: is missing.")
    return None


def _is_same(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return {**old, "revision": ""} == {**new, "revision": ""}


def _revision_name(service: Service, wanted: Mapping[str, Any]) -> str:
    template = wanted["template"]
    if template.get("revision"):
        return str(template["revision"])
    if service.latest and _is_same(service.revisions[service.latest].template, template):
        return service.latest
    return f"{service.id}-{len(service.revisions) + 1:05}-x{service.generation}y"
