"""What a project file says of failing upstreams, in `[api.resilience]`."""

from pydantic import Field

from llmops_cli.config.table import Table, variables_of

_VARIABLES = {
    "connect_seconds": "LLMOPS_CONNECT_SECONDS",
    "retries": "LLMOPS_RETRIES",
    "retry_seconds": "LLMOPS_RETRY_SECONDS",
    "circuit_failures": "LLMOPS_CIRCUIT_FAILURES",
    "circuit_seconds": "LLMOPS_CIRCUIT_SECONDS",
    "heartbeat_seconds": "LLMOPS_HEARTBEAT_SECONDS",
}


class Resilience(Table):
    """How hard an upstream is tried, and when it is left alone."""

    connect_seconds: float = Field(
        default=5, gt=0, le=60, description="Seconds after which connecting is given up."
    )
    retries: int = Field(
        default=3,
        ge=0,
        le=10,
        description="Further attempts after a failure that may pass, within `request_seconds`.",
    )
    retry_seconds: float = Field(
        default=1,
        gt=0,
        le=60,
        description="Seconds before the first further attempt; the wait doubles each time.",
    )
    circuit_failures: int = Field(
        default=5,
        ge=1,
        le=1000,
        description="Failed requests in a row after which an upstream is left alone.",
    )
    circuit_seconds: float = Field(
        default=30, gt=0, le=3600, description="Seconds for which it is left alone."
    )
    heartbeat_seconds: float = Field(
        default=15,
        gt=0,
        le=3600,
        description="Seconds of silence after which a stream gets a comment, so that no proxy "
        "takes it for dead.",
    )


def variables(resilience: Resilience) -> dict[str, str]:
    """Return the settings that the project makes, as the served API reads them."""
    return variables_of(resilience, _VARIABLES)
