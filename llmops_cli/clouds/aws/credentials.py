"""Whose credentials AWS is asked with, where they are from, and how to get better ones."""

from dataclasses import dataclass
from typing import Any

from llmops_cli.errors import AccessError

#: Where credentials are from, by what botocore calls the way to them.
_WAYS = {
    "env": "environment variables",
    "shared-credentials-file": "the file of shared credentials",
    "config-file": "the configuration file",
    "custom-process": "a program of the configuration",
    "assume-role": "a role of the configuration",
    "assume-role-with-web-identity": "the token of a web identity",
    "sso": "a login at IAM Identity Center",
    "login": "aws login",
    "iam-role": "the role of this machine",
    "container-role": "the role of this container",
}
#: Ways that a person renews, and how.
_LOGINS = {"sso": "aws sso login", "login": "aws login"}


@dataclass(frozen=True)
class Found:
    """Credentials, by the name of the way to them, and the profile that was wanted if one was."""

    way: str
    profile: str | None

    @property
    def origin(self) -> str:
        """Where they are from, in words."""
        where = _WAYS.get(self.way, self.way)
        return f"{where}, profile {self.profile}" if self.profile else where

    @property
    def remedy(self) -> str:
        """What helps when they have expired, or AWS does not know them."""
        profile = f" --profile {self.profile}" if self.profile else ""
        if self.way in _LOGINS:
            return f"{_LOGINS[self.way]}{profile}"
        if self.way == "env":
            return "Set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN anew."
        return f"Get new ones where they are from: {self.origin}."


def find(session: Any, profile: str | None) -> Found:
    """Return what is known of a session's credentials.

    Raises:
        AccessError: there are none on this machine.
    """
    credentials = session.get_credentials()
    if credentials is None:
        raise nobody(profile, "The environment, the files of AWS and this machine have none.")
    return Found(str(credentials.method or "somewhere"), profile)


def nobody(profile: str | None, evidence: str) -> AccessError:
    """Say that nothing on this machine proves who we are."""
    option = f" --profile {profile}" if profile else ""
    wanted = f" by the profile {profile}" if profile else ""
    return AccessError(
        f"Nothing on this machine proves to AWS who you are{wanted}.",
        evidence=evidence,
        state="Nothing was changed.",
        next_step=f"aws sso login{option}, or aws configure{option}; in CI: a role by OpenID "
        "Connect.",
    )
