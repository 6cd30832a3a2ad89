"""``WWW-Authenticate`` is read as registries write it, and no text of it breaks anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.registries.challenge import Challenge, parse

_HUB = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"'


@pytest.mark.parametrize(
    ("line", "challenges"),
    [
        ('Basic realm="a, b"', [Challenge("basic", {"realm": "a, b"})]),
        ("basic realm=plain", [Challenge("basic", {"realm": "plain"})]),
        (
            f'{_HUB},scope="repository:a/b:pull,push"',
            [
                Challenge(
                    "bearer",
                    {
                        "realm": "https://auth.docker.io/token",
                        "service": "registry.docker.io",
                        "scope": "repository:a/b:pull,push",
                    },
                )
            ],
        ),
        (
            'Negotiate, Basic realm="x", Bearer realm="y"',
            [
                Challenge("negotiate"),
                Challenge("basic", {"realm": "x"}),
                Challenge("bearer", {"realm": "y"}),
            ],
        ),
        (r'Basic realm="say \"x\""', [Challenge("basic", {"realm": 'say "x"'})]),
        ("", []),
    ],
)
def test_challenges_are_read(line: str, challenges: list[Challenge]) -> None:
    assert parse([line]) == challenges


def test_several_lines_are_several_challenges() -> None:
    found = parse([_HUB, "Basic realm=x"])
    assert [challenge.scheme for challenge in found] == ["bearer", "basic"]


@given(st.text(max_size=200))
def test_any_text_is_read_to_an_end(line: str) -> None:
    assert all(challenge.scheme for challenge in parse([line]))


_VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)


@given(_VALUES, _VALUES)
def test_quoted_values_come_back_as_they_were(realm: str, scope: str) -> None:
    def quoted(value: str) -> str:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

    found = parse([f"Bearer realm={quoted(realm)}, scope={quoted(scope)}"])
    assert found == [Challenge("bearer", {"realm": realm, "scope": scope})]
