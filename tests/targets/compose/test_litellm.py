"""A configuration of LiteLLM that could not work is refused before anything starts."""

import pytest

from llmops_cli.errors import ConfigError
from llmops_cli.flows.project_files import template_texts
from llmops_cli.stacks.litellm import read_litellm

GOOD = """\
model_list:
  - model_name: a
    litellm_params: {model: openai/a, api_key: os.environ/OPENAI_API_KEY, max_tokens: 5}
  - model_name: b
    litellm_params: {model: openai/b, api_base: "http://tei:8080/v1", api_key: none}
router_settings:
  fallbacks: [{a: [b]}]
litellm_settings:
  success_callback: [prometheus]
general_settings: {master_key: os.environ/LITELLM_MASTER_KEY}
"""
LISTED = ("LITELLM_MASTER_KEY", "OPENAI_API_KEY")
VALUE = "a-value-that-nobody-may-see-4711"


def refused(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        read_litellm(text, "litellm.yaml", LISTED)
    assert VALUE not in str(caught.value.as_dict())
    return caught.value


def test_it_tells_models_secrets_and_whether_it_counts() -> None:
    found = read_litellm(GOOD, "litellm.yaml", LISTED)
    assert found.models == ("a", "b")
    assert found.secrets == ("LITELLM_MASTER_KEY", "OPENAI_API_KEY")
    assert found.has_metrics


def test_a_wildcard_serves_what_it_matches() -> None:
    text = GOOD.replace("model_name: b", "model_name: openai/*").replace("[b]", "[openai/gpt-4o]")
    assert read_litellm(text, "litellm.yaml", LISTED).models == ("a", "openai/*")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("os.environ/OPENAI_API_KEY", "os.environ/OTHER_KEY", "names OTHER_KEY"),
        ("os.environ/OPENAI_API_KEY", VALUE, "model_list[0].litellm_params.api_key: holds a key"),
        ("os.environ/LITELLM_MASTER_KEY", VALUE, "general_settings.master_key: holds a key"),
        ("[{a: [b]}]", "[{a: [c]}]", "router_settings.fallbacks: names 'c'"),
        ("[{a: [b]}]", "[{z: [b]}]", "router_settings.fallbacks: names 'z'"),
        (
            "success_callback: [prometheus]",
            "default_fallbacks: [c]",
            "default_fallbacks: names 'c'",
        ),
        ("model_name: b", "name: b", "model_list[1].model_name: is missing"),
        ("model: openai/b", "modle: openai/b", "model_list[1].litellm_params.model: is missing"),
        ("general_settings:", "include: [more.yaml]\ngeneral_settings:", "include: "),
        ("max_tokens: 5", f"extra_headers: {{x: sk-{VALUE}}}", "holds a key"),
        ("model_list:", "models:", "model_list: is empty"),
    ],
)
def test_a_mistake_is_told_with_its_place(old: str, new: str, words: str) -> None:
    assert old in GOOD
    assert words in refused(GOOD.replace(old, new)).message


def test_all_mistakes_are_told_at_once() -> None:
    text = GOOD.replace("[{a: [b]}]", "[{a: [c]}]").replace("OPENAI_API_KEY", "OTHER_KEY")
    evidence = refused(text).evidence
    assert "names OTHER_KEY" in evidence
    assert "names 'c'" in evidence


@pytest.mark.parametrize("text", ["", "[]", "a: [", "model_list: []", "model_list: 5", "\x00"])
def test_what_is_no_configuration_is_refused(text: str) -> None:
    assert refused(text).exit_status == 3


def test_broken_yaml_is_told_with_its_line() -> None:
    assert "line 3" in refused("model_list:\n  - a: 1\n  b: [\n").message


def test_yaml_makes_no_objects() -> None:
    assert refused("model_list: !!python/object/apply:os.system ['false']").exit_status == 3


@pytest.mark.parametrize("template", ["router", "production", "gpu-stack"])
def test_what_init_writes_is_right(template: str) -> None:
    text = template_texts("demo", "compose", template, 8000)["litellm.yaml"]
    names = ("LITELLM_MASTER_KEY", "VLLM_API_KEY")
    providers = tuple(f"{name}_API_KEY" for name in ("GROQ", "OPENAI", "GEMINI", "OPENROUTER"))
    assert read_litellm(text, "litellm.yaml", (*names, *providers)).models
