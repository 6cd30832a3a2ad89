"""The service account of a machine of Google Cloud, told by its metadata server."""

import os
from pathlib import Path
from typing import Any

_PRODUCT = Path("/sys/class/dmi/id/product_name")
#: Set on Cloud Run and Cloud Build, which have no such file, and by whoever has a server elsewhere.
_SIGNS = ("GCE_METADATA_HOST", "GCE_METADATA_IP", "K_SERVICE", "CLOUD_RUN_JOB")
_SECONDS = 1


def missing() -> str:
    """Say why this is no machine of Google Cloud, or nothing.

    Where neither the machine's maker nor the environment speaks for it, the network is not asked:
    elsewhere that can take many seconds.
    """
    if os.environ.get("NO_GCE_CHECK", "").lower() == "true":
        return "NO_GCE_CHECK is set"
    if not any(os.environ.get(sign) for sign in _SIGNS) and not _is_made_by_google():
        return "this is no machine of Google Cloud"
    from google.auth.compute_engine import _metadata
    from google.auth.transport.requests import Request

    is_there = _metadata.ping(Request(), timeout=_SECONDS, retry_count=1)
    return "" if is_there else "the metadata server of this machine does not answer"


def origin() -> str:
    """Return who a machine is, in words."""
    return "the service account of this machine"


def make(scope: str) -> Any:
    """Return the machine's credentials. Asks nobody."""
    from google.auth.compute_engine import Credentials

    return Credentials(scopes=[scope])


def _is_made_by_google() -> bool:
    try:
        return _PRODUCT.read_text(encoding="utf-8", errors="replace").strip().startswith("Google")
    except OSError:
        return False
