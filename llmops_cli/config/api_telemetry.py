"""What a project file says of logs, metrics and traces in `[api.telemetry]`, and of prices."""

import json
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from llmops_cli.config.fields import HttpAddress, Text
from llmops_cli.config.table import Table, variables_of

_VARIABLES = {
    "log_level": "LLMOPS_LOG_LEVEL",
    "metrics": "LLMOPS_METRICS",
    "log_prompts": "LLMOPS_LOG_PROMPTS",
    "collector": "OTEL_EXPORTER_OTLP_ENDPOINT",
}


class Telemetry(Table):
    """What is told of requests to the outside."""

    log_level: Literal["debug", "info", "warning", "error", "critical"] = Field(
        default="info", description='Lines below this level are left out; "info" has every request.'
    )
    log_prompts: bool = Field(
        default=False,
        description="Whether the log holds the beginning of each prompt, up to 2,000 characters.",
    )
    metrics: Literal["key", "open", "off"] = Field(
        default="key",
        description='Who may read /metrics: "key" callers with a credential, "open" anybody, '
        '"off" nobody.',
    )
    collector: HttpAddress | None = Field(
        default=None,
        description="Address of an OpenTelemetry collector that takes traces by OTLP over HTTP, "
        "such as http://127.0.0.1:4318. Needs the extra otel. Default: no traces.",
    )


class Price(Table):
    """What the tokens of a model cost."""

    model: Text = Field(description="A model that an upstream serves.")
    input: float = Field(ge=0, description="US dollars for a million tokens of prompts.")
    output: float = Field(ge=0, description="US dollars for a million tokens of answers.")


Prices = Annotated[tuple[Price, ...], Field(strict=False)]


def mistake(prices: Iterable[Price], models: Iterable[str]) -> str:
    """Return what is wrong with the prices of an API that serves these models, or nothing."""
    priced = [price.model for price in prices]
    unknown = {*priced} - {*models}
    if unknown:
        return f"has `prices` with {min(unknown)!r}, which no upstream serves"
    return "has two `prices` of one model" if len({*priced}) < len(priced) else ""


def variables(telemetry: Telemetry, prices: Iterable[Price]) -> dict[str, str]:
    """Return the settings that the project makes, as the served API reads them."""
    found = variables_of(telemetry, _VARIABLES)
    listed = [price.model_dump(mode="json") for price in prices]
    if listed:
        found["LLMOPS_PRICES"] = json.dumps(listed)
    return found
