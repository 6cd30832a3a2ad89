"""Which client of Google's packages a name means, and where it asks."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from llmops_cli.clouds.gcp import lean
from llmops_cli.config.gcp import Endpoints


@dataclass(frozen=True)
class Known:
    """A client: its class by module and name, and its address by that of its region."""

    module: str
    name: str
    host: Callable[[str], str]
    own: Callable[[Endpoints], str | None]


def _of_vertex(service: str, name: str) -> Known:
    return Known(
        f"google.cloud.aiplatform_v1.services.{service}",
        name,
        lambda location: f"{location}-aiplatform.googleapis.com",
        lambda own: own.aiplatform,
    )


def _of_run(service: str, name: str) -> Known:
    return Known(
        f"google.cloud.run_v2.services.{service}",
        name,
        lambda location: "run.googleapis.com",
        lambda own: own.run,
    )


_KNOWN = {
    "endpoints": _of_vertex("endpoint_service", "EndpointServiceClient"),
    "models": _of_vertex("model_service", "ModelServiceClient"),
    "services": _of_run("services", "ServicesClient"),
    "revisions": _of_run("revisions", "RevisionsClient"),
    "secrets": Known(
        "google.cloud.secretmanager_v1.services.secret_manager_service",
        "SecretManagerServiceClient",
        lambda location: "secretmanager.googleapis.com",
        lambda own: own.secretmanager,
    ),
}


def make_client(service: str, own: Endpoints, location: Callable[[], str], credential: Any) -> Any:
    """Make the client of a service, with gRPC over TLS. Asks nobody."""
    from google.api_core.client_options import ClientOptions

    known = _KNOWN[service]
    address = known.own(own)
    needs_location = service in ("endpoints", "models")
    host = urlsplit(address).netloc if address else ""
    found = host or known.host(location() if needs_location else "")
    return _class_of(known)(
        credentials=credential, client_options=ClientOptions(api_endpoint=found)
    )


def _class_of(known: Known) -> Any:
    package, _, service = known.module.partition(".services.")
    if package == lean.PACKAGE:
        return lean.client_class(service, known.name)
    return getattr(importlib.import_module(known.module), known.name)
