"""`releases`, `logs` and `serve`, as people and programs run them."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx2
import pytest

from tests.cli.terminal import ended, spawn
from tests.project import API_KEY, Project, free_port, make_project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """One project with two releases for all."""
    made = make_project(tmp_path_factory.mktemp("operating") / "chat")
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
    header, *lines = project.ok("releases").out.splitlines()
    assert header.split() == ["RELEASE", "FIRST", "LIVE", "NAMES", "SUBJECT"]
    day = r"\d{4}-\d\d-\d\d \d\d:\d\d"
    assert re.fullmatch(rf"\*  {second}  {day} +Second", lines[0])
    assert re.fullmatch(rf"   {first}  {day}  first +First", lines[1])
    columns = [header.index("SUBJECT"), lines[0].index("Second"), lines[1].rindex("First")]
    assert len(set(columns)) == 1


def test_releases_are_one_document_for_a_program(project: Project) -> None:
    second, first = ids(project)
    document = project.ok("releases", "--json").document
    assert document["live"] == second
    found = document["releases"]
    assert [release["id"] for release in found] == [second, first]
    assert [release["names"] for release in found] == [[], ["first"]]
    assert datetime.fromisoformat(found[0]["deployed_at"]).tzinfo is not None
    assert found[1]["commit"].startswith(first)
    assert found[1]["secret_versions"] == {"LLMOPS_API_KEY": "1"}


def test_a_list_of_releases_can_be_short(project: Project) -> None:
    found = project.ok("releases", "--json", "--limit", "1").document["releases"]
    assert [release["id"] for release in found] == ids(project)[:1]
    assert len(project.ok("releases", "-n", "1").out.splitlines()) == 2


def test_a_release_gets_a_name_and_loses_it(project: Project) -> None:
    second, first = ids(project)
    named = project.ok("releases", "--json", "--name", f"{second[:6]}=good-one").document
    assert named["releases"][0]["names"] == ["good-one"]
    planned = project.ok("rollback", "--dry-run", "--json", "first").document
    assert planned["release"]["id"] == first
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


def test_logs_that_are_followed_go_on_until_ctrl_c(project: Project) -> None:
    def ask(name: str) -> None:
        httpx2.get(f"{project.url}/health", headers={"x-request-id": name})

    ask("find-what-was")
    run = spawn(project, "logs", "-f", "-n", "1000")
    run.expect_exact("find-what-was")
    ask("find-what-follows")
    run.expect_exact("find-what-follows")
    run.sendintr()
    assert ended(run)[0] == 130


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
