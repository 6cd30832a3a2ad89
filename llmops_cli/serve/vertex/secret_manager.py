"""Reads versions of secrets from Google's Secret Manager, with nothing but the standard library."""

import base64
import json
import os
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any

from llmops_cli.serve.vertex.crc32c import crc32c

ADDRESS = "https://secretmanager.googleapis.com"
#: Where the platform tells a process who it runs as; Google's own libraries read the variable too.
_METADATA = "metadata.google.internal"
_TOKEN_PATH = "/computeMetadata/v1/instance/service-accounts/default/token"  # noqa: S105
_ATTEMPTS, _PAUSE_SECONDS, _ANSWER_SECONDS = 5, 1.0, 10.0
_LARGEST = 256 * 1024


class UnreadableError(Exception):
    """A secret cannot be read. The message holds nothing of its value."""


@dataclass
class SecretManager:
    """What reads at ``address``. The token is fetched once."""

    address: str
    _headers: dict[str, str] = field(default_factory=dict, repr=False)

    def read(self, reference: str) -> bytes:
        """Return the value of a version, as it was stored.

        Raises:
            UnreadableError: it is not there, we may not, or it did not come whole.
        """
        url = f"{self.address.rstrip('/')}/v1/{reference}:access"
        if not url.startswith("https://") and not url.startswith("http://127.0.0.1:"):
            raise UnreadableError("its address is not https")
        payload = _asked(url, self._authorization()).get("payload")
        try:
            value = base64.b64decode(payload["data"], validate=True)
            expected = int(payload["dataCrc32c"])
        except (KeyError, TypeError, ValueError) as error:
            raise UnreadableError("the answer is not that of Secret Manager") from error
        if crc32c(value) != expected:
            raise UnreadableError("its checksum is wrong: it did not come as it was stored")
        return value

    def _authorization(self) -> dict[str, str]:
        if not self._headers:
            host = os.environ.get("GCE_METADATA_HOST") or _METADATA
            found = _asked(f"http://{host}{_TOKEN_PATH}", {"Metadata-Flavor": "Google"})
            self._headers = {"Authorization": f"Bearer {found.get('access_token')}"}
        return self._headers


def _asked(url: str, headers: dict[str, str]) -> Any:
    """Return the JSON at an address. What may pass is asked again for some seconds."""
    why = "nobody answers"
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(_PAUSE_SECONDS * attempt)
        try:
            request = urllib.request.Request(url, headers=headers)  # noqa: S310 - looked at above
            with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS) as answer:  # noqa: S310
                return json.loads(answer.read(_LARGEST))
        except urllib.error.HTTPError as error:
            why = f"{error.code} {_said(error)}".strip()
            if error.code < 500 and error.code != 429:
                break
        except (OSError, ValueError) as error:
            why = f"{type(error).__name__}: {error}"
    raise UnreadableError(why)


def _said(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read(_LARGEST))["error"]["message"])[:300]
    except (OSError, ValueError, LookupError, TypeError):
        return ""
