"""Questions to Google over HTTP, for the few services that need no client of their own."""

import json
import ssl
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import httpx2

from llmops_cli.checks.http import is_loopback
from llmops_cli.clouds.gcp.account import Account
from llmops_cli.clouds.gcp.trouble import PERMISSION, Attempt, missing, without_secrets
from llmops_cli.clouds.pauses import pauses
from llmops_cli.errors import AccessError, DeployError, LlmopsError

_SECONDS, _CONNECT_SECONDS = 30.0, 10.0
#: Seconds for which a question is asked again that may pass yet.
_PATIENCE = 20.0
_MAY_PASS = (408, 429, 500, 502, 503, 504)
_UNAUTHORIZED, _FORBIDDEN = 401, 403


@dataclass(frozen=True)
class Answer:
    """An answer; ``attempts`` counts how often it was asked for."""

    status: int
    headers: Mapping[str, str]
    text: str
    attempts: int = 1

    @property
    def document(self) -> Mapping[str, Any]:
        """The body's JSON object; an empty one where it is none."""
        try:
            found = json.loads(self.text)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def said(self) -> str:
        """Status and message of what Google said, without what is secret in them."""
        error = self.document.get("error")
        message = error.get("message") if isinstance(error, dict) else self.text[:300]
        return without_secrets(f"{self.status} {message or ''}".strip())


@dataclass(frozen=True)
class Question:
    """A request, and what it does in words, as in "read the lock"."""

    doing: str
    method: str
    path: str
    parameters: Sequence[tuple[str, str]] = ()
    body: str | None = None
    content_type: str = "application/json"
    failure: type[LlmopsError] = DeployError


@dataclass(frozen=True)
class Web:
    """A service of Google at ``url``, asked as an account. Making one asks nobody."""

    account: Account
    url: str
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def ask(self, question: Question) -> Answer:
        """Return the answer, whatever its status, but for one that says that we may not.

        Raises:
            AccessError: we are nobody, or may not.
            LlmopsError: of the question's kind, where nobody answers.
        """
        answer = self._lasting(question)
        if answer.status == _UNAUTHORIZED:
            raise AccessError(
                f"Google does not take the token of {self.account.origin}.",
                evidence=answer.said,
                next_step=self.account.chosen.remedy,
            )
        if answer.status == _FORBIDDEN:
            raise self._refused(question, answer)
        return answer

    def _lasting(self, question: Question) -> Answer:
        last, attempts = "", 0
        token = self.account.token()
        is_new = False
        for _passed in pauses(_PATIENCE):
            attempts += 1
            try:
                answer = self._asked(question, token, attempts)
            except httpx2.TransportError as error:
                last = str(error) or type(error).__name__
                continue
            if answer.status == _UNAUTHORIZED and not is_new:
                # It was revoked, perhaps; a new one is asked with once.
                token, is_new = self.account.renewed(token), True
            elif answer.status not in _MAY_PASS:
                return answer
            last = answer.said
        raise question.failure(
            f"Google did not {question.doing}.",
            evidence=f"{self.url}: {without_secrets(last)}",
            next_step="Look at the network and at https://status.cloud.google.com, then again.",
        )

    def _asked(self, question: Question, token: str, attempt: int) -> Answer:
        headers = {"authorization": f"Bearer {token}"}
        if question.body is not None:
            headers["content-type"] = question.content_type
        quota = getattr(self.account.credentials, "quota_project_id", None)
        if quota:
            headers["x-goog-user-project"] = quota
        with self._lock:
            response = self._client.request(
                question.method,
                question.path,
                params=list(question.parameters),
                headers=headers,
                content=question.body.encode() if question.body is not None else None,
            )
        return Answer(response.status_code, dict(response.headers), response.text, attempt)

    @cached_property
    def _client(self) -> httpx2.Client:
        url = httpx2.URL(self.url)
        verify: ssl.SSLContext = httpx2.create_ssl_context()
        made = httpx2.Client(
            base_url=self.url,
            timeout=httpx2.Timeout(_SECONDS, connect=_CONNECT_SECONDS),
            headers={"user-agent": "llmops"},
            verify=verify,
            transport=httpx2.HTTPTransport(verify=verify) if is_loopback(url.host) else None,
        )
        self.account.closing(made.close)
        return made

    def _refused(self, question: Question, answer: Answer) -> AccessError:
        found = PERMISSION.search(answer.said)
        attempt = Attempt(question.doing, who=self.account.origin)
        return missing(attempt, found[1] if found else "", answer.said)
