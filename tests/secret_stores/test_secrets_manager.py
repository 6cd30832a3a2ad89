"""Secrets in Secrets Manager: by the real client, over HTTPS, with every answer that AWS has."""

from collections.abc import Callable

import pytest

pytest.importorskip("boto3")

from llmops_cli.clouds.aws.account import Account
from llmops_cli.clouds.aws.secret_values import NAME_TAG, PROPOSED
from llmops_cli.config.aws_target import AwsTarget
from llmops_cli.core.secret import Secret
from llmops_cli.errors import AccessError, LlmopsError, PreflightError, UsageError
from llmops_cli.secret_stores.secrets_manager import SecretsManagerStore
from tests.fakes.aws.cloud import AwsCloud
from tests.fakes.aws.wire import Refusal

VALUE = "a value with spaces, ünïcode, $dollars and\na second line"
Fresh = Callable[[], SecretsManagerStore]


@pytest.fixture
def store(aws: AwsCloud, monkeypatch: pytest.MonkeyPatch) -> Fresh:
    """A store as a new command has one: it remembers nothing."""
    for name, value in aws.environment().items():
        monkeypatch.setenv(name, value)
    account = Account(AwsTarget(region="eu-west-1"))
    return lambda: SecretsManagerStore(account, "chat/")


def refusal(kind: type[LlmopsError], do: Callable[[], object]) -> LlmopsError:
    with pytest.raises(kind) as raised:
        do()
    assert type(raised.value) is kind
    return raised.value


def test_every_value_is_a_version_that_stays_readable(store: Fresh) -> None:
    assert (store().names(), store().current_version("A_KEY")) == ((), None)
    assert store().read("A_KEY") is None
    first, second = (store().write("A_KEY", Secret(value)) for value in (VALUE, "new"))
    fresh = store()
    assert fresh.current_version("A_KEY") == second != first
    assert fresh.read("A_KEY") == Secret("new")
    assert fresh.read("A_KEY", first) == Secret(VALUE)
    assert fresh.read("A_KEY", "0" * 32) is None
    assert fresh.read("A_KEY", "7") is None
    assert fresh.names() == ("A_KEY",)


def test_what_is_known_is_not_asked_for_again(aws: AwsCloud, store: Fresh) -> None:
    writer = store()
    with aws.counting() as counted:
        written = writer.write("A_KEY", Secret("new"))
        assert writer.read("A_KEY") == Secret("new")
        assert writer.reference("A_KEY", written).endswith(written)
    assert counted["secretsmanager.GetSecretValue"] == 0
    fresh = store()
    with aws.counting() as counted:
        for _ in range(3):
            assert fresh.read("A_KEY", fresh.current_version("A_KEY")) == Secret("new")
    assert counted == {"secretsmanager.GetSecretValue": 1}


def test_a_release_names_a_version_by_the_arn_that_aws_gave_the_secret(
    aws: AwsCloud, store: Fresh
) -> None:
    version = store().write("A_KEY", Secret("new"))
    reference = store().reference("A_KEY", version)
    assert reference == f"{aws.secrets.kept['chat/A_KEY'].arn}:::{version}"
    assert aws.secrets.resolve(reference) == "new"
    error = refusal(PreflightError, lambda: store().reference("B_KEY", version))
    assert error.next_step == "llmops secrets set B_KEY"


@pytest.mark.parametrize("before", ["old", None])
def test_a_proposed_version_counts_when_it_is_accepted(store: Fresh, before: str | None) -> None:
    old = store().write("A_KEY", Secret(before)) if before else None
    new = store().propose("A_KEY", Secret("new"))
    assert store().current_version("A_KEY") == old
    assert store().names() == (("A_KEY",) if before else ())
    assert store().read("A_KEY", new) == Secret("new")
    store().accept("A_KEY", new)
    store().accept("A_KEY", new)
    assert store().current_version("A_KEY") == new
    assert store().names() == ("A_KEY",)


@pytest.mark.parametrize("before", ["old", None])
def test_a_proposed_version_never_counts_when_it_is_withdrawn(
    store: Fresh, before: str | None
) -> None:
    old = store().write("A_KEY", Secret(before)) if before else None
    new = store().propose("A_KEY", Secret("new"))
    store().withdraw("A_KEY", new)
    store().withdraw("A_KEY", new)
    assert store().current_version("A_KEY") == old
    third = store().write("A_KEY", Secret("third"))
    assert store().current_version("A_KEY") == third


