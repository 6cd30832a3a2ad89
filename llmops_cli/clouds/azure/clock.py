"""Whether the clock of this machine goes as Azure's does: a token has a time in it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from llmops_cli.clouds.azure.cloud import Cloud
from llmops_cli.clouds.azure.trouble import told
from llmops_cli.core.diagnosis import Diagnosis, ok, problem, warning
from llmops_cli.errors import PreflightError

#: Seconds of difference: from the first on somebody should look, beyond the second tokens fail.
_NOTABLE, _TOO_MUCH = 60.0, 300.0
_FIX = "Set the clock: timedatectl set-ntp true"
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
    return [judged(subject, answer.headers.get("Date", ""), datetime.now(UTC))]


def judged(subject: str, date: str, now: datetime) -> Diagnosis:
    """Return what a ``Date`` header says of the clock by which it is ``now``."""
    try:
        difference = (now - parsedate_to_datetime(date)).total_seconds()
    except (ValueError, TypeError):
        return warning(subject, "Entra ID does not say what time it is", "Look at date -u.")
    size = abs(difference)
    way = "fast" if difference > 0 else "slow"
    text = f"this machine's clock is {size:.0f} s {way} by that of Entra ID"
    if size > _TOO_MUCH:
        return problem(subject, f"{text}; tokens will be refused", _FIX)
    return warning(subject, text, _FIX) if size > _NOTABLE else ok(subject, "as Entra ID's")
