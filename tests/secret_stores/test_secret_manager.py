"""Secrets in Secret Manager: by Google's client, over gRPC, with every answer that Google has."""

from collections.abc import Callable

import pytest

pytest.importorskip("google.cloud.secretmanager_v1")

from llmops_cli.clouds.gcp.account import Account
from llmops_cli.core.secret import Secret
from llmops_cli.errors import AccessError, LlmopsError, PreflightError, UsageError
from llmops_cli.secret_stores.secret_manager import NEWEST, PROPOSED, SecretManagerStore
from tests.clouds.gcp.conftest import account as account  # noqa: PLC0414
from tests.fakes.gcp.answers import aborted, denied
from tests.fakes.gcp.cloud import GcpCloud

VALUE = "a value with spaces, ünïcode, $dollars and\na second line"
ID = "chat-A_KEY"
Fresh = Callable[[], SecretManagerStore]


@pytest.fixture
def store(account: Account) -> Fresh:
    """A store as a new command has one: it remembers nothing."""
    return lambda: SecretManagerStore(account, "chat-")


def refusal(kind: type[LlmopsError], do: Callable[[], object]) -> LlmopsError:
    with pytest.raises(kind) as raised:
        do()
    assert type(raised.value) is kind
    return raised.value


def test_every_value_is_a_version_that_stays_readable(gcp: GcpCloud, store: Fresh) -> None:
    assert (store().names(), store().current_version("A_KEY")) == ((), None)
    assert store().read("A_KEY") is None
    first, second = (store().write("A_KEY", Secret(value)) for value in (VALUE, "new"))
    fresh = store()
    assert (first, second, fresh.current_version("A_KEY")) == ("1", "2", "2")
    assert fresh.read("A_KEY") == Secret("new")
    assert fresh.read("A_KEY", first) == Secret(VALUE)
    assert fresh.read("A_KEY", "7") is None
    assert fresh.names() == ("A_KEY",)
    # Google was told the checksums, and where the values may be.
    kept = gcp.secrets.kept[ID]
    assert all(version.has_own_checksum for version in kept.versions)
    replicas = kept.document["replication"]["userManaged"]["replicas"]
    assert replicas == [{"location": gcp.location}]


def test_what_is_known_is_not_asked_for_again(gcp: GcpCloud, store: Fresh) -> None:
    writer = store()
    written = writer.write("A_KEY", Secret("new"))
    with gcp.counting() as counted:
        assert writer.read("A_KEY") == Secret("new")
        assert writer.reference("A_KEY", written) == gcp_name(gcp, written)
    assert not counted
    fresh = store()
    with gcp.counting() as counted:
        for _ in range(3):
            assert fresh.read("A_KEY", fresh.current_version("A_KEY")) == Secret("new")
    assert counted["SecretManagerService.AccessSecretVersion"] == 1
    assert counted["SecretManagerService.ListSecretVersions"] == 1


def gcp_name(gcp: GcpCloud, version: str) -> str:
    """The name of a version of the key, as a release has it."""
    return f"projects/{gcp.project}/secrets/{ID}/versions/{version}"


@pytest.mark.parametrize("before", ["old", None])
def test_a_proposed_version_counts_when_it_is_accepted(
    gcp: GcpCloud, store: Fresh, before: str | None
) -> None:
    old = store().write("A_KEY", Secret(before)) if before else None
    new = store().propose("A_KEY", Secret("new"))
    assert store().current_version("A_KEY") == old
    assert store().names() == (("A_KEY",) if before else ())
    assert store().read("A_KEY", new) == Secret("new")
    store().accept("A_KEY", new)
    store().accept("A_KEY", new)
    assert store().current_version("A_KEY") == new
    assert store().names() == ("A_KEY",)
    assert gcp.secrets.kept[ID].document["annotations"] == {}


@pytest.mark.parametrize("before", ["old", None])
def test_a_proposed_version_never_counts_when_it_is_withdrawn(
    gcp: GcpCloud, store: Fresh, before: str | None
) -> None:
    old = store().write("A_KEY", Secret(before)) if before else None
    new = store().propose("A_KEY", Secret("new"))
    store().withdraw("A_KEY", new)
    store().withdraw("A_KEY", new)
    assert store().current_version("A_KEY") == old
    assert gcp.secrets.value(gcp_name(gcp, new)) is None
    # It does not count either where somebody enables it again.
    gcp.secrets.kept[ID].versions[-1].state = "ENABLED"
    assert store().current_version("A_KEY") == old
    third = store().write("A_KEY", Secret("third"))
    assert store().current_version("A_KEY") == third


def test_of_two_proposed_versions_each_counts_or_not_for_itself(store: Fresh) -> None:
    store().write("A_KEY", Secret("old"))
    first, second = (store().propose("A_KEY", Secret(value)) for value in ("one", "two"))
    store().withdraw("A_KEY", first)
    assert store().read("A_KEY") == Secret("old")
    store().accept("A_KEY", second)
    assert store().read("A_KEY") == Secret("two")