def test_of_two_that_are_proposed_neither_withdraws_the_other(aws: AwsCloud, store: Fresh) -> None:
    store().write("A_KEY", Secret("old"))
    first, second = (store().propose("A_KEY", Secret(value)) for value in ("one", "two"))
    stages = {one.id: one.stages for one in aws.secrets.kept["chat/A_KEY"].versions.values()}
    assert [len(stages[one]) for one in (first, second)] == [1, 1]
    assert all(stage.startswith(PROPOSED) for one in (first, second) for stage in stages[one])
    store().withdraw("A_KEY", first)
    store().accept("A_KEY", second)
    assert store().read("A_KEY") == Secret("two")


@pytest.mark.parametrize("operation", ["PutSecretValue", "CreateSecret"])
def test_an_answer_that_is_lost_makes_no_second_version(
    aws: AwsCloud, store: Fresh, operation: str
) -> None:
    aws.faults.lose(f"secretsmanager.{operation}")
    version = store().write("A_KEY", Secret("new"))
    assert list(aws.secrets.kept["chat/A_KEY"].versions) == [version]


def test_an_account_that_is_shared_shows_each_project_its_own(aws: AwsCloud, store: Fresh) -> None:
    store().write("A_KEY", Secret("ours"))
    for name in ("chatty/A_KEY", "other/B_KEY", "chat/sub/C_KEY", "chat/lower"):
        aws.secrets.put(name, "theirs")
    aws.secrets.put("chat/BY_HAND", "ours too")
    aws.secrets.put("chat/D_KEY", "theirs")
    aws.secrets.kept["chat/D_KEY"].tags[NAME_TAG] = "ANOTHER"
    assert store().names() == ("A_KEY", "BY_HAND")
    assert aws.secrets.kept["chat/A_KEY"].tags[NAME_TAG] == "A_KEY"


def test_what_was_removed_is_gone_and_comes_back_with_its_versions_when_it_is_set(
    aws: AwsCloud, store: Fresh
) -> None:
    first = store().write("A_KEY", Secret("old"))
    said = store().remove("A_KEY")
    assert "Secrets Manager keeps it until 20" in said
    assert "llmops secrets set A_KEY" in said
    assert (store().names(), store().current_version("A_KEY")) == ((), None)
    assert store().read("A_KEY", first) is None
    second = store().write("A_KEY", Secret("new"))
    assert store().read("A_KEY", first) == Secret("old")
    assert store().current_version("A_KEY") == second
    assert store().remove("NOT_THERE") == ""


def test_a_missing_right_is_told_with_who_lacks_which_action(aws: AwsCloud, store: Fresh) -> None:
    aws.faults.deny("secretsmanager.PutSecretValue")
    error = refusal(AccessError, lambda: store().write("A_KEY", Secret("very-secret-value")))
    assert "arn:aws:iam::123456789012:user/ci" in error.message
    assert "secretsmanager:PutSecretValue" in error.next_step
    assert "very-secret-value" not in str(error.as_dict())


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("DecryptionFailure", "Secrets Manager can't decrypt the protected secret text"),
        ("AccessDeniedException", "Access to KMS is not allowed"),
    ],
)
def test_a_key_that_does_not_let_us_is_told_as_one(
    aws: AwsCloud, store: Fresh, code: str, said: str
) -> None:
    aws.faults.on("secretsmanager.GetSecretValue", Refusal(code, said))
    error = refusal(AccessError, lambda: store().current_version("A_KEY"))
    assert "kms:Decrypt" in error.next_step


@pytest.mark.parametrize("name", ["lower", "A-KEY", "", "A" * 129])
def test_a_name_that_is_none_is_refused(store: Fresh, name: str) -> None:
    refusal(UsageError, lambda: store().write(name, Secret("value")))


@pytest.mark.parametrize("value", ["", "ü" * 32_769])
def test_a_value_that_aws_does_not_take_is_refused_before_it_is_sent(
    aws: AwsCloud, store: Fresh, value: str
) -> None:
    with aws.counting() as counted:
        refusal(UsageError, lambda: store().write("A_KEY", Secret(value)))
    assert not counted
    assert store().read("A_KEY", store().write("A_KEY", Secret("ü" * 32_768))) is not None
