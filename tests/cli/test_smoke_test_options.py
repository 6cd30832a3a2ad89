"""What `llmops smoke-test` is told: keys, addresses, expectations, golden prompts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.checks.faulty_servers import KEY, Reply, as_json, serving
from tests.checks.good_api import GoodApi, Mumbling
from tests.cli.shell import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def echoing(key: str) -> GoodApi:
    """An API that says the key it was given, in every way that comes to mind."""
    api = GoodApi(key=key)

    def echo(one: Any) -> Reply:
        return as_json({"detail": one.headers.get("authorization"), "key": one.key}, 500, x=key)

    for route in ("GET /v1/models", "POST /v1/chat/completions", "POST /sessions"):
        api.faults[route] = echo
    return api


@pytest.mark.parametrize("as_json_document", [False, True])
def test_the_credential_is_in_nothing_that_is_written(
    shell: Shell, tmp_path: Path, as_json_document: bool
) -> None:
    shell.environment |= {
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "GITHUB_ACTIONS": "true",
    }
    with serving(echoing(KEY)) as server:
        more = ["--json"] if as_json_document else []
        run = shell(server.url, "--junit", "report.xml", "--verbose", *more)
    assert any(one.key == KEY for one in server.asked)
    assert run.status == 10
    assert "[secret]" in run.out
    assert KEY not in run.said
    for file in tmp_path.iterdir():
        assert KEY not in file.read_text(), file.name


def test_the_key_comes_from_a_file_and_the_first_of_several_is_used(
    shell: Shell, tmp_path: Path
) -> None:
    shell.environment["LLMOPS_API_KEY"] = "wrong"
    (tmp_path / "key").write_text(f"{KEY},the-next-key\n")
    with serving(GoodApi()) as server:
        assert shell(server.url).status == 10
        assert shell(server.url, "--key-file", "key").status == 0
    assert {one.key for one in server.asked} >= {KEY, "wrong"}


def test_a_missing_key_is_told_with_where_it_goes(shell: Shell) -> None:
    del shell.environment["LLMOPS_API_KEY"]
    with serving(GoodApi()) as server:
        run = shell(server.url)
    assert run.status == 10
    assert "Set LLMOPS_API_KEY" in run.err


def test_there_is_no_option_for_a_key(shell: Shell) -> None:
    assert shell("http://127.0.0.1:1", "--key", "x").status == 2


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe\x00", None])
def test_a_key_file_without_a_key_ends_with_5(
    shell: Shell, tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    run = shell("http://127.0.0.1:1", "--key-file", "key")
    assert run.status == 5
    assert "key" in run.err


def test_a_key_that_no_header_can_carry_is_not_sent_and_not_shown(shell: Shell) -> None:
    shell.environment["LLMOPS_API_KEY"] = "schlüssel"
    with serving(GoodApi()) as server:
        run = shell(server.url)
    assert run.status == 10
    assert "a header cannot carry" in run.out
    assert "schl" not in run.said


@pytest.mark.parametrize(
    "url",
    [
        "chat.example.com",
        "ftp://127.0.0.1/",
        "http://",
        "http://127.0.0.1:99999",
        "http://user:hunter2@127.0.0.1:1",
        "http://127.0.0.1:1/?code=hunter2",
        "http://127.0.0.1:1/#hunter2",
        "http://[::1",
        "",
    ],
)
def test_an_address_that_cannot_be_asked_or_holds_a_password_ends_with_2(
    shell: Shell, url: str
) -> None:
    run = shell(url)
    assert run.status == 2, run.said
    assert "hunter2" not in run.said


@pytest.mark.parametrize(
    "more", [("--expect", ""), ("--expect", "abc"), ("-t", "local"), ("--timeout", "0")]
)
def test_an_option_that_would_turn_a_question_off_ends_with_2(
    shell: Shell, more: tuple[str, ...]
) -> None:
    with serving(GoodApi()) as server:
        assert shell(server.url, *more).status == 2
    assert server.asked == []


def test_an_address_may_end_in_a_path(shell: Shell) -> None:
    with serving(under("/api", GoodApi())) as server:
        assert shell(f"{server.url}/api/").status == 0
        assert shell(server.url).status == 10


def under(prefix: str, api: GoodApi) -> Callable[[Any], Reply]:
    def route(one: Any) -> Reply:
        if not one.path.startswith(prefix):
            return Reply(404)
        return api(type(one)(one.method, one.path[len(prefix) :], one.headers, one.body))

    return route


def test_golden_prompts_of_the_project_are_asked_where_they_are_wanted(
    shell: Shell, tmp_path: Path
) -> None:
    (tmp_path / "llmops.toml").write_text('name = "chat"\n[targets.local]\n')
    (tmp_path / "evals").mkdir()
    (tmp_path / "evals" / "basics.toml").write_text(
        '[[prompt]]\nname = "sky"\nprompt = "What colour?"\ncontains = "blue"\n'
    )
    with serving(GoodApi()) as server:
        assert "eval-basics" not in shell(server.url).out
        run = shell(server.url, "--evals")
    assert run.status == 10
    assert "checks failed: eval-basics" in run.err
    assert "sky" in run.err


def test_a_model_that_recalls_nothing_passes_where_it_need_not(shell: Shell) -> None:
    with serving(Mumbling()) as server:
        assert shell(server.url).status == 10
        assert shell(server.url, "--no-recall").status == 0


def test_golden_prompts_without_a_project_end_with_3(shell: Shell) -> None:
    assert shell("http://127.0.0.1:1", "--evals").status == 3
