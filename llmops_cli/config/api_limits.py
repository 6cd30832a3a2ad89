"""What a project file says of how much callers may ask, in `[api.limits]`."""

from ipaddress import ip_network
from typing import Annotated

from pydantic import AfterValidator, Field

from llmops_cli.config.fields import Text
from llmops_cli.config.table import Table, variables_of

_VARIABLES = {
    "max_body_bytes": "LLMOPS_MAX_BODY_BYTES",
    "body_seconds": "LLMOPS_BODY_SECONDS",
    "requests_per_minute": "LLMOPS_RATE_LIMIT",
    "failed_auth_per_minute": "LLMOPS_FAILED_AUTH_LIMIT",
    "max_concurrent": "LLMOPS_MAX_CONCURRENT",
    "queue_size": "LLMOPS_QUEUE_SIZE",
    "queue_seconds": "LLMOPS_QUEUE_SECONDS",
    "trusted_proxies": "LLMOPS_TRUSTED_PROXIES",
}


def _network(value: str) -> str:
    try:
        ip_network(value)
    except ValueError as error:
        raise ValueError("must be an address or a network such as 10.0.0.0/8") from error
    return value


Networks = Annotated[
    tuple[Annotated[Text, AfterValidator(_network)], ...], Field(strict=False, max_length=100)
]


class Limits(Table):
    """How much a caller, and all callers together, may ask. All of it holds for each process."""

    max_body_bytes: int = Field(
        default=1024 * 1024,
        ge=1024,
        le=512 * 1024 * 1024,
        description="Bytes that the body of a request may have.",
    )
    body_seconds: float = Field(
        default=30,
        gt=0,
        le=3600,
        description="Seconds that the head of a request, and then its body, may take to arrive.",
    )
    requests_per_minute: int = Field(
        default=0,
        ge=0,
        le=1_000_000,
        description="Requests that one caller may make in a minute. 0: as many as it likes.",
    )
    failed_auth_per_minute: int = Field(
        default=30,
        ge=0,
        le=1_000_000,
        description="Wrong credentials that one address may present in a minute. 0: any number.",
    )
    max_concurrent: int = Field(
        default=1000,
        ge=0,
        le=100_000,
        description="Requests to models that are worked on at once. 0: all that come.",
    )
    queue_size: int = Field(
        default=100, ge=0, le=100_000, description="Requests that wait while that many are."
    )
    queue_seconds: float = Field(
        default=5, gt=0, le=300, description="Seconds that one waits before it is refused."
    )
    trusted_proxies: Networks = Field(
        default=(),
        description="Addresses and networks of the proxies that are believed when they say, in "
        "X-Forwarded-For, who asks.",
    )


def variables(limits: Limits) -> dict[str, str]:
    """Return the settings that the project makes, as the served API reads them."""
    return variables_of(limits, _VARIABLES)
