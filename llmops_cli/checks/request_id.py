"""Does the API give back the request id that it was given, so that logs can be followed."""

import uuid
from dataclasses import replace

from llmops_cli.checks.api import Api, only_ours
from llmops_cli.checks.evidence import one_line
from llmops_cli.checks.http import Question, ask
from llmops_cli.core.check import Finding, failed, passed


def request_id(api: Api) -> Finding:
    """Find whether ``X-Request-ID`` comes back as it was sent."""
    if not api.identity.is_ours:
        return only_ours()
    sent = f"llmops-{uuid.uuid4().hex[:16]}"
    question = replace(Question("GET", "/health"), headers={"x-request-id": sent})
    came_back = one_line(ask(api.client, question).headers.get("x-request-id", ""))
    if came_back == sent:
        return passed(f"X-Request-ID {sent} came back")
    return failed(f"X-Request-ID {sent} was sent, {came_back or 'nothing'} came back")
