"""What is wrong with the settings of logs, metrics, prices and traces stops the server (C1)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from llmops_cli.serve.settings import SettingsError, load

GOOD = {"LLMOPS_API_KEY": "0123456789abcdef"}
DEMO = '{"model": "demo", "input": 1, "output": 2}'


@pytest.mark.parametrize(
    ("variable", "value", "rule"),
    [
        ("LLMOPS_METRICS", "all", "must be one of key, open, off"),
        ("LLMOPS_LOG_PROMPTS", "maybe", "must be one of false, true"),
        ("LLMOPS_LOG_LEVEL", "trace", "must be one of"),
        ("LLMOPS_PRICES", "{", "Invalid JSON"),
        ("LLMOPS_PRICES", f"[{DEMO}, {DEMO}]", "two prices for one model"),
        ("LLMOPS_PRICES", '[{"model": "gpt", "input": 1, "output": 2}]', "is not served here"),
        ("LLMOPS_PRICES", '[{"model": "demo", "input": -1, "output": 2}]', "greater than"),
        ("OTEL_TRACES_EXPORTER", "zipkin", "must be one of otlp, console, none"),
    ],
)
def test_a_wrong_value_is_refused_by_name(variable: str, value: str, rule: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load({**GOOD, variable: value})
    [problem] = refused.value.problems
    assert problem.startswith(variable)
    assert rule in problem


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:4318"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    ],
)
def test_a_collector_that_cannot_be_spoken_to_is_refused(variable: str, value: str) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="needs the extra otel")
    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}
    with pytest.raises(SettingsError, match=variable):
        load({**GOOD, **endpoint, variable: value})


def test_traces_without_their_extra_stop_the_server_with_the_remedy(tmp_path: Path) -> None:
    # Stands before the real one, as if that were not installed.
    (tmp_path / "opentelemetry/sdk").mkdir(parents=True)
    (tmp_path / "opentelemetry/sdk/__init__.py").touch()
    environment = {
        **os.environ,
        **GOOD,
        "PYTHONPATH": str(tmp_path),
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318",
    }
    tried = subprocess.run(
        [sys.executable, "-P", "-m", "llmops_cli.serve"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert tried.returncode == 1
    assert tried.stderr == (
        "OTEL_EXPORTER_OTLP_ENDPOINT: needs the otel extra: pip install 'llmops-cli[otel]'\n"
    )
