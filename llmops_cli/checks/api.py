"""The API under test as the checks share it: what it is, and how to ask it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import httpx2

from llmops_cli.checks.deadline import NoAnswerError
from llmops_cli.checks.documents import texts_at
from llmops_cli.checks.http import Answer, Question, ask
from llmops_cli.checks.probe import NO_SUCH_ROUTE, Identity, identify
from llmops_cli.checks.subject import Subject
from llmops_cli.core.check import Finding, skipped
from llmops_cli.core.secret import Secret
from llmops_cli.errors import CheckError


@dataclass(frozen=True)
class Api:
    """A subject and the client that asks it. What is found out once is kept for later checks."""

    client: httpx2.Client
    subject: Subject

    @cached_property
    def identity(self) -> Identity:
        """Who answers; nobody in particular when there is no answer."""
        return identify(self.client)

    @cached_property
    def liveness(self) -> Answer | NoAnswerError:
        """The answer to the liveness probe of this kind of server, or why there is none."""
        try:
            return self._ask_liveness()
        except NoAnswerError as error:
            return error

    def _ask_liveness(self) -> Answer:
        if self.identity.is_strange:
            # LiteLLM's own probe; its plain /health calls every model and costs money.
            answer = self.get("/health/liveliness", anonymous=True)
            if answer.status not in NO_SUCH_ROUTE:
                return answer
        return self.get("/health", anonymous=True)

    @cached_property
    def lacks_dialect(self) -> bool:
        """Whether this is a project's own application, and without the routes of OpenAI.

        The API itself is never taken for one: that it lacks them is a failure. The second question
        asks no model anything.
        """
        if not self.subject.has_own_application:
            return False
        answers = (self.get("/v1/models"), self.post("/v1/chat/completions", {}))
        return all(answer.status in (404, 405) for answer in answers)

    @cached_property
    def model(self) -> str | None:
        """The model to ask: the subject's, or else the first one listed, or None."""
        if self.subject.model:
            return self.subject.model
        try:
            return next(iter(listed_models(self.get("/v1/models"))), None)
        except CheckError:
            return None

    def get(self, path: str, *, anonymous: bool = False) -> Answer:
        """GET a path, with the subject's credential unless ``anonymous``."""
        credential = None if anonymous else self.subject.credential
        return ask(self.client, Question("GET", path, credential=credential))

    def post(self, path: str, body: Mapping[str, object], *, uses_model: bool = False) -> Answer:
        """POST a JSON body with the subject's credential."""
        return ask(self.client, self.posting(path, body, uses_model=uses_model))

    def post_as(self, credential: Secret | None, path: str, body: Mapping[str, object]) -> Answer:
        """POST a JSON body with another credential, or with none."""
        return ask(self.client, Question("POST", path, _encoded(body), credential))

    def posting(
        self, path: str, body: Mapping[str, object], *, uses_model: bool = False
    ) -> Question:
        """Return the question that ``post`` asks."""
        seconds = self.subject.model_timeout_seconds if uses_model else None
        return Question("POST", path, _encoded(body), self.subject.credential, seconds=seconds)

    def expect_ok(self, answer: Answer) -> Answer:
        """Return an answer that has status 200.

        Raises:
            CheckError: it has another.
        """
        if answer.status == 200:
            return answer
        keyless = answer.status in (401, 403) and self.subject.credential is None
        raise CheckError(answer.said + (" (no credential was given)" if keyless else ""))


def _encoded(body: Mapping[str, object]) -> bytes:
    return json.dumps(body).encode()


def listed_models(answer: Answer) -> tuple[str, ...]:
    """Return the ids in an answer of ``/v1/models``.

    Raises:
        CheckError: the answer is not JSON.
    """
    document = answer.document()
    return texts_at(document.get("data") if isinstance(document, dict) else None, "id")


def only_ours() -> Finding:
    """Find that a check is about routes which only our own API has."""
    return skipped("not an llmops API: GET /version names no release")
