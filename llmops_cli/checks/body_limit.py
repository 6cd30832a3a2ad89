"""Does the API refuse a body that is too large, instead of reading whatever comes."""

from llmops_cli.checks.api import Api, only_ours
from llmops_cli.core.check import Finding, failed, passed, skipped

#: Twice the limit that the API has by default. It holds no messages: no model is called.
_OVERSIZED: dict[str, object] = {"padding": "x" * (2 * 1024 * 1024)}


def body_limit(api: Api) -> Finding:
    """Find whether 2 MiB are refused with 413. An API without a limit is not broken by that."""
    if not api.identity.is_ours:
        return only_ours()
    answer = api.post("/v1/chat/completions", _OVERSIZED)
    if answer.status == 413:
        return passed("a body of 2 MiB was refused with 413")
    if answer.status >= 500:
        return failed(f"a body of 2 MiB: {answer.said}")
    return skipped(f"the API states no body limit: 2 MiB were read and answered {answer.status}")
