"""The commands that a message names are about the target that the operator named."""

import pytest

from llmops_cli.cli.aiming import aimed, aimed_result, named_target
from tests.project import Project


@pytest.mark.parametrize(
    "arguments",
    [["deploy", "-t", "prod"], ["-t=prod"], ["--target", "prod"], ["--target=prod"], ["-tprod"]],
)
def test_the_target_is_found_however_it_is_written(arguments: list[str]) -> None:
    assert named_target(arguments) == "prod"


@pytest.mark.parametrize("arguments", [["deploy"], ["deploy", "-t"], ["logs", "--tail"]])
def test_without_a_named_target_there_is_none(arguments: list[str]) -> None:
    assert named_target(arguments) is None


def test_commands_name_the_target_once() -> None:
    assert aimed("llmops rollback 3f2a", "b") == "llmops rollback -t b 3f2a"
    assert aimed("llmops secrets set KEY -t b --generate", "b").count("-t b") == 1
    assert aimed("llmops deploy", None) == "llmops deploy"
    assert aimed("llmops init", "b") == "llmops init"


def test_only_the_lines_that_say_what_comes_next_are_changed() -> None:
    told = aimed_result("llmops deploy (subject)\n  next: llmops status, llmops logs -f", "b")
    assert told == "llmops deploy (subject)\n  next: llmops status -t b, llmops logs -t b -f"


def test_a_release_is_gone_back_to_on_the_target_that_was_named(project: Project) -> None:
    project.write("llmops.toml", f'name = "demo"\n[targets.local]\nport = {project.port}\n')
    project.commit()
    project.ok("deploy", "-t", "local")
    project.change("Be terse.")
    told = project.ok("deploy", "-t", "local").out
    assert "to go back: llmops rollback -t local " in told
