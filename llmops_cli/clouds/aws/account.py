"""The clients of one account of AWS, made when they are first used, all of them with our rules."""

import importlib.util
import os
import threading
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from llmops_cli.clouds.aws.credentials import Found, find, nobody
from llmops_cli.clouds.aws.patience import rules
from llmops_cli.clouds.aws.trouble import told
from llmops_cli.config.aws_target import AwsTarget
from llmops_cli.errors import AccessError, DeployError, LlmopsError, PreflightError

INSTALL = "pip install 'llmops-cli[aws]'"


@dataclass(frozen=True)
class Account:
    """What asks AWS on behalf of a target. Making one asks nobody anything."""

    settings: AwsTarget
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False, compare=False)
    #: Sessions and the making of clients are not for several threads at once; clients are.
    _guard: Any = field(default_factory=threading.RLock, repr=False, compare=False)

    @cached_property
    def region(self) -> str:
        """The region of the target's resources.

        Raises:
            PreflightError: neither the project file nor the environment says.
        """
        found = self.settings.region or self._session.region_name
        if not found:
            raise PreflightError(
                "Nothing says which region of AWS the target is in.",
                state="Nothing was changed.",
                next_step="Set `region` in llmops.toml and commit, or set AWS_REGION.",
            )
        return str(found)

    @cached_property
    def found(self) -> Found:
        """Whose credentials we have, without asking AWS.

        Raises:
            AccessError: nobody's.
        """
        with self._guard, self._told_of_credentials("find credentials"):
            return find(self._session, self.settings.profile)

    @cached_property
    def identity(self) -> str:
        """The ARN that AWS knows us by.

        Raises:
            AccessError: nothing on this machine proves who we are, or it is another account.
            PreflightError: AWS does not answer.
        """
        found = self.found
        with self._told_of_credentials("say who you are"):
            answer = self._made("sts").get_caller_identity()
        wanted = self.settings.account
        if wanted is not None and answer["Account"] != wanted:
            raise AccessError(
                f"The target is in the account {wanted}, and you are of {answer['Account']}.",
                evidence=f"{answer['Arn']}, by {found.origin}",
                state="Nothing was changed.",
                next_step="Take the credentials of that account (AWS_PROFILE, or `profile` in "
                "llmops.toml), or mend `account`.",
            )
        return str(answer["Arn"])

    @property
    def origin(self) -> str:
        """Who we are, in words: the ARN that AWS knows us by, and where the credentials are from.

        Raises:
            AccessError: nothing on this machine proves who we are, or it is another account.
        """
        return f"{self.identity} ({self.found.origin})"

    def client(self, service: str, *, region: str | None = None) -> Any:
        """Return boto3's client of a service, such as "ecs"; the same one each time.

        It is in the target's region where no other is wanted.

        Raises:
            AccessError: we are nobody, or of another account than the target.
            PreflightError: nothing says which region, or the packages are not installed.
        """
        with self._guard:
            # Nothing is read or changed in an account that only looks like the right one.
            _ = self.identity if self.settings.account is not None else self.found
            return self._made(service, region)

    def told(
        self, doing: str, *, state: str = "", failure: type[LlmopsError] = DeployError
    ) -> AbstractContextManager[None]:
        """Turn what botocore raises inside into our errors: ``doing`` is as in "read the service".

        Raises:
            AccessError: we are not who may, with who we are and the action that is missing.
            LlmopsError: of the kind ``failure``, for everything else.
        """
        return told(doing, state=state, failure=failure, who=self._who, remedy=self._remedy)

    @cached_property
    def _session(self) -> Any:
        require_packages()
        import boto3
        from botocore.exceptions import ProfileNotFound

        with self._guard:
            try:
                return boto3.Session(
                    profile_name=self.settings.profile, region_name=self.settings.region
                )
            except ProfileNotFound as error:
                profile = self.settings.profile or os.environ.get("AWS_PROFILE")
                raise nobody(profile, str(error)) from error

    def _made(self, service: str, region: str | None = None) -> Any:
        place = region or self.region
        with self._guard:
            if (service, place) not in self._clients:
                self._clients[service, place] = self._session.client(
                    service, region_name=place, config=rules()
                )
            return self._clients[service, place]

    def _told_of_credentials(self, doing: str) -> AbstractContextManager[None]:
        return told(
            doing,
            state="Nothing was changed.",
            failure=PreflightError,
            remedy=self._remedy,
        )

    def _who(self) -> str:
        with suppress(LlmopsError):
            return self.origin
        return "you"

    def _remedy(self) -> str:
        found = self.__dict__.get("found")
        if isinstance(found, Found):
            return found.remedy
        return nobody(self.settings.profile, "").next_step


def require_packages() -> None:
    """Make sure that the extra `aws` is installed. Loads none of it.

    Raises:
        PreflightError: it is not.
    """
    if importlib.util.find_spec("boto3") is None:
        raise PreflightError(
            "The packages that targets on AWS need are not installed.",
            evidence="There is no boto3.",
            state="Nothing was changed.",
            next_step=INSTALL,
        )


def required(value: str | None, key: str) -> str:
    """Return a setting that `llmops infra apply` writes, or the operator.

    Raises:
        PreflightError: the project file does not have it.
    """
    if value is None:
        raise PreflightError(
            f"The target has no `{key}`.",
            state="Nothing was changed.",
            next_step=f"llmops infra apply, or set `{key}` in llmops.toml and commit.",
        )
    return value
