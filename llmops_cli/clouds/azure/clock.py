"""Whether the clock of this machine goes as Azure's does: a token has a time in it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from llmops_cli.clouds.azure.cloud import Cloud
from llmops_cli.clouds.azure.trouble import told
from llmops_cli.clouds.clock import judged
from llmops_cli.core.diagnosis import Diagnosis
from llmops_cli.errors import PreflightError

_PATH = "common/v2.0/.well-known/openid-configuration"


def look(subject: str, cloud: Cloud) -> Sequence[Diagnosis]:
    """Compare this machine's clock with that of Entra ID.

    Raises:
        PreflightError: Entra ID does not answer.
    """
    from azure.core import PipelineClient
    from azure.core.rest import HttpRequest

    client: PipelineClient[Any, Any] = PipelineClient(cloud.authority, retry_total=1)
    with told("tell the time", failure=PreflightError), client:
        answer = client.send_request(HttpRequest("GET", f"{cloud.authority}/{_PATH}"))
    return [judged(subject, answer.headers.get("Date", ""), datetime.now(UTC), "Entra ID")]
