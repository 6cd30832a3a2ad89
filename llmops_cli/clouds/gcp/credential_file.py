"""Files of Application Default Credentials: the one that is named, and that of a login."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_NAMED = "GOOGLE_APPLICATION_CREDENTIALS"
_LOGIN = "application_default_credentials.json"


def named() -> Path:
    """Return the file that the environment names; one in CI may be relative to the folder."""
    return Path(os.environ.get(_NAMED, "")).expanduser()


def of_login() -> Path:
    """Return the file that ``gcloud auth application-default login`` writes."""
    return gcloud_folder() / _LOGIN


def gcloud_folder() -> Path:
    """Return the folder of gcloud's settings."""
    named_folder = os.environ.get("CLOUDSDK_CONFIG")
    if named_folder:
        return Path(named_folder)
    windows = os.environ.get("APPDATA") if os.name == "nt" else None
    return Path(windows) / "gcloud" if windows else Path.home() / ".config" / "gcloud"


def named_missing() -> str:
    """Say why the environment names no file, or nothing."""
    # A file that is named and not there is told when it is read.
    return "" if os.environ.get(_NAMED) else f"{_NAMED} is not set"


def login_missing() -> str:
    """Say why there is no login, or nothing."""
    return "" if of_login().is_file() else "nobody is logged in for applications with gcloud"


def origin(path: Path) -> str:
    """Return in words who a file says that we are."""
    document = _document(path)
    kind = str(document.get("type") or "")
    impersonated = _impersonated(document)
    if kind == "service_account":
        return f"the service account {document.get('client_email')} with the key in {path}"
    if kind == "external_account":
        as_whom = f" as {impersonated}" if impersonated else ""
        return f"the workload identity of {path}{as_whom}"
    if kind == "impersonated_service_account":
        return f"the service account {impersonated}, impersonated with {path}"
    if kind == "authorized_user":
        account = document.get("account")
        return f"the login {account} in {path}" if account else f"the login in {path}"
    return f"the credentials in {path}"


def load(path: Path, scope: str) -> Any:
    """Return the credentials that a file holds, whatever their kind. Asks nobody.

    Google's own way of reading a workload identity asks another service for the name of the
    project, which waits for the network, and needs a permission that nothing else here does.

    Raises:
        GoogleAuthError, ValueError, OSError: it holds none.
    """
    document = json.loads(path.read_text(encoding="utf-8-sig"))
    kind = document.get("type") if isinstance(document, dict) else None
    if kind == "external_account":
        return _external(document).from_info(document, scopes=[scope])
    import google.auth
    from google.oauth2.credentials import Credentials

    if kind == "authorized_user":
        return Credentials.from_authorized_user_info(document, scopes=[scope])
    found, _project = google.auth.load_credentials_from_dict(document, scopes=[scope])
    return found


def _external(document: Mapping[str, Any]) -> Any:
    """Return the class of credentials that change the token of somebody else for one of Google."""
    if str(document.get("subject_token_type")).endswith(":aws:token-type:aws4_request"):
        from google.auth.aws import Credentials as Aws

        return Aws
    if (document.get("credential_source") or {}).get("executable") is not None:
        from google.auth.pluggable import Credentials as Pluggable

        return Pluggable
    from google.auth.identity_pool import Credentials

    return Credentials


def _document(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, Mapping) else {}


def _impersonated(document: Mapping[str, Any]) -> str:
    """Return the service account whose tokens a file asks for, by the end of that address."""
    url = str(document.get("service_account_impersonation_url") or "")
    return url.rpartition("/")[2].partition(":")[0]
