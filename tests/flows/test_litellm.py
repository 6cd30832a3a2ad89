"""LiteLLM's configuration is examined before anything is deployed; its key is its master key."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from llmops_cli.config.environment import (
    STAND_ALONE,
    api_environment,
    credential_secret,
    model_asked,
    required_secrets,
)
from llmops_cli.config.load import parse
from llmops_cli.config.model import Config
from llmops_cli.config.on_target import on_target
from llmops_cli.core.release import Release
from llmops_cli.core.secret import Secret
from llmops_cli.errors import ConfigError, PreflightError, UsageError
from llmops_cli.flows.litellm import examine
from llmops_cli.flows.project_files import template_texts
from llmops_cli.flows.rotate import holds_several
from llmops_cli.flows.secrets import accepted, generated

TEXTS = template_texts("gateway", "compose", "litellm-proxy", 8000)
ALONE = TEXTS["llmops.toml"]
ATTENDED = ALONE.replace("stand_alone = true", "")
FILE = TEXTS["litellm.yaml"]
KEY = "LITELLM_MASTER_KEY"


@dataclass(frozen=True)
class Committed:
    """A commit with one file, or with none."""

    text: str | None

    def read(self, tree: str, path: str) -> str | None:
        return self.text if path == "litellm.yaml" else None


def config_of(text: str) -> Config:
    return on_target(parse(text, "llmops.toml"), "compose")


def examined(text: str | None, project: str = ATTENDED, **settings: str) -> None:
    release = Release("a", "a" * 40, "b" * 40, datetime.now(UTC), "First", settings)
    examine(config_of(project), Committed(text), release)  # type: ignore[arg-type]


def test_callers_present_the_master_key_and_no_setting_of_our_api_is_there() -> None:
    config = config_of(ATTENDED)
    assert credential_secret(config) == KEY
    assert required_secrets(config) == (KEY, "AZURE_API_BASE", "AZURE_API_KEY")
    assert api_environment(config) == {"LLMOPS_MODEL": "gpt-4o"}
    # The older key stays good beside the new one: start.py lets both in.
    assert holds_several(config, KEY)


def test_alone_it_needs_its_master_key_only() -> None:
    assert required_secrets(config_of(ALONE)) == (KEY,)
    examined(FILE, ALONE, **{STAND_ALONE: "on"})


def test_a_release_is_asked_for_the_model_that_its_own_commit_names() -> None:
    before = api_environment(config_of(ATTENDED))
    renamed = config_of(ATTENDED.replace('model = "gpt-4o"', 'model = "gpt-5"'))
    assert model_asked(renamed, before) == "gpt-4o"
    assert model_asked(renamed, api_environment(renamed)) == "gpt-5"


def test_what_the_template_has_is_accepted() -> None:
    examined(FILE)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("AZURE_API_KEY", "OTHER_KEY", "names OTHER_KEY"),
        ("os.environ/AZURE_API_KEY", "a-value-of-a-key-4711", "holds a key itself"),
        ("gpt-4o\n", "gpt-5\n", "[checks] model is 'gpt-4o'"),
        (
            "litellm_settings:",
            "general_settings: {master_key: os.environ/AZURE_API_KEY}\nlitellm_settings:",
            "callers present LITELLM_MASTER_KEY",
        ),
        (
            "litellm_settings:",
            "general_settings: {dangerously_permit_weak_or_unset_master_key: true}\n"
            "litellm_settings:",
            "without a key, or a known one",
        ),
    ],
)
def test_what_could_not_work_is_refused(old: str, new: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        examined(FILE.replace(old, new, 1))
    assert words in f"{caught.value.message} {caught.value.evidence}"
    assert "4711" not in str(caught.value.as_dict())


def test_a_commit_without_the_file_is_refused() -> None:
    with pytest.raises(PreflightError, match=r"has no litellm\.yaml"):
        examined(None)


def test_a_file_without_a_dockerfile_that_copies_it_is_refused() -> None:
    with pytest.raises(ConfigError, match="goes with a dockerfile"):
        parse(ATTENDED.replace('dockerfile = "Dockerfile"', ""), "llmops.toml")


@pytest.mark.parametrize("value", ["sk-1234", "sk-short", "sk-0123456789abcdef0123,sk-1234"])
def test_a_known_or_short_master_key_is_not_stored(value: str) -> None:
    with pytest.raises(UsageError) as caught:
        accepted(KEY, Secret(value))
    assert value not in str(caught.value.as_dict())


def test_a_generated_master_key_looks_as_litellm_wants_it_and_is_accepted() -> None:
    value = generated(KEY)
    assert value.reveal().startswith("sk-")
    assert accepted(KEY, value) == value
