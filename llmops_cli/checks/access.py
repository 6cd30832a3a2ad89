"""Does the API refuse whoever has no credential, or a wrong one."""

import secrets

from llmops_cli.checks.api import Api
from llmops_cli.checks.http import Answer
from llmops_cli.core.check import Finding, failed, passed, skipped
from llmops_cli.core.secret import Secret

_PATH = "/v1/chat/completions"
_REFUSED = frozenset({401, 403})
_NO_ROUTE = frozenset({404, 405})
_TOO_MANY = 429
#: What LiteLLM says to a key that only a database could know, where it has none.
_UNKNOWN_HERE = '"no_db_connection"'
#: What our API says to an address that had too many of them.
_WRONG_ONES = "too_many_wrong_credentials"

#: Nothing that a model could be asked with, so that an API without a lock spends no tokens.
_EMPTY: dict[str, object] = {}


def refuses_missing_credential(api: Api) -> Finding:
    """Find whether a request without a credential is refused."""
    return _judge(api, None, "without a credential")


def refuses_wrong_credential(api: Api) -> Finding:
    """Find whether a request with an invented credential is refused."""
    return _judge(api, Secret("wrong-" + secrets.token_hex(16)), "with a wrong credential")


def _judge(api: Api, credential: Secret | None, how: str) -> Finding:
    answer = _knock(api, credential)
    if _is_refusal(answer):
        return passed(f"{answer.question} {how} answered {answer.status}")
    if answer.status == _TOO_MANY:
        return _judge_throttled(answer, how)
    if answer.status in _NO_ROUTE:
        return failed(answer.said)
    if answer.status >= 500:
        return failed(f"whether a request {how} is refused is not known: {answer.said}")
    if api.subject.credential is None:
        return skipped("the API asks nobody for a credential, and none was given")
    return failed(f"{how} the API let the request in: {answer.said}")


def _is_refusal(answer: Answer) -> bool:
    return answer.status in _REFUSED or (answer.status == 400 and _UNKNOWN_HERE in answer.text)


def _judge_throttled(answer: Answer, how: str) -> Finding:
    # Only who looks at credentials counts the wrong ones.
    if _WRONG_ONES in answer.text:
        return passed(f"{answer.question} {how} answered {answer.status}: {_WRONG_ONES}")
    return failed(f"whether a request {how} is refused is not known: {answer.said}")


def _knock(api: Api, credential: Secret | None) -> Answer:
    answer = api.post_as(credential, _PATH, _EMPTY)
    if answer.status in _REFUSED or answer.status in _NO_ROUTE or api.subject.credential is None:
        return answer
    # Some servers look at the body before the credential, so a sound one has the last word.
    question = [{"role": "user", "content": "Say yes."}]
    return api.post_as(credential, _PATH, {"messages": question, "max_tokens": 1})
