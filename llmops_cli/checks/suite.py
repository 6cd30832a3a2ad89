"""All checks of a subject, in the order in which they are asked."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import httpx2

from llmops_cli.checks.access import refuses_missing_credential, refuses_wrong_credential
from llmops_cli.checks.api import Api
from llmops_cli.checks.body_limit import body_limit
from llmops_cli.checks.chat import chat
from llmops_cli.checks.deadline import NoAnswerError
from llmops_cli.checks.evals import Eval
from llmops_cli.checks.evidence import one_line, without
from llmops_cli.checks.golden import ask_eval
from llmops_cli.checks.health import latency, liveness, readiness
from llmops_cli.checks.memory import memory
from llmops_cli.checks.models import models
from llmops_cli.checks.release import release
from llmops_cli.checks.request_id import request_id
from llmops_cli.checks.streaming import streaming
from llmops_cli.checks.subject import Subject
from llmops_cli.checks.tls import tls
from llmops_cli.core.check import Check, Finding, failed, skipped
from llmops_cli.errors import CheckError

#: Characters of a line of evidence.
_LONGEST = 500

Ask = Callable[[Api], Finding]

#: What can be asked of every API, and what it costs: the last three call a model, four times in
#: all for at most 64 tokens each; the others call none.
_QUESTIONS: tuple[tuple[str, str, Ask], ...] = (
    ("readiness", "It is ready for traffic", readiness),
    ("release", "The expected release answers", release),
    ("refuses-missing-credential", "A missing credential is refused", refuses_missing_credential),
    ("refuses-wrong-credential", "A wrong credential is refused", refuses_wrong_credential),
    ("request-id", "The request id is echoed", request_id),
    ("body-limit", "An oversized body is refused", body_limit),
    ("latency", "Latency of the health probe", latency),
    ("models", "Models are listed", models),
    ("chat", "A chat completion has OpenAI's shape", chat),
    ("streaming", "A stream arrives as it is written", streaming),
    ("session-memory", "A session remembers until it ends", memory),
)


#: What is asked under /v1, which a project's own application need not have.
_IN_DIALECT = frozenset(
    {"refuses-missing-credential", "refuses-wrong-credential", "models", "chat", "streaming"}
)


def checks_for(subject: Subject, client: httpx2.Client) -> tuple[Check, ...]:
    """Return the checks of a subject. Nothing is asked before the checks are run.

    The client is one that ``open_client`` opened for ``subject.url``, and stays open for the run.
    """
    return tuple(_checks(Api(client, subject)))


def _checks(api: Api) -> Iterator[Check]:
    yield _check(api, "liveness", "It is alive", liveness)
    yield _check(api, "tls", "TLS is valid", tls)
    for name, title, ask in _QUESTIONS:
        asking = _if_it_speaks(ask) if name in _IN_DIALECT else ask
        yield _check(api, name, title, _if_reachable(asking))
    for golden in api.subject.evals:
        yield _check(api, *_named(golden), _if_reachable(partial(ask_eval, golden)))


def _named(golden: Eval) -> tuple[str, str]:
    return f"eval-{golden.name}", f"Golden prompts: {golden.name}"


def _check(api: Api, name: str, title: str, ask: Ask) -> Check:
    return Check(name, title, partial(_answered, api, ask))


def _answered(api: Api, ask: Ask) -> Finding:
    try:
        found = ask(api)
    except CheckError as error:
        found = failed(error.message)
    # Once more: a server may have hidden the credential in an escape that was undone since.
    evidence = one_line(without(api.subject.credential, found.evidence), _LONGEST)
    return replace(found, evidence=evidence)


def _if_reachable(ask: Ask) -> Ask:
    def ask_or_skip(api: Api) -> Finding:
        if isinstance(api.liveness, NoAnswerError):
            return skipped("not asked: the server did not answer the liveness probe")
        return ask(api)

    return ask_or_skip


def _if_it_speaks(ask: Ask) -> Ask:
    def ask_or_skip(api: Api) -> Finding:
        if api.lacks_dialect:
            return skipped("the project's own application has no /v1/models and no /v1/chat")
        return ask(api)

    return ask_or_skip
