"""Texts in a bucket are changed by one at a time, also where an answer is lost on the way."""

import pytest

from llmops_cli.clouds.gcp.account import Account
from llmops_cli.clouds.gcp.doctor import probes
from llmops_cli.clouds.gcp.shelf import BucketShelf
from llmops_cli.clouds.shelf import ChangedError, Kept
from llmops_cli.core.diagnosis import Health
from llmops_cli.errors import PreflightError
from tests.fakes.call import LOST, Call, Reply
from tests.fakes.gcp.cloud import GcpCloud

INSERT, DELETE = "storage.objects.insert", "storage.objects.delete"


@pytest.fixture
def shelf(account: Account) -> BucketShelf:
    """The shelf of the target."""
    return BucketShelf(account)


def test_a_text_is_changed_only_in_the_version_that_was_read(
    gcp: GcpCloud, shelf: BucketShelf
) -> None:
    assert shelf.read("a/b.json") is None
    first = shelf.write("a/b.json", "öne", None)
    assert shelf.read("a/b.json") == Kept("öne", first)
    second = shelf.write("a/b.json", "two", first)
    for expected in (None, first):
        with pytest.raises(ChangedError):
            shelf.write("a/b.json", "three", expected)
    with pytest.raises(ChangedError):
        shelf.remove("a/b.json", first)
    assert gcp.storage.text("a/b.json") == "two"
    shelf.remove("a/b.json", second)
    with pytest.raises(ChangedError):
        shelf.remove("a/b.json", second)


def test_what_was_done_although_the_answer_was_lost_is_done(
    gcp: GcpCloud, shelf: BucketShelf
) -> None:
    gcp.faults.lose(INSERT)
    with gcp.counting() as counted:
        version = shelf.write("lock.json", "mine", None)
    assert counted[INSERT] == 2
    assert shelf.read("lock.json") == Kept("mine", version)
    gcp.faults.lose(DELETE)
    shelf.remove("lock.json", version)
    assert gcp.storage.text("lock.json") is None


def test_somebody_else_who_was_quicker_is_not_taken_for_ourselves(
    gcp: GcpCloud, shelf: BucketShelf
) -> None:
    def quicker(call: Call) -> Reply:
        gcp.storage.put("lock.json", "theirs")
        return LOST

    gcp.faults.on(INSERT, quicker)
    with pytest.raises(ChangedError):
        shelf.write("lock.json", "mine", None)
    assert gcp.storage.text("lock.json") == "theirs"


def test_a_bucket_that_is_not_there_is_no_text_that_is_not_there(
    gcp: GcpCloud, shelf: BucketShelf
) -> None:
    gcp.storage.buckets.clear()
    with pytest.raises(PreflightError, match="no bucket"):
        shelf.read("lock.json")


def test_doctor_says_which_right_in_the_bucket_is_lacking(gcp: GcpCloud, account: Account) -> None:
    (probe,) = [one for one in probes(account, "demo") if one.subject == "bucket"]
    (found,) = probe.look()
    assert found.health is Health.OK
    gcp.storage.lacking = {"storage.objects.delete"}
    (found,) = probe.look()
    assert found.health is Health.PROBLEM
    assert "lacks storage.objects.delete in gs://" in found.text
    gcp.storage.buckets.clear()
    (found,) = probe.look()
    assert "there is no bucket" in found.text
