"""Templates become text, exactly, and a forgotten value is an error."""

import pytest
from jinja2 import TemplateNotFound, UndefinedError

from llmops_cli.rendering import render, template_names


def test_a_template_is_filled_in_and_keeps_its_last_line_feed() -> None:
    text = render("init/chat/README.md", {"name": "a <b> & 'c'"})
    assert text.startswith("# a <b> & 'c'\n")
    assert text.endswith("```\n")


def test_a_value_that_is_left_out_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="name"):
        render("init/chat/README.md", {})


def test_a_template_outside_the_folder_is_not_found() -> None:
    with pytest.raises(TemplateNotFound):
        render("../pyproject.toml", {})


def test_the_names_of_templates_lead_to_them() -> None:
    names = template_names("init/chat")
    assert "prompts/system.md" in names
    assert list(names) == sorted(names)
    for name in names:
        assert render(
            f"init/chat/{name}",
            {"name": "n", "kind": "k", "port": 1, "version": "v", "extra": "serve"},
        )
