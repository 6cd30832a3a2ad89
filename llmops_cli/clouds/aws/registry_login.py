"""The login of a container registry of AWS (ECR): a token that lasts for twelve hours."""

import base64
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from llmops_cli.clouds.aws.account import Account
from llmops_cli.core.secret import Secret
from llmops_cli.errors import BuildError
from llmops_cli.registries.asking import ask
from llmops_cli.registries.challenge import parse
from llmops_cli.registries.client import open_client
from llmops_cli.registries.login import Credentials, Login
from llmops_cli.registries.reference import Repository
from llmops_cli.registries.trouble import unreachable
from llmops_cli.registries.wire import NoAnswerError, Request

_HOST = re.compile(r"[0-9]{12}\.dkr[.-]ecr(-fips)?\.([a-z0-9-]+)\.(amazonaws\.com(\.cn)?|on\.aws)")
_SERVICE = "ecr.amazonaws.com"
#: Seconds that a token has to last still for it to be used again.
_SPARE = 600.0
_STATE = "Nothing was pushed. What was serving is serving still."

#: Gives what knows the login of a repository; the second is what Docker has stored.
Logins = Callable[[Repository, Credentials], Credentials]


def region_of_registry(host: str) -> str | None:
    """Return the region that a registry of AWS is in; None for another registry."""
    found = _HOST.fullmatch(host)
    return found[2] if found else None


@dataclass(frozen=True)
class EcrLogin:
    """The login that an account has at the registry of ``repository``."""

    account: Account
    repository: Repository
    _kept: dict[str, tuple[float, Login]] = field(default_factory=dict, repr=False, compare=False)

    def login(self) -> Login | None:
        """Return it; None where the registry is not one of AWS's.

        Raises:
            AccessError: nothing proves who we are, or we may get no token.
            BuildError: AWS does not answer.
        """
        until, login = self._kept.get(self.repository.host, (0.0, None))
        if login is None or until < time.time():
            given = self._asked()
            if given is None:
                return None
            self._kept[self.repository.host] = given
            login = given[1]
        return login

    def _asked(self) -> tuple[float, Login] | None:
        host = self.repository.host
        region = region_of_registry(host)
        if region is None and not self._claims_to_be_ecr():
            return None
        client = self.account.client("ecr", region=region)
        with self.account.told(f"give a token for {host}", state=_STATE, failure=BuildError):
            data = client.get_authorization_token()["authorizationData"][0]
        # The token opens all of the account's registries: AWS itself has to say that this is one.
        if region is None and urlsplit(data["proxyEndpoint"]).netloc != host:
            return None
        user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
        until = data.get("expiresAt") or datetime.now(UTC)
        remedy = _remedy(self.repository, client.meta.region_name)
        login = Login(user, Secret(password), origin=self.account.origin, remedy=remedy)
        return until.timestamp() - _SPARE, login

    def _claims_to_be_ecr(self) -> bool:
        with open_client(self.repository) as (client, repository):
            try:
                answer = ask(client, Request("GET", f"{repository.url}/v2/"))
            except NoAnswerError as error:
                raise unreachable(repository, error) from error
        offers = parse(answer.headers.get_list("www-authenticate"))
        return any(offer.parameters.get("service") == _SERVICE for offer in offers)


def create_command(repository: Repository) -> str | None:
    """Return what makes a repository that is not there; None where the registry is another's."""
    region = region_of_registry(repository.host)
    if region is None:
        return None
    return (
        f"aws ecr create-repository --repository-name {repository.path} --region {region} "
        "--image-tag-mutability IMMUTABLE"
    )


def _remedy(repository: Repository, region: str) -> str:
    account = repository.host.partition(".")[0]
    return (
        "Allow ecr:BatchCheckLayerAvailability, ecr:InitiateLayerUpload, ecr:UploadLayerPart, "
        "ecr:CompleteLayerUpload, ecr:PutImage, ecr:BatchGetImage and ecr:GetDownloadUrlForLayer "
        f"on arn:aws:ecr:{region}:{account}:repository/{repository.path} (llmops infra apply "
        "makes a role that has them)."
    )


@dataclass(frozen=True)
class _Either:
    """The login that is stored, or else that of the account."""

    stored: Credentials
    account: Credentials

    def login(self) -> Login | None:
        return self.stored.login() or self.account.login()


def logins_of(account: Account, *, is_target: bool) -> Logins:
    """Return what gives the login of a repository to somebody with an account at AWS.

    At a registry of AWS a target on AWS uses its account. One that has another name may be one all
    the same, and a target elsewhere may well use one: there, a stored login goes first.
    """

    def logins(repository: Repository, stored: Credentials) -> Credentials:
        own = EcrLogin(account, repository)
        is_ecr = region_of_registry(repository.host) is not None
        if is_target and is_ecr:
            return own
        return _Either(stored, own) if is_target or is_ecr else stored

    return logins
