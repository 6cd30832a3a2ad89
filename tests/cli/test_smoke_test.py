"""`llmops smoke-test` as people and CI jobs run it."""

import json
import re
import sys
import threading
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pexpect
import pytest

from tests.checks.certificates import make_authority
from tests.checks.faulty_servers import RELEASE, Reply, as_json, serving
from tests.checks.good_api import GoodApi
from tests.cli.shell import ARGUMENTS, Shell
from tests.project import LLMOPS


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
        told = shell(server.url, "--ca-file", str(tmp_path / "authority.pem"))
        shell.environment["SSL_CERT_FILE"] = str(tmp_path / "authority.pem")
        trusting = shell(server.url)
    assert run.status == 10
    assert re.search(r"^failed +tls .*certificate verify failed", run.out, re.MULTILINE)
    assert told.status == 0, told.said
    assert trusting.status == 0, trusting.said


@pytest.mark.parametrize("text", [None, "", "no certificate"])
def test_a_ca_file_without_a_certificate_ends_with_5(
    shell: Shell, tmp_path: Path, text: str | None
) -> None:
    if text is not None:
        (tmp_path / "ca.pem").write_text(text)
    run = shell("http://127.0.0.1:1", "--ca-file", "ca.pem")
    assert run.status == 5
    assert "--ca-file ca.pem" in run.err


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
