"""What a project says of logs, metrics, traces and prices reaches the served API as it is meant."""

import pytest

from llmops_cli.config.api_telemetry import Telemetry
from llmops_cli.config.environment import api_environment
from llmops_cli.config.load import parse
from llmops_cli.errors import ConfigError
from llmops_cli.serve import settings
from llmops_cli.serve.telemetry.prices import Price
from llmops_cli.serve.telemetry.settings import TelemetrySettings

EVERY = """
name = "chat"
[api.telemetry]
log_level = "debug"
log_prompts = true
metrics = "open"
collector = "http://127.0.0.1:4318"
[[api.prices]]
model = "demo"
input = 0.15
output = 1
"""


def test_every_setting_reaches_the_served_api() -> None:
    pytest.importorskip("opentelemetry.sdk", reason="needs the extra otel")
    environment = api_environment(parse(EVERY, ""))
    taken = settings.load({**environment, "LLMOPS_API_KEY": "0123456789abcdef"}).telemetry
    assert taken == TelemetrySettings(
        log_level="debug",
        logs_prompts=True,
        metrics="open",
        prices=(Price(model="demo", input=0.15, output=1),),
        traces="otlp",
    )


def test_a_project_that_says_nothing_adds_no_variable() -> None:
    environment = api_environment(parse('name = "chat"', ""))
    assert not {"LLMOPS_LOG_LEVEL", "LLMOPS_METRICS", "LLMOPS_PRICES"} & environment.keys()
    project, served = Telemetry(), TelemetrySettings()
    assert (project.log_level, project.log_prompts) == (served.log_level, served.logs_prompts)
    assert project.metrics == served.metrics


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[api.telemetry]\nmetrics = "all"', "metrics"),
        ('[api.telemetry]\ncollector = "127.0.0.1:4318"', "collector"),
        ('[[api.prices]]\nmodel = "gpt"\ninput = 1\noutput = 1', "no upstream serves"),
        ('[[api.prices]]\nmodel = "demo"\ninput = -1\noutput = 1', "input"),
        ('[[api.prices]]\nmodel = "demo"\ninput = 1\noutput = 1\n' * 2, "two `prices`"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse(f'name = "chat"\n{text}', "")
    assert words in str(refused.value)
