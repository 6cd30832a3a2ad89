"""Logs of services, of several hosts in one stream; a target without services says so."""

from collections.abc import Iterator
from pathlib import Path

from llmops_cli.errors import EngineError
from llmops_cli.stacks.logs import together
from tests.project import make_project


def test_lines_of_several_hosts_come_with_their_names_and_one_that_fails_is_told() -> None:
    def failing() -> Iterator[str]:
        yield "loads"
        raise EngineError("docker logs failed.")

    lines = list(together({"one": iter(["a", "b"]), "two": failing()}))
    assert [line for line in lines if line.startswith("one")] == ["one | a", "one | b"]
    assert [line for line in lines if line.startswith("two")] == [
        "two | loads",
        "two | docker logs failed.",
    ]


def test_a_target_that_runs_no_services_says_so(tmp_path: Path) -> None:
    run = make_project(tmp_path / "chat").llmops("logs", "--service", "vllm")
    assert run.status == 2
    assert "A target of kind local runs no services beside the API." in run.err
