"""Which models does the API list."""

from llmops_cli.checks.api import Api, listed_models
from llmops_cli.checks.evidence import one_line
from llmops_cli.core.check import Finding, failed, passed


def models(api: Api) -> Finding:
    """Find whether ``/v1/models`` lists at least one model in OpenAI's shape."""
    answer = api.expect_ok(api.get("/v1/models"))
    ids = listed_models(answer)
    if not ids:
        return failed(f"no model is listed: {answer.said}")
    return passed(one_line(f"{len(ids)} listed: {', '.join(ids)}"))
