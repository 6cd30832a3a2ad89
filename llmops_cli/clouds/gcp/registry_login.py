"""The login of a container registry of Google Cloud (Artifact Registry): an access token."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from llmops_cli.clouds.gcp.account import Account
from llmops_cli.core.secret import Secret
from llmops_cli.registries.login import Credentials, Login
from llmops_cli.registries.reference import Repository

#: The user that stands for "the password is an access token".
USER = "oauth2accesstoken"

#: Gives what knows the login of a repository; the second is what Docker has stored.
Logins = Callable[[Repository, Credentials], Credentials]


@dataclass(frozen=True)
class TokenLogin:
    """The login that an account has at the registry of ``repository``."""

    account: Account
    repository: Repository

    def login(self) -> Login | None:
        """Return it, with a token that is good for some minutes still.

        Raises:
            AccessError: nothing proves who we are.
        """
        token = Secret(self.account.token())
        return Login(USER, token, origin=self.account.origin, remedy=self._remedy)

    @property
    def _remedy(self) -> str:
        location = self.repository.host.removesuffix("-docker.pkg.dev")
        return (
            "Give it the role roles/artifactregistry.writer: gcloud artifacts repositories "
            f"add-iam-policy-binding REPOSITORY --location={location} --member=MEMBER "
            "--role=roles/artifactregistry.writer"
        )


def is_artifact_registry(host: str) -> bool:
    """Whether a registry is one of Google Cloud's."""
    return host.endswith(("-docker.pkg.dev", ".gcr.io")) or host == "gcr.io"


def logins_of(account: Account, *, is_target: bool) -> Logins:
    """Return what gives the login of a repository to somebody with an account at Google.

    A token of Google opens all of a project, so only registries of Google get to see it, and the
    one that the target itself says is one. There a target on Google Cloud uses its account; a
    target elsewhere prefers the login that is stored.
    """

    def logins(repository: Repository, stored: Credentials) -> Credentials:
        named = account.settings.endpoints.registry
        is_named = named is not None and urlsplit(str(named)).netloc == repository.host
        if not (is_artifact_registry(repository.host) or is_named):
            return stored
        own = TokenLogin(account, repository)
        return own if is_target else _Either(stored, own)

    return logins


@dataclass(frozen=True)
class _Either:
    """The login that is stored, or else that of the account."""

    stored: Credentials
    account: Credentials

    def login(self) -> Login | None:
        return self.stored.login() or self.account.login()
