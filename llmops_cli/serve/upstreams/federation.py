"""Workload identity federation: a token of the identity that we run under, for one of Google's."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from llmops_cli.serve.environment import Environment

#: Where virtual machines of Azure ask for tokens; `gcloud iam workload-identity-pools
#: create-cred-config --azure` writes that address.
_MACHINES = "169.254.169.254"
#: The version of the interface that App Service and Container Apps answer at IDENTITY_ENDPOINT.
#: https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
_VERSION = "2019-08-01"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_REQUIRED = ("audience", "subject_token_type", "token_url", "credential_source")


def read(environment: Environment, place: str, path: str) -> Mapping[str, Any] | None:
    """Return Google's description of the exchange, or refuse the file that should hold it.

    It says whom Google trusts and is no secret; a file with a key of a service account is one, and
    is refused: a project is in git, and so would be the key.
    """
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        environment.refuse(place, f"names a file that cannot be read ({error.strerror})")
        return None
    except (ValueError, RecursionError):
        environment.refuse(place, "names a file that is not JSON")
        return None
    problem = _problem(document)
    if problem:
        environment.refuse(place, problem)
        return None
    return dict(document)


def sourced(document: Mapping[str, Any], variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the description with the place where this process gets tokens of its own identity.

    App Service and Container Apps tell that place, and a header to show there, to each process
    when it starts, so that no file can name them. Without them the description stays as it is.
    """
    source = document["credential_source"]
    endpoint, header = variables.get("IDENTITY_ENDPOINT"), variables.get("IDENTITY_HEADER")
    url = urlsplit(str(source.get("url", "")))
    if url.hostname != _MACHINES or not (endpoint and header):
        return dict(document)
    query = {"api-version": _VERSION, "resource": parse_qs(url.query)["resource"][0]}
    if client := variables.get("AZURE_CLIENT_ID"):
        # Which of several identities; a user-assigned one must be named.
        query["client_id"] = client
    return {
        **document,
        "credential_source": {
            "url": f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}",
            "headers": {"X-IDENTITY-HEADER": header},
            "format": {"type": "json", "subject_token_field_name": "access_token"},
        },
    }


def has_own_login(variables: Mapping[str, str]) -> bool:
    """Whether somebody has logged in with `gcloud` here, as on the machine of a developer.

    https://cloud.google.com/docs/authentication/application-default-credentials
    """
    folder = variables.get("CLOUDSDK_CONFIG") or Path.home() / ".config" / "gcloud"
    file = Path(folder) / "application_default_credentials.json"
    return bool(variables.get("GOOGLE_APPLICATION_CREDENTIALS")) or file.is_file()


def applies(variables: Mapping[str, str] = os.environ) -> bool:
    """Whether the exchange is made: always in Azure, elsewhere unless somebody is logged in."""
    return bool(variables.get("IDENTITY_ENDPOINT")) or not has_own_login(variables)


def _problem(document: object) -> str:
    if not isinstance(document, dict) or document.get("type") != "external_account":
        kind = document.get("type") if isinstance(document, dict) else None
        return f'names a file of type {kind!r}; only "external_account" holds no secret'
    missing = [key for key in _REQUIRED if not document.get(key)]
    if missing:
        return f"names a file without {missing[0]}"
    source = document["credential_source"]
    if not isinstance(source, dict) or "executable" in source:
        return "names a file that runs a program for its tokens"
    if urlsplit(str(source.get("url", ""))).hostname == _MACHINES and not _resource(source):
        return "names a file whose credential_source.url has no resource"
    for key in ("token_url", "service_account_impersonation_url"):
        if key in document and not _is_safe(str(document[key])):
            return f"names a file whose {key} is not https://"
    return ""


def _resource(source: Mapping[str, Any]) -> list[str] | None:
    return parse_qs(urlsplit(str(source["url"])).query).get("resource")


def _is_safe(address: str) -> bool:
    url = urlsplit(address)
    return url.scheme == "https" or (url.scheme == "http" and url.hostname in _LOOPBACK)
