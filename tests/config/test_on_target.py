"""A target that stands alone needs nothing outside its machine; others get the file as it is."""

from llmops_cli.config.environment import api_environment, required_secrets
from llmops_cli.config.load import parse
from llmops_cli.config.on_target import on_target

FILE = """
name = "chat"
[api]
model = "m"
status_word = "fine"
[api.fallbacks]
m = ["n"]
[[api.keys]]
name = "prometheus"
secret = "PROMETHEUS_KEY"
[[api.upstreams]]
name = "one"
base_url = "https://example.com/v1"
secret = "ONE_KEY"
models = ["m", "n"]
[[api.prices]]
model = "m"
input = 1.0
output = 1.0
[api.sessions]
database_secret = "DATABASE_URL"
days = 3
[api.telemetry]
collector = "http://collector:4318"
[secrets]
required = ["OTHER"]
[targets.local]
stand_alone = true
[targets.compose]
"""


def test_a_target_that_stands_alone_needs_only_the_keys_of_its_own_api() -> None:
    config = on_target(parse(FILE, "llmops.toml"), "local")
    assert required_secrets(config) == ("LLMOPS_API_KEY", "PROMETHEUS_KEY")
    environment = api_environment(config)
    assert environment["LLMOPS_MODEL"] == "demo"
    assert environment["LLMOPS_UPSTREAMS"] == "[]"
    assert not {"LLMOPS_FALLBACKS", "LLMOPS_DATABASE_SECRET", "OTEL_EXPORTER_OTLP_ENDPOINT"} & {
        *environment
    }
    assert "m" not in environment.get("LLMOPS_PRICES", "")
    assert (environment["LLMOPS_STATUS_WORD"], environment["LLMOPS_SESSION_DAYS"]) == ("fine", "3")


def test_every_other_target_gets_the_file_as_it_is() -> None:
    config = parse(FILE, "llmops.toml")
    assert on_target(config, "compose") is config
    assert on_target(parse(FILE.replace("= true", "= false"), "x"), "local").api == config.api
