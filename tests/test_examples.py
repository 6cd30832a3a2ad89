"""Every example is a whole project: it loads, it is what `init` writes, and its services render."""

import json
from pathlib import Path

import pytest

from llmops_cli.checks.evals import load_evals
from llmops_cli.config.compose_target import ComposeTarget
from llmops_cli.config.environment import required_secrets
from llmops_cli.config.load import load
from llmops_cli.config.secret_shapes import holds_a_secret
from llmops_cli.flows.infra_files import files_for
from llmops_cli.flows.infra_variables import variables_of
from llmops_cli.flows.project_files import template_texts
from llmops_cli.stacks.litellm import read_litellm
from llmops_cli.stacks.profiles import services_of

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").iterdir())
#: Examples that are a template, filled in; so there is one text of each.
FROM_TEMPLATES = {"compose-production": "production", "gpu-stack": "gpu-stack"}
#: Those whose settings are their own, with the template that the rest is from, and its kind.
PARTLY = {
    "aws-ecs-litellm": ("aws", "litellm-proxy"),
    "gcp-vertex-chat": ("gcp", "chat"),
}
SCHEMA_OF_EXAMPLES = "#:schema ../../llmops_cli/config/llmops.schema.json"

every_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)


def test_there_are_examples() -> None:
    names = {example.name for example in EXAMPLES}
    assert {"quickstart", "compose-production", "gpu-stack"} <= names


@every_example
def test_an_example_is_a_valid_project_with_instructions(example: Path) -> None:
    config = load(example)
    assert config.name == example.name
    assert (example / "README.md").is_file()
    assert load_evals(example / config.checks.evals) or not (example / "evals").exists()


@every_example
def test_an_example_holds_no_secret(example: Path) -> None:
    for file in example.rglob("*"):
        if file.is_file() and ".llmops" not in file.parts and "__pycache__" not in file.parts:
            assert not holds_a_secret(file.read_text()), file


@every_example
def test_the_services_of_an_example_are_known(example: Path) -> None:
    config = load(example)

    def read(path: str) -> str | None:
        file = example / path
        return file.read_text() if file.is_file() else None

    for target in config.targets.values():
        if isinstance(target, ComposeTarget):
            profile_is_chat = target.profile == "chat"
            assert bool(services_of(config, target, read)) != profile_is_chat


@pytest.mark.parametrize(("example", "template"), FROM_TEMPLATES.items())
def test_an_example_is_what_init_writes(example: str, template: str) -> None:
    folder = Path(__file__).parent.parent / "examples" / example
    texts = template_texts(example, "compose", template, 8000)
    texts["llmops.toml"] = texts["llmops.toml"].replace(
        "#:schema ./llmops.schema.json", SCHEMA_OF_EXAMPLES
    )
    for path in ("llmops.toml", "litellm.yaml", "README.md", ".gitignore", ".dockerignore"):
        assert (folder / path).read_text() == texts[path], path


@pytest.mark.parametrize("example", PARTLY)
def test_an_example_is_what_init_writes_where_it_has_nothing_of_its_own(example: str) -> None:
    folder = Path(__file__).parent.parent / "examples" / example
    own = ("llmops.toml", "README.md", "litellm.yaml", ".llmops/.gitignore")
    texts = template_texts(example, *PARTLY[example], 8000)
    for path in texts.keys() - set(own):
        assert (folder / path).read_text() == texts[path], path


def test_the_proxy_of_the_example_is_configured_as_its_project_says() -> None:
    folder = Path(__file__).parent.parent / "examples/aws-ecs-litellm"
    config = load(folder)
    file = (folder / str(config.image.litellm)).read_text()
    found = read_litellm(file, "litellm.yaml", required_secrets(config))
    assert config.checks.model in found.models
    # The salt is read from the environment; everything else is named by the file.
    assert set(required_secrets(config)) - set(found.secrets) == {"LITELLM_SALT_KEY"}
    variables = variables_of(config, "aws")
    assert variables["health_path"] == "/health/readiness"
    assert (variables["port"], variables["waf"], variables["zones"]) == (4000, True, 3)


@pytest.mark.parametrize(("example", "target"), [("aws-ecs-litellm", "aws")])
def test_the_infrastructure_of_an_example_is_described(example: str, target: str) -> None:
    config = load(Path(__file__).parent.parent / "examples" / example)
    files = files_for(config, target)
    assert f"infra/{target}/postgres.tf" in files
    variables = json.loads(files[f"infra/{target}/terraform.tfvars.json"])
    assert variables["networks"] == ["0.0.0.0/0"]
