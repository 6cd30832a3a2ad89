"""Short questions for flows that wait for a release, each over a connection of its own."""

import json
from dataclasses import dataclass

import httpx2

from llmops_cli.checks.deadline import NoAnswerError
from llmops_cli.checks.evidence import one_line
from llmops_cli.checks.http import Answer, Question, ask
from llmops_cli.core.check import Finding, failed, passed

#: Where servers say that they are ready. LiteLLM's plain /health calls every model and costs
#: money, so it is asked only where the two before it do not exist.
_READY_PATHS = ("/health/ready", "/health/readiness", "/health")

#: What a server answers for a path that it does not have; llama.cpp with a key says 401.
NO_SUCH_ROUTE = frozenset({401, 403, 404, 405})


@dataclass(frozen=True)
class Identity:
    """Who answers: the release it says it is, and whether it speaks our own routes.

    ``is_strange`` is whether somebody answered who is not ours.
    """

    release: str | None
    is_ours: bool
    is_strange: bool = False


def read_release(client: httpx2.Client) -> str | None:
    """Return the release that answers a new connection, or None where nothing names one."""
    return identify(client).release


def identify(client: httpx2.Client) -> Identity:
    """Ask ``/version`` who answers; its body, or else the header ``X-Release``, names a release."""
    try:
        answer = ask(client, Question("GET", "/version", fresh=True))
    except NoAnswerError:
        return Identity(None, is_ours=False)
    document = _version_document(answer)
    named = document.get("release") or answer.headers.get("x-release")
    release = one_line(named) if isinstance(named, str) else None
    is_ours = "release" in document
    return Identity(release, is_ours, is_strange=not is_ours)


def _version_document(answer: Answer) -> dict[str, object]:
    try:
        document = json.loads(answer.body) if answer.status == 200 else None
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def ask_ready(client: httpx2.Client) -> Finding:
    """Find whether the server says that it is ready, over a new connection."""
    for path in _READY_PATHS:
        try:
            answer = ask(client, Question("GET", path, fresh=True))
        except NoAnswerError as error:
            return failed(error.message)
        if answer.status not in NO_SUCH_ROUTE:
            break
    return passed(answer.said) if answer.status == 200 else failed(answer.said)
