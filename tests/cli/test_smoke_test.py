"""`llmops smoke-test` as people and CI jobs run it."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pexpect
import pytest

from tests.checks.certificates import make_authority
from tests.checks.faulty_servers import KEY, RELEASE, Reply, as_json, serving
from tests.checks.good_api import GoodApi, Mumbling
from tests.project import LLMOPS, Run

ARGUMENTS = ("smoke-test", "--timeout", "5", "--model-timeout", "5", "--url")


class Shell:
    """Runs the command line in an empty folder with a clean environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kept = ("PATH", "HOME", "PYTHONPATH", "VIRTUAL_ENV")
        self.environment = {name: os.environ[name] for name in kept if name in os.environ}
        self.environment["LLMOPS_API_KEY"] = KEY

    def __call__(self, url: str, *more: str, before: tuple[str, ...] = ()) -> Run:
        done = subprocess.run(
            [*LLMOPS, *before, *ARGUMENTS, url, *more],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Run(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_a_good_api_ends_with_0_and_one_line_for_each_check(shell: Shell) -> None:
    with serving(GoodApi()) as server:
        run = shell(server.url, "--expect", RELEASE[:7])
    assert run.status == 0, run.said
    *lines, conclusion = run.out.splitlines()
    assert len(lines) == 13
    assert all(re.match(r"(passed|skipped) +[a-z-]+  ", line) for line in lines)
    assert conclusion == f"12 passed, 0 failed, 1 skipped: {RELEASE} at {server.url}"
    assert run.err == ""


def slow(_: object) -> Reply:
    threading.Event().wait(1.5)
    return Reply(200)


@pytest.mark.parametrize(
    ("faults", "named"),
    [
        ({"*": lambda _: Reply(404)}, "liveness"),
        ({"*": lambda _: Reply(401)}, "liveness"),
        ({"POST /v1/chat/completions": lambda _: Reply(401)}, "chat"),
        ({"GET /v1/models": lambda _: Reply(200, b"<html>")}, "models"),
        ({"GET /health/ready": slow}, "readiness"),
        ({"GET /version": lambda _: as_json({"release": "another"})}, "release"),
    ],
    ids=["404", "401", "chat-401", "wrong-body", "timeout", "wrong-release"],
)
def test_a_fault_ends_with_10_and_the_check_by_its_name(
    shell: Shell, faults: dict[str, Any], named: str
) -> None:
    with serving(GoodApi(faults=faults)) as server:
        run = shell(server.url, "--expect", RELEASE, "--timeout", "0.8")
    assert run.status == 10, run.said
    assert re.search(rf"^failed +{named} ", run.out, re.MULTILINE)
    assert re.search(rf"checks failed: .*\b{named}\b", run.err)


def test_a_certificate_that_is_not_trusted_ends_with_10(shell: Shell, tmp_path: Path) -> None:
    with serving(GoodApi(), make_authority(tmp_path).serve(90)) as server:
        run = shell(server.url)
        shell.environment["SSL_CERT_FILE"] = str(tmp_path / "authority.pem")
        trusting = shell(server.url)
    assert run.status == 10
    assert re.search(r"^failed +tls .*certificate verify failed", run.out, re.MULTILINE)
    assert trusting.status == 0, trusting.said


def test_nobody_there_ends_with_10(shell: Shell) -> None:
    run = shell("http://127.0.0.1:1")
    assert run.status == 10
    assert "Connection refused" in run.err


@pytest.mark.parametrize(("faults", "status"), [({}, 0), ({"*": lambda _: Reply(500)}, 10)])
def test_json_is_one_document_on_stdout_whatever_the_outcome(
    shell: Shell, faults: dict[str, Any], status: int
) -> None:
    with serving(GoodApi(faults=faults)) as server:
        run = shell(server.url, "--json")
    assert run.status == status
    assert run.err == ""
    assert run.document["ok"] is (status == 0)
    assert len(run.document["checks"]) == 13
    assert ("error" in run.document) is (status == 10)
    if status:
        assert run.document["error"]["code"] == "check"
        assert "liveness" in run.document["error"]["message"]


def test_every_report_is_written_also_when_a_check_fails(shell: Shell, tmp_path: Path) -> None:
    shell.environment |= {
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "GITHUB_ACTIONS": "true",
    }
    (tmp_path / "summary.md").write_text("what an earlier step wrote\n")
    with serving(GoodApi(faults={"GET /v1/models": lambda _: Reply(500)})) as server:
        run = shell(server.url, "--junit", "report.xml")
    assert run.status == 10
    suite = ElementTree.parse(tmp_path / "report.xml").getroot()[0]
    assert [case.get("name") for case in suite if case.find("failure") is not None] == ["models"]
    summary = (tmp_path / "summary.md").read_text()
    assert summary.startswith("what an earlier step wrote\n")
    assert "❌ | models" in summary
    assert "::error title=llmops::" in run.err


def test_a_report_that_could_not_be_written_is_refused_before_anything_is_asked(
    shell: Shell,
) -> None:
    with serving(GoodApi()) as server:
        run = shell(server.url, "--junit", "missing/report.xml")
    assert run.status == 2
    assert server.asked == []


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


def on_a_terminal(shell: Shell, url: str) -> str:
    child = pexpect.spawn(
        sys.executable,
        [*LLMOPS[1:], *ARGUMENTS, url],
        cwd=str(shell.folder),
        env={**shell.environment, "TERM": "xterm-256color"},
        encoding="utf-8",
        timeout=60,
        dimensions=(50, 200),
    )
    said = child.read()
    child.close()
    assert child.exitstatus == 0, said
    return said


def test_a_terminal_shows_ticks_in_colour_and_no_colour_where_none_is_wanted(shell: Shell) -> None:
    with serving(GoodApi()) as server:
        said = on_a_terminal(shell, server.url)
        shell.environment["NO_COLOR"] = "1"
        plain = on_a_terminal(shell, server.url)
    assert "✓ It is alive" in said
    assert "- TLS is valid" in said
    assert "\x1b[32m✓" in said
    assert "✓ It is alive" in plain
    assert "\x1b[32m" not in plain


def test_what_a_server_says_is_not_markup_on_a_terminal(shell: Shell) -> None:
    loud = as_json({"status": "[red]ok[/red][bold", "escape": "\x1b[2J"})
    with serving(GoodApi(faults={"GET /health": lambda _: loud})) as server:
        said = on_a_terminal(shell, server.url)
    assert "[red]ok[/red]" in said
    assert "\x1b[2J" not in said


def test_the_document_is_what_the_lines_say(shell: Shell) -> None:
    with serving(GoodApi()) as server:
        lines = shell(server.url).out.splitlines()
        document = json.loads(shell(server.url, before=("--json",)).out)
    told = [line.split()[:2] for line in lines[:-1]]
    assert told == [[check["verdict"], check["name"]] for check in document["checks"]]
