"""A bucket of S3 as a shelf: who changes what another has changed meanwhile notices it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from llmops_cli.clouds.aws.account import Account
from llmops_cli.clouds.aws.shelf import BucketShelf
from llmops_cli.clouds.shelf import ChangedError
from llmops_cli.config.aws_target import AwsTarget
from llmops_cli.core.target import Holder
from llmops_cli.errors import LockedError, PreflightError
from llmops_cli.targets.shelved.book import Book, Entry
from tests.clouds.aws.conftest import ACCOUNT, BUCKET


@pytest.fixture
def shelf(moto: Any) -> BucketShelf:
    return shelf_of(BUCKET)


def shelf_of(bucket: str | None) -> BucketShelf:
    return BucketShelf(Account(AwsTarget(region="eu-west-1", account=ACCOUNT, bucket=bucket)))


def test_a_text_is_read_in_the_version_that_was_written(shelf: BucketShelf) -> None:
    assert shelf.read("a/b.json") is None
    version = shelf.write("a/b.json", "grün", None)
    found = shelf.read("a/b.json")
    assert found is not None
    assert (found.text, found.version) == ("grün", version)
    assert shelf.name == f"s3://{BUCKET}"


def test_what_is_there_is_not_written_over_unseen(shelf: BucketShelf) -> None:
    first = shelf.write("key", "one", None)
    with pytest.raises(ChangedError):
        shelf.write("key", "other", None)
    second = shelf.write("key", "two", first)
    with pytest.raises(ChangedError):
        shelf.write("key", "other", first)
    with pytest.raises(ChangedError):
        shelf.remove("key", first)
    shelf.remove("key", second)
    assert shelf.read("key") is None
    with pytest.raises(ChangedError):
        shelf.write("key", "three", second)


def test_a_bucket_that_is_not_there_is_told_with_what_makes_it(moto: Any) -> None:
    with pytest.raises(PreflightError, match="There is no bucket s3://another") as refused:
        shelf_of("another").read("key")
    assert "llmops infra apply" in refused.value.next_step
    with pytest.raises(PreflightError, match="no `bucket`"):
        shelf_of(None).read("key")


def test_a_book_in_a_bucket_locks_and_remembers(shelf: BucketShelf) -> None:
    holder = Holder("ada", "llmops deploy", datetime.now(UTC), 1, "elsewhere")
    book, other = Book(shelf, "demo/aws/"), Book(shelf, "demo/aws/")
    with book.lock(holder, lambda pending: None):
        book.note({"operation": "7"})
        book.settle(Entry("r1", "arn", datetime.now(UTC)), 3)
        with pytest.raises(LockedError, match="Another deploy"):
            with other.lock(holder, lambda pending: None):
                pytest.fail("two hold it")
    with other.lock(holder, lambda pending: None):
        assert other.ledger().live == "r1"
    assert shelf.read("demo/aws/lock.json") is None
