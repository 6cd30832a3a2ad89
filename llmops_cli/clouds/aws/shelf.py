"""Texts in a bucket of S3, changed under its conditions (If-Match, If-None-Match)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from llmops_cli.clouds.aws.account import Account, required
from llmops_cli.clouds.aws.trouble import code_of, said
from llmops_cli.clouds.shelf import ChangedError, Kept
from llmops_cli.errors import PreflightError

#: Something else is there; or somebody else changed it at that very moment.
_CHANGED = ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "412", "404")


@dataclass(frozen=True)
class BucketShelf:
    """The bucket that a target names."""

    account: Account

    @property
    def name(self) -> str:
        """The bucket's address."""
        return f"s3://{self._bucket}"

    def read(self, key: str) -> Kept | None:
        """Return a text, or None where there is none."""
        try:
            with self._asked(f"read {self.name}/{key}") as client:
                answer = client.get_object(Key=key, **self._place)
                return Kept(answer["Body"].read().decode("utf-8", "replace"), answer["ETag"])
        except ChangedError:
            return None

    def write(self, key: str, text: str, expected: str | None) -> str:
        """Put a text in the place of version ``expected``, or of nothing; return its version."""
        condition = {"IfNoneMatch": "*"} if expected is None else {"IfMatch": expected}
        with self._asked(f"write {self.name}/{key}") as client:
            kind = "application/json; charset=utf-8"
            body = text.encode()
            answer = client.put_object(
                Key=key, Body=body, ContentType=kind, **condition, **self._place
            )
        return str(answer["ETag"])

    def remove(self, key: str, expected: str) -> None:
        """Remove a text that is in version ``expected``."""
        with self._asked(f"remove {self.name}/{key}") as client:
            client.delete_object(Key=key, IfMatch=expected, **self._place)

    @property
    def _bucket(self) -> str:
        return required(self.account.settings.bucket, "bucket")

    @property
    def _place(self) -> dict[str, str]:
        owner = self.account.settings.account
        place = {"Bucket": self._bucket}
        return {**place, "ExpectedBucketOwner": owner} if owner else place

    @contextmanager
    def _asked(self, doing: str) -> Iterator[Any]:
        """Give the client, and raise ChangedError where something else, or nothing, is there."""
        client = self.account.client("s3")
        from botocore.exceptions import ClientError

        # Within a rollout, what was undone is told instead.
        with self.account.told(doing, state="Nothing was changed."):
            try:
                yield client
            except ClientError as error:
                if code_of(error) == "NoSuchBucket":
                    raise _absent(self.name, said(error)) from error
                if code_of(error) in _CHANGED:
                    raise ChangedError from error
                raise


def _absent(name: str, evidence: str) -> PreflightError:
    return PreflightError(
        f"There is no bucket {name}, which holds the lock and the history of releases.",
        evidence=evidence,
        state="Nothing was changed.",
        next_step="llmops infra apply, or mend `bucket` in llmops.toml.",
    )
