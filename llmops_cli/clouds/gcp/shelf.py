"""Texts in a bucket of Cloud Storage, changed under its conditions (generations)."""

from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote

from llmops_cli.clouds.gcp.account import Account, required
from llmops_cli.clouds.gcp.http import Answer, Question, Web
from llmops_cli.clouds.shelf import ChangedError, Kept
from llmops_cli.errors import DeployError, LlmopsError, PreflightError

#: Where Cloud Storage is.
STORAGE = "https://storage.googleapis.com"
_GENERATION, _NOTHING = "x-goog-generation", "0"
_OK, _GONE, _NOT_FOUND, _CHANGED = 200, 204, 404, 412


@dataclass(frozen=True)
class BucketShelf:
    """The bucket that a target names.

    It is asked over HTTP: Google's package for storage takes longer to load than all of ours.
    """

    account: Account

    @property
    def name(self) -> str:
        """The bucket's address."""
        return f"gs://{self.account.settings.bucket or ''}"

    def read(self, key: str) -> Kept | None:
        """Return a text, or None where there is none."""
        answer = self._ask(Question(f"read {key}", "GET", self._path(key), [("alt", "media")]))
        if answer.status == _NOT_FOUND:
            return None
        if answer.status != _OK:
            raise self._unexpected(f"read {key}", answer)
        return Kept(answer.text, answer.headers.get(_GENERATION, _NOTHING))

    def write(self, key: str, text: str, expected: str | None) -> str:
        """Put a text in the place of version ``expected``, or of nothing; return its version."""
        parameters = [
            ("uploadType", "media"),
            ("name", key),
            ("ifGenerationMatch", _NOTHING if expected is None else expected),
        ]
        path = f"/upload/storage/v1/b/{quote(self._bucket, safe='')}/o"
        answer = self._ask(
            Question(f"write {key}", "POST", path, parameters, text, "text/plain; charset=utf-8")
        )
        if answer.status == _CHANGED:
            return self._mine_after_all(key, text, answer)
        if answer.status != _OK:
            raise self._unexpected(f"write {key}", answer)
        return str(answer.document.get("generation") or "")

    def remove(self, key: str, expected: str) -> None:
        """Remove a text that is in version ``expected``."""
        parameters = [("ifGenerationMatch", expected)]
        answer = self._ask(Question(f"remove {key}", "DELETE", self._path(key), parameters))
        if answer.status == _NOT_FOUND and answer.attempts > 1:
            # An attempt of ours, to which nobody answered, has removed it.
            return
        if answer.status in (_CHANGED, _NOT_FOUND):
            raise ChangedError(key)
        if answer.status not in (_OK, _GONE):
            raise self._unexpected(f"remove {key}", answer)

    @property
    def _bucket(self) -> str:
        return required(self.account.settings.bucket, "bucket")

    def _path(self, key: str) -> str:
        return f"/storage/v1/b/{quote(self._bucket, safe='')}/o/{quote(key, safe='')}"

    @cached_property
    def _web(self) -> Web:
        own = self.account.settings.endpoints.storage
        return Web(self.account, str(own or STORAGE).rstrip("/"))

    def _ask(self, question: Question) -> Answer:
        answer = self._web.ask(question)
        if answer.status == _NOT_FOUND and "bucket does not exist" in answer.said:
            raise PreflightError(
                f"There is no bucket {self.name}.",
                evidence=answer.said,
                state="Nothing was changed.",
                next_step="llmops infra apply, or mend `bucket` in llmops.toml and commit.",
            )
        return answer

    def _mine_after_all(self, key: str, text: str, answer: Answer) -> str:
        """Return the version of what is there, if an attempt of ours that nobody answered put it.

        Raises:
            ChangedError: somebody else did.
        """
        kept = self.read(key) if answer.attempts > 1 else None
        if kept is None or kept.text != text:
            raise ChangedError(key)
        return kept.version

    def _unexpected(self, doing: str, answer: Answer) -> LlmopsError:
        return DeployError(
            f"Cloud Storage did not {doing} in {self.name}.",
            evidence=answer.said,
            next_step="llmops doctor",
        )