@pytest.mark.parametrize("moment", ["before it is stored", "before it is marked"])
def test_what_a_killed_proposal_left_counts_for_nobody_and_keeps_nobody_from_counting(
    gcp: GcpCloud, store: Fresh, moment: str
) -> None:
    old = store().write("A_KEY", Secret("old"))
    is_early = moment == "before it is stored"
    name = "AddSecretVersion" if is_early else "UpdateSecret"
    gcp.faults.on(
        f"SecretManagerService.{name}", denied("any"), times=None, after=0 if is_early else 1
    )
    refusal(AccessError, lambda: store().propose("A_KEY", Secret("new")))
    gcp.faults.arranged.clear()
    assert store().current_version("A_KEY") == old
    assert gcp.secrets.kept[ID].document["annotations"] == {NEWEST: old}
    third = store().write("A_KEY", Secret("third"))
    assert store().current_version("A_KEY") == third


def test_an_answer_that_is_lost_lets_no_proposal_count(gcp: GcpCloud, store: Fresh) -> None:
    old = store().write("A_KEY", Secret("old"))
    gcp.faults.lose("SecretManagerService.AddSecretVersion")
    new = store().propose("A_KEY", Secret("new"))
    assert len(gcp.secrets.kept[ID].versions) == 3
    assert store().current_version("A_KEY") == old
    assert gcp.secrets.kept[ID].document["annotations"] == {PROPOSED: f"2,{new}"}
    store().accept("A_KEY", new)
    assert store().current_version("A_KEY") == new


def test_a_change_by_somebody_else_is_not_overwritten(gcp: GcpCloud, store: Fresh) -> None:
    store().write("A_KEY", Secret("old"))
    gcp.secrets.kept[ID].document["annotations"] = {"theirs": "yes"}
    gcp.faults.on("SecretManagerService.UpdateSecret", aborted("The etag does not match."), 2)
    new = store().propose("A_KEY", Secret("new"))
    assert gcp.secrets.kept[ID].document["annotations"] == {"theirs": "yes", PROPOSED: new}


@pytest.mark.parametrize("state", ["DISABLED", "DESTROYED"])
def test_a_version_that_cannot_be_used_is_not_the_current_one(
    gcp: GcpCloud, store: Fresh, state: str
) -> None:
    first, second = (store().write("A_KEY", Secret(value)) for value in ("old", "new"))
    gcp.secrets.kept[ID].versions[-1].state = state
    assert store().current_version("A_KEY") == first
    error = refusal(PreflightError, lambda: store().read("A_KEY", second))
    assert "disabled or destroyed" in error.message
    assert f"versions enable {second} --secret={ID}" in error.next_step


def test_a_value_that_does_not_fit_its_checksum_is_asked_for_again_and_never_used(
    gcp: GcpCloud, store: Fresh
) -> None:
    version = gcp.secrets.put(ID, "old")
    version.checksum = 1
    error = refusal(PreflightError, lambda: store().read("A_KEY"))
    assert "checksum" in error.message
    assert gcp.secrets.accessed == [f"{ID}/versions/1"] * 3
    version.checksum, version.value = None, b"\xff\xfe"
    assert "no text" in refusal(PreflightError, lambda: store().read("A_KEY")).message


def test_a_project_that_is_shared_shows_each_of_ours_its_own(gcp: GcpCloud, store: Fresh) -> None:
    store().write("A_KEY", Secret("ours"))
    for name in ("chatty-A_KEY", "old-chat-B_KEY", "chat-lower", "chat-sub-C_KEY"):
        gcp.secrets.put(name, "theirs")
    gcp.secrets.put("chat-BY_HAND", "ours too")
    gcp.secrets.put("chat-OFF", "ours too").state = "DISABLED"
    assert store().names() == ("A_KEY", "BY_HAND")


def test_what_was_removed_is_gone(gcp: GcpCloud, store: Fresh) -> None:
    first = store().write("A_KEY", Secret("old"))
    said = store().remove("A_KEY")
    assert "releases that were made with it start no more" in said
    assert (store().names(), store().current_version("A_KEY")) == ((), None)
    assert store().read("A_KEY", first) is None
    assert ID not in gcp.secrets.kept
    assert store().remove("NOT_THERE") == ""


def test_a_missing_right_is_told_with_who_lacks_which_action(gcp: GcpCloud, store: Fresh) -> None:
    right = "secretmanager.versions.add"
    gcp.faults.on("SecretManagerService.AddSecretVersion", denied(right))
    error = refusal(AccessError, lambda: store().write("A_KEY", Secret("very-secret-value")))
    assert right in f"{error.message} {error.next_step}"
    assert "very-secret-value" not in str(error.as_dict())


@pytest.mark.parametrize("name", ["lower", "A-KEY", "", "A" * 129])
def test_a_name_that_is_none_is_refused(store: Fresh, name: str) -> None:
    refusal(UsageError, lambda: store().write(name, Secret("value")))


def test_a_value_that_google_does_not_take_is_refused_before_it_is_sent(
    gcp: GcpCloud, store: Fresh
) -> None:
    with gcp.counting() as counted:
        refusal(UsageError, lambda: store().write("A_KEY", Secret("ü" * 32_769)))
    assert not counted
    assert store().read("A_KEY", store().write("A_KEY", Secret("ü" * 32_768))) is not None
