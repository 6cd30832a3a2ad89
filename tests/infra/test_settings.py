"""What was made is written into llmops.toml by an editor that leaves the rest alone."""

import tomllib

import pytest

from llmops_cli.config.load import parse
from llmops_cli.errors import ConfigError
from llmops_cli.flows.infra_settings import Setting, wanted, with_settings

_APP = Setting("targets.azure", "app", None, "chat-1")
_IMAGE = Setting("image", "repository", None, "cr.azurecr.io/chat")


@pytest.mark.parametrize(
    "text",
    [
        'name = "chat"\n[targets.azure]\n',
        'name = "chat"\n[targets.azure]\nkeep = 3\n[targets.azure.infra]\nlocation = "west"\n',
        'name = "chat"\n[targets.azure.infra]\nlocation = "west"\n',
        'name = "chat"\n[targets]\nazure = { keep = 3 }\n',
        'name = "chat"\n[targets]\nazure.keep = 3\n',
        'name = "chat"\n[image]\nport = 9000\n[targets.azure]\napp = "old" # ours\n',
        '[targets.azure.infra]\nlocation = "west"\n[image]\n[targets.azure]\nkeep = 3\n',
        'name = "chat"\r\n[targets.azure]\r\nkeep = 3\r\n',
        '# first\nname = "chat"\n\n[targets.b]\n\n[targets.azure] # here\n\n# between\n[api]\n',
    ],
)
def test_settings_are_written_whatever_the_file_looks_like(text: str) -> None:
    edited = with_settings(text, (_APP, _IMAGE))
    read = tomllib.loads(edited)
    before = tomllib.loads(text)
    assert read["targets"]["azure"].pop("app") == "chat-1"
    assert read["image"].pop("repository") == "cr.azurecr.io/chat"
    before["targets"]["azure"].pop("app", None)
    assert {**read, "image": read["image"]} == {**before, "image": before.get("image", {})}
    for line in text.splitlines():
        if "#" in line:
            assert "#" + line.partition("#")[2] in edited
    assert edited.count("\r\n") in (0, edited.count("\n")) or "\r" in text


def test_a_repository_that_the_project_names_is_kept() -> None:
    text = 'name = "chat"\n[image]\nrepository = "ghcr.io/acme/chat"\n[targets.azure]\n'
    config = parse(text, "llmops.toml")
    assert wanted(config, "azure", {"registry": "cr.azurecr.io"}) == ()


def test_only_keys_of_the_target_are_written() -> None:
    config = parse('name = "chat"\n[targets.azure]\napp = "chat-1"\n', "llmops.toml")
    outputs = {"app": "chat-1", "resource_group": "rg", "redis_host": "x", "environment": "e"}
    assert wanted(config, "azure", outputs) == (
        Setting("targets.azure", "resource_group", None, "rg"),
    )


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("owner_id = 1", "they go together"),
        ("owner_id = 1\nrepository_id = 2", "without `repository`"),
        ("monthly_budget = 5", "without `alert_email`"),
        ("registry_retention_days = 7", "Premium"),
        ('network = "10.0.0.0/24"', "at least a /20"),
        ('plan = "F1"', "must be a plan"),
        ('location = "West Europe"', "must be a region"),
        ("[targets.azure.infra.postgres]\nhigh_availability = true", "B_"),
        ("[targets.azure.infra.weaviate]", "weaviate"),
    ],
)
def test_settings_that_cannot_be_made_are_refused(lines: str, words: str) -> None:
    place = "" if "location" in lines else 'location = "westeurope"\n'
    text = f'name = "chat"\n[targets.azure]\n[targets.azure.infra]\n{place}{lines}\n'
    with pytest.raises(ConfigError) as caught:
        parse(text, "llmops.toml")
    assert words in f"{caught.value.message} {caught.value.evidence} {caught.value.next_step}"
