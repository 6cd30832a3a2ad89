"""Reads what is told of requests to the outside: log level, metrics, prices and traces."""

import importlib.util
from dataclasses import dataclass
from typing import Literal

from llmops_cli.serve.environment import Environment
from llmops_cli.serve.telemetry import prices
from llmops_cli.serve.telemetry.prices import Price

#: Who may read the metrics: whoever has a key, anybody, or nobody.
Readers = Literal["key", "open", "off"]
#: Where traces go: nowhere, to a collector, or into the log.
Exporter = Literal["none", "otlp", "console"]

_LOG_LEVELS = ("info", "debug", "warning", "error", "critical")
_READERS: tuple[Readers, ...] = ("key", "open", "off")
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_LIBRARIES = ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http")


@dataclass(frozen=True)
class TelemetrySettings:
    """With ``logs_prompts`` the beginning of each prompt is in the log."""

    log_level: str = "info"
    logs_prompts: bool = False
    metrics: Readers = "key"
    prices: tuple[Price, ...] = ()
    traces: Exporter = "none"


def read(environment: Environment) -> TelemetrySettings:
    """Return the settings, and leave what is wrong with them in ``environment.problems``."""
    readers = environment.choice("LLMOPS_METRICS", _READERS)
    return TelemetrySettings(
        log_level=environment.choice("LLMOPS_LOG_LEVEL", _LOG_LEVELS),
        logs_prompts=environment.choice("LLMOPS_LOG_PROMPTS", ("false", "true")) == "true",
        metrics=next(known for known in _READERS if known == readers),
        prices=prices.read(environment),
        traces=_traces(environment),
    )


def _traces(environment: Environment) -> Exporter:
    """Return where traces go, by the variables of OpenTelemetry's own specification."""
    if environment.text("OTEL_SDK_DISABLED").lower() == "true":
        return "none"
    wanted = environment.text("OTEL_TRACES_EXPORTER", "otlp")
    if wanted not in ("otlp", "console", "none"):
        environment.refuse("OTEL_TRACES_EXPORTER", "must be one of otlp, console, none")
        return "none"
    endpoint = next((name for name in _ENDPOINTS if environment.text(name)), "")
    if wanted == "none" or (wanted == "otlp" and not endpoint):
        return "none"
    if not _is_installed():
        variable = endpoint if wanted == "otlp" else "OTEL_TRACES_EXPORTER"
        environment.refuse(variable, "needs the otel extra: pip install 'llmops-cli[otel]'")
        return "none"
    if wanted == "console":
        return "console"
    _inspect_collector(environment, endpoint)
    return "otlp"


def _inspect_collector(environment: Environment, endpoint: str) -> None:
    if not environment.text(endpoint).startswith(("http://", "https://")):
        environment.refuse(endpoint, "must be an address such as http://127.0.0.1:4318")
    for name in _PROTOCOLS:
        if environment.text(name, "http/protobuf") != "http/protobuf":
            environment.refuse(name, "must be http/protobuf, the only one that is spoken here")


def _is_installed() -> bool:
    try:
        return all(importlib.util.find_spec(name) for name in _LIBRARIES)
    except ModuleNotFoundError:
        return False
