"""`releases`, `logs`, `secrets` and `serve`, as people and programs run them."""

import json
import re
import stat
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx2
import pytest

from tests.cli.terminal import ended, spawn
from tests.project import API_KEY, SECONDS, Project, free_port, make_project

VALUE = "value-for-tests-0123456789"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """One project with two releases for all."""
    made = make_project(
        tmp_path_factory.mktemp("operating") / "chat", top='secrets.required = ["UPSTREAM_KEY"]'
    )
    made.ok("secrets", "set", "UPSTREAM_KEY", input=VALUE)
    made.ok("deploy", "--name", "first")
    made.change("Second")
    made.ok("deploy")
    yield made
    made.close()


def ids(project: Project) -> list[str]:
    """The ids of the commits, the latest first: each has a release."""
    return [sha[:12] for sha in project.git("log", "--format=%H").splitlines()]


def test_releases_are_listed_the_live_one_first_and_marked(project: Project) -> None:
    second, first = ids(project)
    lines = project.ok("releases").out.splitlines()
    assert lines[0].split() == ["RELEASE", "FIRST", "LIVE", "NAMES", "SUBJECT"]
    assert re.fullmatch(
        rf"\* {second}  \d{{4}}-\d\d-\d\d \d\d:\d\d +Second", lines[1].replace("*  ", "* ")
    )
    assert lines[2].split()[0] == first
    assert lines[2].endswith("  first  First")
    starts = {
        line.index(word)
        for line, word in ((lines[0], "SUBJECT"), (lines[1], "Second"), (lines[2], "First"))
    }
    assert len(starts) == 1


def test_releases_are_one_document_for_a_program(project: Project) -> None:
    second, first = ids(project)
    document = project.ok("releases", "--json").document
    assert document["live"] == second
    found = document["releases"]
    assert [release["id"] for release in found] == [second, first]
    assert [release["names"] for release in found] == [[], ["first"]]
    assert datetime.fromisoformat(found[0]["deployed_at"]).tzinfo is not None
    assert found[1]["commit"].startswith(first)
    assert found[1]["secret_versions"] == {"LLMOPS_API_KEY": "1", "UPSTREAM_KEY": "1"}


def test_a_list_of_releases_can_be_short(project: Project) -> None:
    found = project.ok("releases", "--json", "--limit", "1").document["releases"]
    assert [release["id"] for release in found] == ids(project)[:1]
    assert len(project.ok("releases", "-n", "1").out.splitlines()) == 2


def test_a_release_gets_a_name_and_loses_it(project: Project) -> None:
    second, _first = ids(project)
    named = project.ok("releases", "--json", "--name", f"{second[:6]}=good-one").document
    assert named["releases"][0]["names"] == ["good-one"]
    assert (
        project.ok("rollback", "--dry-run", "--json", "good-one").document["release"]["id"]
        == second
    )
    freed = project.ok("releases", "--json", "--unname", "good-one").document
    assert freed["releases"][0]["names"] == []
    again = project.llmops("releases", "--unname", "good-one")
    assert (again.status, "'good-one'" in again.err) == (11, True)


@pytest.mark.parametrize(
    ("assignment", "status"),
    [
        ("{}=deadbeef", 2),
        ("{}=", 2),
        ("{}", 2),
        ("{}=a/b", 2),
        ("{}=--json", 2),
        ("{}=" + "x" * 65, 2),
        ("fedcba987654=good", 11),
        ("=good", 11),
    ],
)
def test_a_name_that_could_be_a_sha_or_names_nothing_is_refused(
    project: Project, assignment: str, status: int
) -> None:
    run = project.llmops("releases", "--json", "--name", assignment.format(ids(project)[0]))
    assert run.status == status, run.said
    assert set(run.document) == {"error"}
    names = [release["names"] for release in project.ok("releases", "--json").document["releases"]]
    assert names == [[], ["first"]]


def test_logs_show_the_last_lines_of_the_live_release(project: Project) -> None:
    httpx2.get(f"{project.url}/health", headers={"x-request-id": "find-this-request"})
    lines = project.ok("logs", "-n", "100").out.splitlines()
    assert [line for line in lines if "find-this-request" in line]
    assert {json.loads(line)["release"] for line in lines} == {ids(project)[0]}
    assert len(project.ok("logs", "-n", "2").out.splitlines()) == 2
    assert project.ok("logs", "-n", "0").out == ""


def test_logs_are_one_document_for_a_program(project: Project) -> None:
    document = project.ok("logs", "--json", "-n", "3").document
    assert len(document["lines"]) == 3
    assert all(json.loads(line)["release"] == ids(project)[0] for line in document["lines"])


def test_logs_that_are_followed_end_with_ctrl_c(project: Project) -> None:
    run = spawn(project, "logs", "-f", "-n", "0")
    told = ""
    deadline = time.monotonic() + SECONDS
    while "find-what-follows" not in told:
        assert time.monotonic() < deadline
        httpx2.get(f"{project.url}/health", headers={"x-request-id": "find-what-follows"})
        run.expect([r"\n", r"\Z"], timeout=0.2) if False else None
        told += _read(run)
    run.sendintr()
    status, _text = ended(run)
    assert status == 130


def _read(run: "object") -> str:
    import pexpect

    try:
        return str(run.read_nonblocking(4096, timeout=0.2))  # type: ignore[attr-defined]
    except pexpect.TIMEOUT:
        return ""


