"""The clients of one account of AWS, made when they are first used, all of them with our rules."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from llmops_cli.config.aws_target import AwsTarget
from llmops_cli.errors import DeployError, LlmopsError

INSTALL = "pip install 'llmops-cli[aws]'"


@dataclass(frozen=True)
class Account:
    """What asks AWS on behalf of a target. Making one asks nobody anything."""

    settings: AwsTarget

    @property
    def region(self) -> str:
        """The region of the target's resources.

        Raises:
            PreflightError: neither the project file nor the environment says.
        """
        raise NotImplementedError

    @property
    def origin(self) -> str:
        """Who we are, in words: the ARN that AWS knows us by, and where the credentials are from.

        Raises:
            AccessError: nothing on this machine proves who we are, or it is another account.
        """
        raise NotImplementedError

    def client(self, service: str) -> Any:
        """Return boto3's client of a service, such as "ecs"; the same one each time."""
        raise NotImplementedError

    def told(
        self, doing: str, *, state: str = "", failure: type[LlmopsError] = DeployError
    ) -> AbstractContextManager[None]:
        """Turn what botocore raises inside into our errors: ``doing`` is as in "read the service".

        Raises:
            AccessError: we are not who may, with who we are and the action that is missing.
            LlmopsError: of the kind ``failure``, for everything else.
        """
        raise NotImplementedError


def require_packages() -> None:
    """Make sure that the extra `aws` is installed. Loads none of it.

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
