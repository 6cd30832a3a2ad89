"""Secrets in a Key Vault: by the real client, over HTTPS, with every answer that a vault has."""

from collections.abc import Callable, Iterator

import pytest

from llmops_cli.clouds.azure.account import Account
from llmops_cli.config.azure import Endpoints
from llmops_cli.config.azure_webapp import AzureWebappTarget
from llmops_cli.core.secret import Secret
from llmops_cli.errors import AccessError, LlmopsError, PreflightError, UsageError
from llmops_cli.secret_stores.key_vault import NAME_TAG, KeyVaultStore
from tests.fakes.azure.cloud import AzureCloud
from tests.fakes.azure.vault import Vault

VALUE = "a value with spaces, ünïcode, $dollars and\na second line"


@pytest.fixture(scope="module")
def shared() -> Iterator[AzureCloud]:
    with AzureCloud() as running:
        yield running


@pytest.fixture
def cloud(shared: AzureCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[AzureCloud]:
    for name, value in shared.environment().items():
        monkeypatch.setenv(name, value)
    shared.violations.clear()
    yield shared
    assert shared.violations == []


@pytest.fixture
def vault(cloud: AzureCloud) -> Vault:
    made = Vault(cloud.url)
    cloud.register(made.handlers())
    return made


def store_at(cloud: AzureCloud, **settings: object) -> KeyVaultStore:
    """A store as a new command has one: it remembers nothing."""
    endpoints = Endpoints(authority=cloud.url, resource_manager=cloud.url)
    keys = {"key_vault": cloud.url, "endpoints": endpoints, **settings}
    return KeyVaultStore(Account(AzureWebappTarget.model_validate(keys)))


@pytest.fixture
def store(cloud: AzureCloud, vault: Vault) -> Callable[[], KeyVaultStore]:
    return lambda: store_at(cloud)


Fresh = Callable[[], KeyVaultStore]


def refusal(kind: type[LlmopsError], do: Callable[[], object]) -> dict[str, str]:
    with pytest.raises(kind) as raised:
        do()
    assert type(raised.value) is kind
    return raised.value.as_dict()


def test_every_value_is_a_version_that_stays_readable(store: Fresh) -> None:
    assert (store().names(), store().current_version("A_KEY")) == ((), None)
    assert store().read("A_KEY") is None
    first, second = (store().write("A_KEY", Secret(value)) for value in (VALUE, "new"))
    fresh = store()
    assert fresh.current_version("A_KEY") == second != first
    assert fresh.read("A_KEY") == Secret("new")
    assert fresh.read("A_KEY", first) == Secret(VALUE)
    assert fresh.read("A_KEY", "0" * 32) is None
    assert fresh.names() == ("A_KEY",)


def test_what_was_read_is_not_asked_for_again(cloud: AzureCloud, store: Fresh) -> None:
    first = store().write("A_KEY", Secret("old"))
    second = store().write("A_KEY", Secret("new"))
    fresh = store()
    with cloud.counting() as counted:
        for _ in range(3):
            assert fresh.current_version("A_KEY") == second
            assert fresh.read("A_KEY") == fresh.read("A_KEY", second) == Secret("new")
            assert fresh.read("A_KEY", first) == Secret("old")
            assert fresh.current_version("B_KEY") is None
    assert counted["key_vault_get_secret"] == 3
    assert counted["entra_token"] == 1
    assert not [name for name in counted if "list" in name or "versions" in name]


def test_what_was_written_is_not_asked_for(cloud: AzureCloud, store: Fresh) -> None:
    fresh = store()
    with cloud.counting() as counted:
        version = fresh.write("A_KEY", Secret("value"))
        assert fresh.current_version("A_KEY") == version
        assert fresh.read("A_KEY") == Secret("value")
    assert counted == {"key_vault_set_secret": 1, "entra_configuration": 1, "entra_token": 1}


def test_a_disabled_newest_version_leaves_the_one_before_current(
    store: Fresh, vault: Vault
) -> None:
    versions = [store().write("A_KEY", Secret(f"value-{number}")) for number in range(9)]
    for number in (8, 7, 5):
        vault.kept["a-key"].versions[number].enabled = False
    assert store().current_version("A_KEY") == versions[6]
    assert store().read("A_KEY") == Secret("value-6")
    said = refusal(PreflightError, lambda: store().read("A_KEY", versions[5]))
    assert f"Version {versions[5]} of A_KEY is disabled" in said["message"]
    assert "--enabled true" in said["next"]


def test_with_every_version_disabled_there_is_no_value(store: Fresh, vault: Vault) -> None:
    store().write("A_KEY", Secret("value"))
    vault.kept["a-key"].versions[0].enabled = False
    assert store().current_version("A_KEY") is None
    assert store().read("A_KEY") is None


def test_an_expired_version_is_still_readable_as_the_vault_has_it(
    store: Fresh, vault: Vault
) -> None:
    version = vault.put("a-key", "old", expires=1)
    assert store().current_version("A_KEY") == version.id
    assert store().read("A_KEY", version.id) == Secret("old")


def test_a_proposed_version_counts_when_it_is_accepted_and_never_when_it_is_withdrawn(
    store: Fresh,
) -> None:
    first = store().write("A_KEY", Secret("old"))
    proposed = store().propose("A_KEY", Secret("new"))
    assert store().current_version("A_KEY") == first
    assert store().read("A_KEY", proposed) == Secret("new")
    store().accept("A_KEY", proposed)
    assert store().current_version("A_KEY") == proposed
    other = store().propose("A_KEY", Secret("bad"))
    store().withdraw("A_KEY", other)
    assert store().current_version("A_KEY") == proposed
    assert store().names() == ("A_KEY",)
    refusal(PreflightError, lambda: store().read("A_KEY", other))


def test_a_shared_vault_shows_each_project_its_own_secrets(cloud: AzureCloud, vault: Vault) -> None:
    for prefix in ("chat-", "mail-", None):
        project = store_at(cloud, secret_prefix=prefix)
        project.write("A_KEY", Secret(f"of {prefix}"))
        project.write("B_KEY", Secret("b"))
    vault.put("terraforms", "no tag")
    vault.put("strange", "another's tag", tags={NAME_TAG: "not a name", "other": "x"})
    assert sorted(vault.kept) == [
        *("a-key", "b-key", "chat-a-key", "chat-b-key"),
        *("mail-a-key", "mail-b-key", "strange", "terraforms"),
    ]
    for prefix in ("chat-", "mail-", None):
        project = store_at(cloud, secret_prefix=prefix)
        assert project.names() == ("A_KEY", "B_KEY")
        assert project.read("A_KEY") == Secret(f"of {prefix}")


def test_a_secret_that_somebody_else_set_is_read_by_its_name(store: Fresh, vault: Vault) -> None:
    version = vault.put("OpenAI-API-Key", "set in the portal")
    assert store().current_version("OPENAI_API_KEY") == version.id
    assert store().read("OPENAI_API_KEY") == Secret("set in the portal")
    assert store().names() == ()


def test_a_removed_secret_is_gone_and_comes_back_with_its_versions_when_it_is_set(
    store: Fresh, vault: Vault
) -> None:
    old = store().write("A_KEY", Secret("old"))
    vault.slowness = 1
    user = store()
    assert user.read("A_KEY") == Secret("old")
    said = user.remove("A_KEY")
    assert "nobody can purge it before" in said
    assert said.endswith("llmops secrets set A_KEY")
    assert (user.read("A_KEY"), user.current_version("A_KEY"), user.names()) == (None, None, ())
    assert store().read("A_KEY", old) is None
    new = store().write("A_KEY", Secret("new"))
    assert store().current_version("A_KEY") == new
    assert store().read("A_KEY", old) == Secret("old")
    assert store().remove("NEVER_SET") == ""


def test_without_purge_protection_it_is_not_claimed(store: Fresh, vault: Vault) -> None:
    vault.is_protected = False
    store().write("A_KEY", Secret("old"))
    said = store().remove("A_KEY")
    assert "The vault keeps it until" in said
    assert "purge" not in said


@pytest.mark.parametrize(
    ("right", "role", "do"),
    [
        ("get", "Key Vault Secrets User", lambda store: store.read("A_KEY")),
        ("list", "Key Vault Secrets User", lambda store: store.names()),
        ("set", "Key Vault Secrets Officer", lambda store: store.write("A_KEY", Secret("x"))),
        ("set", "Key Vault Secrets Officer", lambda store: store.accept("A_KEY", "")),
        ("delete", "Key Vault Secrets Officer", lambda store: store.remove("A_KEY")),
    ],
)
def test_a_missing_right_is_told_with_who_lacks_it_and_the_role_or_permission(
    store: Fresh, vault: Vault, right: str, role: str, do: Callable[[KeyVaultStore], object]
) -> None:
    store().write("A_KEY", Secret("value"))
    vault.rights.discard(right)
    said = refusal(AccessError, lambda: do(store()))
    assert f"the role {role} is missing" in said["message"]
    assert "the client secret of the application" in said["message"]
    assert f'--role "{role}"' in said["next"]
    vault.rules = "policy"
    said = refusal(AccessError, lambda: do(store()))
    assert f"none gives the permission {right}" in said["message"]
    assert f"--secret-permissions {right}" in said["next"]


def test_recovering_wants_the_officers_role_too(store: Fresh, vault: Vault) -> None:
    vault.slowness = 0
    store().write("A_KEY", Secret("value"))
    store().remove("A_KEY")
    vault.rights.discard("recover")
    said = refusal(AccessError, lambda: store().write("A_KEY", Secret("value")))
    assert "the role Key Vault Secrets Officer is missing" in said["message"]


def test_a_firewall_is_told_as_one(store: Fresh, vault: Vault) -> None:
    vault.is_walled = True
    said = refusal(AccessError, lambda: store().read("A_KEY"))
    assert "firewall" in said["message"]
    assert "network-rule" in said["next"]


def test_a_target_without_a_vault_names_what_makes_one(cloud: AzureCloud) -> None:
    said = refusal(PreflightError, lambda: store_at(cloud, key_vault=None).read("A_KEY"))
    assert "no `key_vault`" in said["message"]
    assert "llmops infra apply" in said["next"]


def test_a_vault_that_is_not_there_is_told(cloud: AzureCloud, vault: Vault) -> None:
    elsewhere = store_at(cloud, key_vault="https://localhost:1")
    said = refusal(PreflightError, lambda: elsewhere.read("A_KEY"))
    assert "https://localhost:1 does not answer" in said["message"]
    assert "refused" in said["evidence"]
    plain = store_at(cloud, key_vault=cloud.url.replace("https", "http"))
    said = refusal(PreflightError, lambda: plain.read("A_KEY"))
    assert "non-https" in said["evidence"]


@pytest.mark.parametrize("name", ["lower_case", "A-B", "1ST", "A" * 129, "A" * 127])
def test_a_name_that_a_vault_does_not_take_is_refused(
    cloud: AzureCloud, vault: Vault, name: str
) -> None:
    prefixed = store_at(cloud, secret_prefix="chat-")
    said = refusal(UsageError, lambda: prefixed.write(name, Secret("value")))
    assert "OPENAI_API_KEY" in said["next"]
    assert vault.kept == {}


def test_a_value_that_is_too_long_is_refused_before_it_is_sent(store: Fresh, vault: Vault) -> None:
    said = refusal(UsageError, lambda: store().write("A_KEY", Secret("ü" * 12_801)))
    assert "25600 bytes" in said["message"]
    assert vault.kept == {}


def test_a_token_that_is_refused_is_asked_for_anew(cloud: AzureCloud, store: Fresh) -> None:
    user = store()
    user.write("A_KEY", Secret("value"))
    cloud.entra.expire()
    with cloud.counting() as counted:
        assert user.read("OTHER") is None
        user.write("A_KEY", Secret("next"))
    assert counted["entra_token"] == 1
