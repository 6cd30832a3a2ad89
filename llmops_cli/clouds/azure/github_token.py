"""The token by which a job of GitHub Actions proves which repository and environment it is of.

Entra ID takes it for a token of an application that has a federated credential for that job, so
that no password is kept anywhere and nobody else's action is needed.
"""

import json
import os

import httpx2

from llmops_cli.errors import AccessError
from llmops_cli.registries.asking import ask
from llmops_cli.registries.reference import is_loopback
from llmops_cli.registries.wire import Answer, NoAnswerError, Request

_URL, _TOKEN = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
#: Whom the token is for: what Entra ID expects of all of them.
AUDIENCE = "api://AzureADTokenExchange"
_OK = 200


def missing() -> str:
    """Say what keeps us from asking for one, or nothing."""
    if os.environ.get(_URL) and os.environ.get(_TOKEN):
        return ""
    if os.environ.get("GITHUB_ACTIONS"):
        return f"{_URL} is not set: the job has no `permissions: id-token: write`"
    return f"{_URL} is not set"


def assertion() -> str:
    """Ask GitHub for a token.

    Raises:
        AccessError: it gives none.
    """
    url = httpx2.URL(os.environ[_URL]).copy_merge_params({"audience": AUDIENCE})
    if url.scheme != "https" and not is_loopback(url.host):
        raise _refused(f"{_URL} is {url.scheme}://{url.host}, which is not safe")
    bearer = {"authorization": f"Bearer {os.environ[_TOKEN]}", "accept": "application/json"}
    answer = _asked(Request("GET", str(url), bearer))
    try:
        return str(json.loads(answer.body)["value"])
    except (ValueError, KeyError, TypeError) as error:
        # What it said is not shown: it may be the token in another form.
        raise _refused(f"{answer.request} answered {answer.status}, no token") from error


def _asked(request: Request) -> Answer:
    with httpx2.Client() as client:
        try:
            answer = ask(client, request)
        except NoAnswerError as error:
            raise _refused(str(error)) from error
    if answer.status != _OK:
        raise _refused(f"{request} answered {answer.status}")
    return answer


def _refused(evidence: str) -> AccessError:
    return AccessError(
        "GitHub gives no token that would prove to Azure which job this is.",
        evidence=evidence,
        state="Nothing was changed.",
        next_step="Give the job `permissions: id-token: write`.",
    )
