"""The login of a container registry of Azure: a token of Entra ID, changed for one of its own.

No password is kept anywhere, and the registry's admin user stays off.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode

import httpx2

from llmops_cli.clouds.azure.account import Account
from llmops_cli.clouds.azure.cloud import cloud_of_registry
from llmops_cli.core.secret import Secret
from llmops_cli.errors import AccessError
from llmops_cli.registries.asking import ask
from llmops_cli.registries.challenge import parse
from llmops_cli.registries.client import open_client
from llmops_cli.registries.login import Credentials, Login
from llmops_cli.registries.reference import Repository
from llmops_cli.registries.trouble import broken, unexpected, unreachable
from llmops_cli.registries.wire import Answer, NoAnswerError, Request, without

#: The user that stands for "the password is a token".
USER = "00000000-0000-0000-0000-000000000000"
#: Seconds for which a token is used again; registries give them for three hours.
_SECONDS = 3600.0
_FORM = {"content-type": "application/x-www-form-urlencoded"}
_OK, _REFUSED = 200, (400, 401, 403)
_STATE = "Nothing was pushed. What was serving is serving still."

#: Gives what knows the login of a repository; the second is what Docker has stored.
Logins = Callable[[Repository, Credentials], Credentials]


@dataclass(frozen=True)
class EntraLogin:
    """The login that an account has at the registry of ``repository``."""

    account: Account
    repository: Repository
    _kept: dict[str, tuple[float, Login]] = field(default_factory=dict, repr=False, compare=False)

    def login(self) -> Login | None:
        """Return it; None where the registry is not one of Azure's.

        Raises:
            AccessError: nothing proves who we are, or the registry does not take it.
            BuildError: the registry does not answer.
        """
        until, login = self._kept.get(self.repository.host, (0.0, None))
        if login is None or until < time.monotonic():
            login = self._asked()
            if login is not None:
                self._kept[self.repository.host] = (time.monotonic() + _SECONDS, login)
        return login

    def _asked(self) -> Login | None:
        with open_client(self.repository) as (client, repository):
            try:
                if not _is_azure(client, repository):
                    return None
                return self._login(self._exchanged(client, repository))
            except NoAnswerError as error:
                raise unreachable(repository, error) from error

    def _exchanged(self, client: httpx2.Client, repository: Repository) -> Answer:
        scope = f"{self.account.cloud.registry_audience}/.default"
        token = self.account.chosen.credential.get_token_info(scope).token
        fields = {"grant_type": "access_token", "service": repository.host, "access_token": token}
        body = urlencode(fields).encode()
        request = Request("POST", f"{repository.url}/oauth2/exchange", _FORM, body)
        return without(ask(client, request), [token])

    def _login(self, answer: Answer) -> Login:
        if answer.status in _REFUSED:
            raise self._refused(answer)
        if answer.status != _OK:
            raise unexpected(self.repository, answer)
        try:
            password = Secret(str(json.loads(answer.body)["refresh_token"]))
        except (ValueError, KeyError, TypeError) as error:
            raise broken(self.repository, answer, "it is no token") from error
        return Login(USER, password, origin=self.account.chosen.origin, remedy=self._remedy)

    @property
    def _remedy(self) -> str:
        name = self.repository.host.partition(".")[0]
        return (
            "Give it the role AcrPush (where the registry goes by repositories: Container Registry "
            "Repository Writer): az role assignment create --role AcrPush --assignee OBJECT-ID "
            f"--scope $(az acr show --name {name} --query id --output tsv)"
        )

    def _refused(self, answer: Answer) -> AccessError:
        host, audience = self.repository.host, self.account.cloud.registry_audience
        return AccessError(
            f"The registry {host} takes no token of {self.account.chosen.origin}.",
            evidence=f"{answer.said} (the token is for {audience})",
            state=_STATE,
            next_step=self._remedy,
        )


def _is_azure(client: httpx2.Client, repository: Repository) -> bool:
    """Whether a registry is one of Azure's: by its name, or by how it wants to be logged in to.

    A token of ours opens every registry of Azure that we may use, so nobody else gets to see it.
    """
    if cloud_of_registry(repository.host) is not None:
        return True
    answer = ask(client, Request("GET", f"{repository.url}/v2/"))
    wanted = (f"{repository.url}/oauth2/token", repository.host)
    offers = parse(answer.headers.get_list("www-authenticate"))
    shown = [(offer.parameters.get("realm"), offer.parameters.get("service")) for offer in offers]
    return wanted in shown


@dataclass(frozen=True)
class _Either:
    """The login that is stored, or else that of the account."""

    stored: Credentials
    account: Credentials

    def login(self) -> Login | None:
        return self.stored.login() or self.account.login()


def logins_of(account: Account, *, is_target: bool) -> Logins:
    """Return what gives the login of a repository to somebody with an account at Azure.

    At a registry of Azure a target on Azure uses its account. One that has another name may be one
    all the same, and a target elsewhere may well use one: there, a stored login goes first.
    """

    def logins(repository: Repository, stored: Credentials) -> Credentials:
        own = EntraLogin(account, repository)
        is_azure = cloud_of_registry(repository.host) is not None
        if is_target and is_azure:
            return own
        return _Either(stored, own) if is_target or is_azure else stored

    return logins
