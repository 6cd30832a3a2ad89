"""Whether this machine is one of Azure's, which gives tokens to the programs that run on it."""

import http.client
import os
from urllib.parse import urlsplit

#: Set by App Service, Container Apps, Functions and Azure Arc.
_ENDPOINT = "IDENTITY_ENDPOINT"
#: The address of a virtual machine's own; the variable is the one that azure-identity reads.
_OTHER_HOST = "AZURE_POD_IDENTITY_AUTHORITY_HOST"
_METADATA = "http://169.254.169.254"
_PATH = "/metadata/identity/oauth2/token"
_SECONDS = 1.0
#: What it says to a request without the header that it wants; other clouds, at the same address,
#: say something else.
_HEADER_WANTED = 400


def missing() -> str:
    """Say why there is no managed identity, or nothing. Asks for at most a second."""
    if os.environ.get(_ENDPOINT):
        return ""
    base = os.environ.get(_OTHER_HOST) or _METADATA
    return "" if _answers(base) else f"{_ENDPOINT} is not set, and {base} is no machine's of Azure"


def _answers(base: str) -> bool:
    # Not through a proxy: the address means this machine.
    connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=_SECONDS)
    try:
        connection.request("GET", _PATH)
        return connection.getresponse().status == _HEADER_WANTED
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
