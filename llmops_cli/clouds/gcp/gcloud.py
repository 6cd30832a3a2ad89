"""The tokens of gcloud, Google's own command line."""

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from llmops_cli.clouds.gcp.credential_file import gcloud_folder

_SECONDS = 60.0
#: gcloud renews a token that has less than this left.
_AT_LEAST = "10m"
_CREDENTIALS = ("credentials.db", "access_tokens.db")


def missing() -> str:
    """Say what is missing for it to give tokens, or nothing. It is not run: it is slow."""
    if shutil.which("gcloud") is None:
        return "there is no program gcloud"
    is_told = os.environ.get("CLOUDSDK_AUTH_ACCESS_TOKEN_FILE")
    folder = gcloud_folder()
    is_in = is_told or any((folder / name).is_file() for name in _CREDENTIALS)
    return "" if is_in else "nobody is logged in with gcloud"


def origin() -> str:
    """Return who is logged in, in words."""
    account = os.environ.get("CLOUDSDK_CORE_ACCOUNT") or _configured(gcloud_folder())
    return f"gcloud, where {account} is logged in" if account else "gcloud's login"


def make() -> Any:
    """Return credentials whose tokens gcloud gives."""
    from google.auth.credentials import Credentials

    class Gcloud(Credentials):  # type: ignore[misc]
        """Asks gcloud for a token when the one before is at its end."""

        def refresh(self, request: object) -> None:
            self.token, self.expiry = asked()

    return Gcloud()


def asked() -> tuple[str, datetime]:
    """Return a token, and when it ends (UTC, without a zone, as Google's packages have it).

    Raises:
        RefreshError: gcloud gives none.
    """
    from google.auth.exceptions import RefreshError

    command = ["gcloud", "config", "config-helper", "--format=json", f"--min-expiry={_AT_LEAST}"]
    try:
        done = subprocess.run(
            [shutil.which("gcloud") or "gcloud", *command[1:]],
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS,
            text=True,
        )
        found = json.loads(done.stdout)["credential"]
        token, expiry = str(found["access_token"]), str(found.get("token_expiry") or "")
    except subprocess.CalledProcessError as error:
        raise RefreshError(f"gcloud says: {_last_line(error.stderr)}") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise RefreshError(f"gcloud cannot be run: {type(error).__name__}") from error
    except (ValueError, KeyError, TypeError) as error:
        # Not what it said: that may hold the token.
        raise RefreshError("gcloud has said something else than a token") from error
    return token, _moment(expiry)


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        found = datetime.now(UTC) + timedelta(minutes=10)
    return found.replace(tzinfo=None)


def _configured(folder: Path) -> str:
    """Return the account of gcloud's active configuration, as its own files have it."""
    import configparser

    try:
        active = (folder / "active_config").read_text().strip() or "default"
        reader = configparser.ConfigParser(interpolation=None)
        reader.read(folder / "configurations" / f"config_{active}")
        return reader.get("core", "account", fallback="")
    except (OSError, configparser.Error, UnicodeDecodeError):
        return ""


def _last_line(text: str | None) -> str:
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    return lines[0][:300] if lines else "nothing"
