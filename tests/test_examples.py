"""Every example is a project that loads."""

from pathlib import Path

import pytest

from llmops_cli.config.load import load

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").iterdir())


def test_there_are_examples() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_a_valid_project_with_instructions(example: Path) -> None:
    assert load(example).name == example.name
    assert (example / "README.md").is_file()
