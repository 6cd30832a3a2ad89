"""Targets inherit from each other, and only kinds that exist are taken."""

import pytest

from llmops_cli.config.load import parse
from llmops_cli.errors import ConfigError


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(f'name = "chat"\n{text}', "llmops.toml")
    return f"{caught.value.message}\n{caught.value.evidence}"


def test_the_kind_defaults_to_the_name_of_the_table() -> None:
    assert parse('name = "chat"\n[targets.local]', "").targets["local"].kind == "local"


def test_a_target_inherits_keys_and_kind_and_overrides_them() -> None:
    text = """
name = "chat"
[targets.local]
port = 9000
keep = 9
[targets.staging]
extends = "local"
port = 9001
[targets.deeper]
extends = "staging"
"""
    targets = parse(text, "").targets
    assert (targets["staging"].port, targets["staging"].keep) == (9001, 9)
    assert (targets["deeper"].port, targets["deeper"].keep) == (9001, 9)
    assert targets["deeper"].kind == "local"


def test_an_unknown_kind_is_answered_with_the_kinds_there_are() -> None:
    assert "line 3: targets.x.kind is not a kind of target; there are: local" in refusal(
        '[targets.x]\nkind = "nowhere"'
    )
    assert "targets.cloud has no known kind" in refusal("[targets.cloud]")
    assert "targets.x.kind is not a kind" in refusal("[targets.x]\nkind = [1]")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[targets.local]\nextends = "local"', "line 3: targets.local.extends comes back"),
        (
            '[targets.a]\nextends = "b"\n[targets.b]\nextends = "a"',
            "line 5: targets.b.extends comes back",
        ),
        (
            '[targets.a]\nextends = "b"\n[targets.b]\nextends = "a"\n[targets.c]\nextends = "a"',
            "line 5: targets.b.extends comes back",
        ),
        ('[targets.local]\n[targets.b]\nextends = "locl"', "did you mean local?"),
        ('[targets.local]\n[targets.b]\nextends = "zzz"', "there are: local, b"),
        ("[targets.local]\nextends = [1]", "names a target that is not there"),
        ("[targets]\nlocal = 3", "targets.local must be a table"),
        ('[targets]\nlocal = 3\nb = {extends = "local"}', "targets.local must be a table"),
        ("targets = 3", "targets must be a table"),
        ("[targets.Local]", "targets.Local is not a name"),
    ],
)
def test_a_broken_lineage_is_refused(text: str, told: str) -> None:
    assert told in refusal(text)


def test_a_wrong_inherited_key_is_told_once_where_it_was_written() -> None:
    said = refusal('[targets.local]\nport = 0\n[targets.b]\nextends = "local"')
    assert said.count("port") == 1
    assert "line 3: targets.local.port" in said
