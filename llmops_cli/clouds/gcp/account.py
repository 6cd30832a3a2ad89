"""The clients of one account of Google Cloud, made at first use, with our rules."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from llmops_cli.config.gcp import GcpTarget
from llmops_cli.errors import DeployError, LlmopsError

INSTALL = "pip install 'llmops-cli[gcp]'"


@dataclass(frozen=True)
class Account:
    """What asks Google on behalf of a target. Making one asks nobody anything."""

    settings: GcpTarget

    @property
    def project(self) -> str:
        """The project of the target's resources.

        Raises:
            PreflightError: the project file does not say.
        """
        raise NotImplementedError

    @property
    def location(self) -> str:
        """The region of the target's resources.

        Raises:
            PreflightError: the project file does not say.
        """
        raise NotImplementedError

    @property
    def credentials(self) -> Any:
        """What proves who we are to Google (google.auth.credentials.Credentials).

        Raises:
            AccessError: nothing on this machine does.
        """
        raise NotImplementedError

    def token(self) -> str:
        """Return an access token that is good for some minutes still."""
        raise NotImplementedError

    @property
    def origin(self) -> str:
        """Who we are, in words: the account, and where the credentials are from.

        Raises:
            AccessError: nothing on this machine proves who we are, or it is another account.
        """
        raise NotImplementedError

    def client(self, service: str) -> Any:
        """Return the client of a service, such as "endpoints" or "services"; the same each time."""
        raise NotImplementedError

    def told(
        self, doing: str, *, state: str = "", failure: type[LlmopsError] = DeployError
    ) -> AbstractContextManager[None]:
        """Turn what Google's clients raise into our errors; ``doing`` is as in "read the service".

        Raises:
            AccessError: we are not who may, with who we are and the action that is missing.
            LlmopsError: of the kind ``failure``, for everything else.
        """
        raise NotImplementedError


def require_packages() -> None:
    """Make sure that the extra `gcp` is installed. Loads none of it.

    Raises:
        PreflightError: it is not.
    """
    raise NotImplementedError


def required(value: str | None, key: str) -> str:
    """Return a setting that `llmops infra apply` writes, or the operator.

    Raises:
        PreflightError: the project file does not have it.
    """
    raise NotImplementedError
