"""The login of a container registry of Azure: a token of Entra ID, for pushing and for looking."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from llmops_cli.clouds.azure.account import Account
from llmops_cli.clouds.azure.registry_login import EntraLogin, logins_of
from llmops_cli.config.azure import Endpoints
from llmops_cli.config.azure_webapp import AzureWebappTarget
from llmops_cli.config.image import ImageSettings
from llmops_cli.core.image import Image, quiet
from llmops_cli.core.secret import Secret
from llmops_cli.engine.docker import Engine
from llmops_cli.errors import AccessError, BuildError
from llmops_cli.images.publish import publish
from llmops_cli.images.registry_of import registry_of
from llmops_cli.registries.client import speaks_tls
from llmops_cli.registries.login import Fixed, Login
from llmops_cli.registries.oci import Registry as Client
from llmops_cli.registries.patience import Patience
from llmops_cli.registries.reference import parse
from llmops_cli.secret_stores.file import FileStore
from tests.engines import needs_engine, needs_registry
from tests.fakes.azure.cloud import AzureCloud
from tests.fakes.azure.registry import ARM_AUDIENCE, USER, Registry
from tests.images.small import held, labels_of, release_of, unique
from tests.registries import servers
from tests.registries.servers import RunningRegistry

RELEASE = release_of()
QUICK = Patience(first_seconds=0.01)


@dataclass(frozen=True)
class Place:
    """A cloud with a registry, and what an account sees of a repository in it."""

    cloud: AzureCloud
    registry: Registry

    def account(self, **endpoints: str) -> Account:
        where = {"authority": self.cloud.url, "resource_manager": self.cloud.url, **endpoints}
        return Account(AzureWebappTarget(endpoints=Endpoints.model_validate(where)))

    def client(self, path: str = "team/chat", **endpoints: str) -> Client:
        repository = parse(f"{self.registry.host}/{path}")
        return Client(repository, EntraLogin(self.account(**endpoints), repository), QUICK)


@pytest.fixture
def place(
    azure: AzureCloud, azure_registry: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Place:
    for name, value in azure.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    (tmp_path / "docker").mkdir()
    return Place(azure, azure_registry)


@pytest.fixture
def image(place: Place) -> Iterator[Image]:
    with held(f"{place.registry.host}/team/{unique()}:c0ffee", labels_of(RELEASE)) as made:
        yield made


def test_a_digest_is_looked_up_with_one_token_for_everything(place: Place) -> None:
    digest = place.registry.put_image("team/chat", "v1", {"a": "b"})
    client = place.client()
    with place.cloud.counting() as counted:
        for reference in ("v1", digest):
            found = client.find(reference)
            assert found is not None
            assert (found.digest, dict(found.labels)) == (digest, {"a": "b"})
        assert client.find("absent") is None
        client.check()
        assert client.trouble() == ""
    assert counted["entra_token"] == 1
    assert place.registry.tokens.exchanges == 1


def test_the_login_is_a_token_and_not_the_admin_users(place: Place) -> None:
    login = place.client().login()
    assert login is not None
    assert login.username == USER == "0" * 8 + "-0000-0000-0000-" + "0" * 12
    assert login.password.reveal() in place.registry.tokens.refresh
    assert not login.is_token
    assert "the client secret of the application" in login.origin
    assert login.password.reveal() not in repr(login) + str(login)


@needs_engine
def test_an_image_is_pushed_by_dockers_engine_and_has_the_digest_that_we_look_up(
    place: Place, image: Image
) -> None:
    client = place.client(image.repository.partition("/")[2])
    pushed = publish(Engine(), image, RELEASE, client, quiet)
    path = image.repository.partition("/")[2]
    assert pushed.digest == place.registry.contents.tags[path, "c0ffee"]
    again = publish(Engine(), image, RELEASE, client, quiet)
    assert again.digest == pushed.digest
    assert place.registry.tokens.exchanges == 1


@needs_engine
def test_who_may_only_pull_is_told_the_role_that_pushing_takes(place: Place, image: Image) -> None:
    place.registry.tokens.roles = {"AcrPull"}
    client = place.client(image.repository.partition("/")[2])
    with pytest.raises(AccessError) as raised:
        publish(Engine(), image, RELEASE, client, quiet)
    said = raised.value.as_dict()
    assert raised.value.exit_status == 5
    assert "the client secret of the application" in said["message"]
    assert "--role AcrPush" in said["next"]
    assert "not published" in said["state"]


def test_who_may_nothing_is_told_the_role(place: Place) -> None:
    place.registry.tokens.roles = set()
    with pytest.raises(AccessError, match="takes no token of the client secret") as raised:
        place.client().find("v1")
    assert "AcrPush" in raised.value.next_step
    assert "oauth2/exchange answered 401" in raised.value.evidence


@pytest.mark.parametrize("takes_arm_tokens", [False, True])
def test_a_token_for_resource_manager_is_taken_only_by_registries_that_allow_it(
    place: Place, takes_arm_tokens: bool
) -> None:
    place.registry.tokens.takes_arm_tokens = takes_arm_tokens
    client = place.client(registry_audience=ARM_AUDIENCE)
    if takes_arm_tokens:
        client.check()
        return
    with pytest.raises(AccessError) as raised:
        client.check()
    assert f"the token is for {ARM_AUDIENCE}" in raised.value.evidence


def test_no_token_stands_in_an_error_even_where_the_registry_repeats_it(place: Place) -> None:
    sent: list[str] = []
    exchanged = place.registry.tokens.exchanged

    def repeats(form: dict[str, str], host: str) -> str | None:
        sent.append(form["access_token"])
        place.registry.said = form["access_token"]
        return exchanged({}, host)

    place.registry.tokens.exchanged = repeats  # type: ignore[method-assign]
    with pytest.raises(AccessError) as raised:
        place.client().find("v1")
    assert len(sent) == 1
    assert "[secret]" in raised.value.evidence
    assert sent[0] not in str(raised.value.as_dict())


def test_a_registry_that_is_out_of_order_for_a_moment_is_asked_again(place: Place) -> None:
    place.registry.put_image("team/chat", "v1")
    ill = iter((503, 503))
    place.registry.instead = lambda method, path: next(ill, None)
    assert place.client().find("v1") is not None


def test_a_registry_that_is_not_there_is_told(place: Place) -> None:
    repository = parse("localhost:1/team/chat")
    with pytest.raises(BuildError, match="localhost:1 does not answer"):
        EntraLogin(place.account(), repository).login()


def test_a_registry_of_others_sees_no_token(place: Place, tmp_path: Path) -> None:
    place.registry.instead = lambda method, path: 401
    with place.cloud.counting() as counted:
        assert place.client().login() is None
    assert place.registry.requests == [("GET", "/v2/")]
    assert counted == {}


@needs_registry
def test_a_registry_with_tokens_of_its_own_sees_none_of_ours(place: Place, tmp_path: Path) -> None:
    with servers.with_tokens(tmp_path / "tokened") as (other, tokens):
        repository = parse(f"{other.host}/team/chat")
        assert EntraLogin(place.account(), repository).login() is None
    assert tokens.asked == []


STORED = Fixed(Login("stored", Secret("stored-password")))


@pytest.mark.parametrize(
    ("host", "is_target", "stored", "user"),
    [
        ("demo.azurecr.io", True, STORED, "account"),
        ("demo.azurecr.us", True, STORED, "account"),
        ("demo.azurecr.cn", False, STORED, "stored"),
        ("demo.azurecr.io", False, Fixed(), "account"),
        ("ghcr.io", True, STORED, "stored"),
        ("ghcr.io", False, Fixed(), "nobody"),
        ("azurecr.io.example.com", False, Fixed(), "nobody"),
    ],
)
def test_the_account_logs_in_where_the_registry_is_azures_or_the_target_is_there(
    place: Place, host: str, is_target: bool, stored: Fixed, user: str
) -> None:
    asked: list[str] = []

    class Watched(Account):
        @property
        def chosen(self) -> object:  # type: ignore[override]
            asked.append("account")
            raise AccessError("nobody")

    account = Watched(place.account().settings)
    credentials = logins_of(account, is_target=is_target)(parse(f"{host}/team/chat"), stored)
    try:
        login = credentials.login()
    except AccessError:
        login = None
    found = login.username if login else (asked or ["nobody"])[0]
    assert found == user


def test_the_user_that_a_project_names_comes_before_the_account(
    place: Place, tmp_path: Path
) -> None:
    store = FileStore(tmp_path / "secrets")
    store.write("REGISTRY_PASSWORD", Secret("named-password-0123"))
    settings = ImageSettings(
        repository=f"{place.registry.host}/chat",
        username="ci",
        password_secret="REGISTRY_PASSWORD",
    )
    registry = registry_of(settings, store, logins_of(place.account(), is_target=True))
    assert registry is not None
    login = registry.login()
    assert login is not None
    assert login.username == "ci"


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[RunningRegistry]:
    with servers.running(tmp_path / "plain") as registry:
        yield registry


@needs_registry
def test_whether_a_registry_of_this_machine_speaks_tls_is_found_out(
    place: Place, plain: RunningRegistry
) -> None:
    assert speaks_tls(place.registry.host)
    assert not speaks_tls(plain.host)
    assert not speaks_tls("localhost:1")
    assert place.registry.requests == []


def test_a_registry_of_this_machine_with_tls_must_be_one_that_is_trusted(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(BuildError) as raised:
        Client(parse(f"{place.registry.host}/team/chat"), Fixed(), QUICK).check()
    assert "CERTIFICATE_VERIFY_FAILED" in raised.value.evidence
    assert place.registry.requests == []
