"""The calls of Google's clients by gRPC: their messages, and the requests of HTTP that they are."""

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: Whether the answer is the operation that a call began.
_LONG = "google.longrunning.Operation"


@dataclass(frozen=True)
class Service:
    """A service of a package. ``calls`` maps names to the types of their answers."""

    package: str
    module: str
    name: str
    document: str
    calls: Mapping[str, str]

    @property
    def full_name(self) -> str:
        """As in the path of a call."""
        return f"{self.package.replace('_v', '.v')}.{self.name}"


@dataclass(frozen=True)
class Rpc:
    """One call. ``http`` are Google's own rules of how it is written as a request of HTTP."""

    service: str
    name: str
    document: str
    request: Any
    response: Any
    http: Sequence[Mapping[str, str]]

    @property
    def operation(self) -> str:
        """Its name for tests."""
        return f"{self.service.rpartition('.')[2]}.{self.name}"


SERVICES = (
    Service(
        "google.cloud.aiplatform_v1",
        "endpoint_service",
        "EndpointService",
        "aiplatform.v1",
        {
            "CreateEndpoint": _LONG,
            "GetEndpoint": "Endpoint",
            "ListEndpoints": "ListEndpointsResponse",
            "UpdateEndpoint": "Endpoint",
            "DeleteEndpoint": _LONG,
            "DeployModel": _LONG,
            "UndeployModel": _LONG,
            "MutateDeployedModel": _LONG,
        },
    ),
    Service(
        "google.cloud.aiplatform_v1",
        "model_service",
        "ModelService",
        "aiplatform.v1",
        {
            "UploadModel": _LONG,
            "GetModel": "Model",
            "ListModels": "ListModelsResponse",
            "ListModelVersions": "ListModelVersionsResponse",
            "UpdateModel": "Model",
            "DeleteModel": _LONG,
            "DeleteModelVersion": _LONG,
            "MergeVersionAliases": "Model",
        },
    ),
    Service(
        "google.cloud.run_v2",
        "services",
        "Services",
        "run.v2",
        {
            "CreateService": _LONG,
            "GetService": "Service",
            "ListServices": "ListServicesResponse",
            "UpdateService": _LONG,
            "DeleteService": _LONG,
            "GetIamPolicy": "google.iam.v1.policy_pb2.Policy",
            "SetIamPolicy": "google.iam.v1.policy_pb2.Policy",
            "TestIamPermissions": "google.iam.v1.iam_policy_pb2.TestIamPermissionsResponse",
        },
    ),
    Service(
        "google.cloud.run_v2",
        "revisions",
        "Revisions",
        "run.v2",
        {
            "GetRevision": "Revision",
            "ListRevisions": "ListRevisionsResponse",
            "DeleteRevision": _LONG,
        },
    ),
    Service(
        "google.cloud.secretmanager_v1",
        "secret_manager_service",
        "SecretManagerService",
        "secretmanager.v1",
        {
            "CreateSecret": "Secret",
            "GetSecret": "Secret",
            "ListSecrets": "ListSecretsResponse",
            "UpdateSecret": "Secret",
            "DeleteSecret": "google.protobuf.empty_pb2.Empty",
            "AddSecretVersion": "SecretVersion",
            "GetSecretVersion": "SecretVersion",
            "ListSecretVersions": "ListSecretVersionsResponse",
            "AccessSecretVersion": "AccessSecretVersionResponse",
            "EnableSecretVersion": "SecretVersion",
            "DisableSecretVersion": "SecretVersion",
            "DestroySecretVersion": "SecretVersion",
            "SetIamPolicy": "google.iam.v1.policy_pb2.Policy",
            "TestIamPermissions": "google.iam.v1.iam_policy_pb2.TestIamPermissionsResponse",
        },
    ),
)
_OPERATIONS = {
    "GetOperation": ("get", "", "Operation"),
    "ListOperations": ("get", "/operations", "ListOperationsResponse"),
    "CancelOperation": ("post", ":cancel", None),
    "DeleteOperation": ("delete", "", None),
    "WaitOperation": ("post", ":wait", "Operation"),
}


def every() -> Iterator[Rpc]:
    """Yield every call that the fake knows. Loads the packages."""
    for service in SERVICES:
        yield from _of(service)
    from google.longrunning import operations_pb2
    from google.protobuf import empty_pb2

    for name, (verb, end, answer) in _OPERATIONS.items():
        # Where it is asked is in the name of the operation: see `rest_of`.
        rule = {"method": verb, "uri": "{name=**}" + end}
        rule |= {"body": "*"} if verb == "post" else {}
        response = getattr(operations_pb2, answer) if answer else empty_pb2.Empty
        request = getattr(operations_pb2, f"{name}Request")
        yield Rpc("google.longrunning.Operations", name, "", request, response, [rule])


def _of(service: Service) -> Iterator[Rpc]:
    package = importlib.import_module(service.package)
    rest = importlib.import_module(
        f"{service.package}.services.{service.module}.transports.rest_base"
    )
    rules = getattr(rest, f"_Base{service.name}RestTransport")
    for name, answer in service.calls.items():
        http = getattr(rules, f"_Base{name}")._get_http_options()
        request = _message(
            package, f"{name}Request", of_iam=name.endswith(("Policy", "Permissions"))
        )
        response = _message(package, answer)
        yield Rpc(service.full_name, name, service.document, request, response, http)


def _message(package: Any, name: str, *, of_iam: bool = False) -> Any:
    if name == _LONG:
        from google.longrunning import operations_pb2

        return operations_pb2.Operation
    if of_iam:
        name = f"google.iam.v1.iam_policy_pb2.{name}"
    module, _, last = name.rpartition(".")
    if module:
        return getattr(importlib.import_module(module), last)
    return getattr(package, last).meta.pb