def value_of(project: Project, name: str) -> str:
    """The newest value, as the file store keeps it, in a file that only its owner may read."""
    folder = project.state / "secrets" / name
    file = max(folder.iterdir(), key=lambda found: int(found.name))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    return file.read_text()


def test_a_value_comes_from_stdin_a_file_or_chance(project: Project, tmp_path: Path) -> None:
    project.ok("secrets", "set", "SPARE_KEY", input="from-stdin-0123\n")
    assert value_of(project, "SPARE_KEY") == "from-stdin-0123"
    (tmp_path / "value").write_text("from-file-0123\r\n")
    run = project.ok("--json", "secrets", "set", "SPARE_KEY", "--file", str(tmp_path / "value"))
    assert run.document == {"name": "SPARE_KEY", "version": "2"}
    assert value_of(project, "SPARE_KEY") == "from-file-0123"
    run = project.ok("secrets", "set", "SPARE_KEY", "--generate")
    made = value_of(project, "SPARE_KEY")
    assert len(made) >= 43
    assert made not in run.said
    project.ok("secrets", "unset", "SPARE_KEY", "--yes")
    assert not (project.state / "secrets" / "SPARE_KEY").exists()


def test_a_value_that_is_typed_is_not_shown(project: Project) -> None:
    run = spawn(project, "secrets", "set", "TYPED_KEY")
    run.expect_exact("Value of TYPED_KEY:")
    run.waitnoecho()
    run.sendline("typed-value-0123456789")
    status, text = ended(run)
    assert status == 0, text
    assert "TYPED_KEY is set" in text
    assert "typed-value" not in text
    assert value_of(project, "TYPED_KEY") == "typed-value-0123456789"


def test_a_value_is_never_an_argument(project: Project) -> None:
    run = project.llmops("secrets", "set", "SPARE_KEY", "spare-value-0123456789")
    assert run.status == 2
    assert not (project.state / "secrets" / "SPARE_KEY").exists()


@pytest.mark.parametrize(
    "value", ["", "\n", "changeme", "CHANGE-ME\n", "<your key>", "your-api-key-here"]
)
def test_a_placeholder_is_refused(project: Project, value: str) -> None:
    run = project.llmops("secrets", "set", "UPSTREAM_KEY", input=value)
    assert run.status == 2
    assert "Nothing was stored." in run.err
    assert value_of(project, "UPSTREAM_KEY") == VALUE


@pytest.mark.parametrize("name", ["lower_case", "../UP", "A/B", "1ST", "", "A" * 129])
def test_a_name_that_cannot_be_one_is_refused(project: Project, name: str) -> None:
    run = project.llmops("secrets", "set", name, input=VALUE)
    assert run.status == 2
    assert "OPENAI_API_KEY" in run.err


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read_is_refused(
    project: Project, tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "value").write_bytes(content)
    run = project.llmops("secrets", "set", "SPARE_KEY", "--file", str(tmp_path / "value"))
    assert run.status == 2
    assert "Nothing was stored." in run.err


def test_secrets_are_listed_without_their_values(project: Project) -> None:
    run = project.ok("secrets", "list", "--json")
    found = {secret["name"]: secret for secret in run.document["secrets"]}
    for name in ("LLMOPS_API_KEY", "UPSTREAM_KEY"):
        assert found[name] == {
            "name": name,
            "required": True,
            "version": "1",
            "is_placeholder": False,
        }
    assert list(found)[:2] == ["LLMOPS_API_KEY", "UPSTREAM_KEY"]
    table = project.ok("secrets", "list").out
    assert re.search(r"^UPSTREAM_KEY +1 +required$", table, re.MULTILINE)
    assert not [value for value in (API_KEY, VALUE) if value in run.said + table]


def test_a_missing_secret_fails_the_check_and_then_the_deploy(tmp_path: Path) -> None:
    project = make_project(tmp_path / "chat", top='secrets.required = ["UPSTREAM_KEY", "OTHER"]')
    for name in ("UPSTREAM_KEY", "OTHER"):
        (project.state / "secrets" / name).mkdir(mode=0o700)
    (project.state / "secrets" / "OTHER" / "1").write_text("changeme")
    for command in (("secrets", "check"), ("deploy",), ("plan",)):
        run = project.llmops("--json", *command)
        assert run.status == 4
        assert "UPSTREAM_KEY" in run.document["error"]["evidence"]
        assert "placeholder" in run.document["error"]["evidence"]
        assert run.document["error"]["next"] == "llmops secrets set UPSTREAM_KEY -t local"
    for name in ("UPSTREAM_KEY", "OTHER"):
        project.ok("secrets", "set", name, input=VALUE)
    assert len(project.ok("secrets", "check", "--json").document["secrets"]) == 3
    assert not (project.state / "releases").exists()


def test_serve_runs_the_working_tree_until_ctrl_c(project: Project) -> None:
    port = free_port()
    before = project.ok("--json", "status").document
    run = spawn(project, "serve", "--port", str(port))
    run.expect_exact("Application startup complete")
    url = f"http://127.0.0.1:{port}"
    assert httpx2.get(f"{url}/version").json()["release"] == "working-tree"
    assert httpx2.get(f"{url}/v1/models").status_code == 401
    answer = httpx2.get(f"{url}/v1/models", headers={"x-api-key": API_KEY})
    assert answer.status_code == 200
    assert API_KEY.encode() not in Path(f"/proc/{run.pid}/environ").read_bytes()
    run.sendintr()
    status, text = ended(run)
    assert status == 0, text
    after = project.ok("--json", "status").document
    assert (after["live"], after["trouble"]) == (before["live"], "")
