"""`secrets rotate`: the live release with another value, or everything as it was."""

import signal
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.poller import polled
from tests.project import API_KEY, Project, make_project
from tests.waiting import eventually

NEW = "new-key-for-tests-0123456789"
THIRD = "third-key-for-tests-0123456789"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A project that is deployed, with a secret of its own besides the key."""
    made = make_project(tmp_path / "chat", top='secrets.required = ["UPSTREAM_KEY"]')
    made.ok("secrets", "set", "UPSTREAM_KEY", input="upstream-one-0123456789")
    made.ok("deploy")
    yield made
    made.close()


def opens(project: Project, key: str) -> bool:
    """Whether a key opens the API."""
    headers = {"authorization": f"Bearer {key}"}
    answer = httpx2.get(f"{project.url}/v1/models", headers=headers, timeout=10)
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


def versions(project: Project) -> dict[str, str]:
    """The current version of each secret."""
    found = project.ok("secrets", "list", "--json").document["secrets"]
    return {secret["name"]: secret["version"] for secret in found}


def test_the_live_release_is_deployed_anew_with_the_value_and_without_a_gap(
    project: Project,
) -> None:
    first = project.serving()
    with polled(project.url) as answers:
        run = project.ok("--json", "secrets", "rotate", "UPSTREAM_KEY", input="upstream-two-01234")
    assert (run.document["version"], run.document["changed"]) == ("2", True)
    assert run.document["release"]["id"] == project.serving() == f"{first}.2"
    assert run.document["release"]["secret_versions"] == {
        "LLMOPS_API_KEY": "1",
        "UPSTREAM_KEY": "2",
    }
    assert answers.faults == []
    assert (answers.distinct[0], answers.distinct[-1]) == (first, f"{first}.2")
    status = project.ok("--json", "status").document
    assert status["events"][0]["action"] == "rotate"
    assert "upstream-" not in run.said
    assert "live already" in project.ok("deploy").out


def test_it_is_the_release_that_is_live_and_not_the_newest_commit(project: Project) -> None:
    first = project.serving()
    project.change("Not deployed.")
    project.write("prompts/system.md", "Not even committed.\n")
    project.ok("secrets", "rotate", "UPSTREAM_KEY", "--generate")
    assert project.serving() == f"{first}.2"


def test_a_key_of_the_api_stays_good_until_it_is_dropped(project: Project) -> None:
    first = project.serving()
    run = project.ok("secrets", "rotate", "LLMOPS_API_KEY", input=NEW)
    assert "2 keys are good now" in run.out
    assert "llmops secrets rotate LLMOPS_API_KEY --finish" in run.out
    assert [opens(project, key) for key in (API_KEY, NEW, THIRD)] == [True, True, False]
    project.ok("secrets", "rotate", "LLMOPS_API_KEY", input=THIRD)
    assert [opens(project, key) for key in (API_KEY, NEW, THIRD)] == [True, True, True]
    run = project.ok("secrets", "rotate", "LLMOPS_API_KEY", "--finish")
    assert "keys are good" not in run.out
    assert [opens(project, key) for key in (API_KEY, NEW, THIRD)] == [False, False, True]
    assert project.serving() == f"{first}.4"
    project.ok("rollback")
    assert opens(project, API_KEY)


def test_a_value_that_the_release_does_not_start_with_changes_nothing(project: Project) -> None:
    first = project.serving()
    run = project.llmops("--json", "secrets", "rotate", "LLMOPS_API_KEY", input="ключ-" * 8)
    assert run.status == 8, run.said
    error = run.document["error"]
    assert f"{first} is serving" in error["state"]
    assert "withdrawn: later deploys use the one before" in error["state"]
    assert error["next"] == "Mend it, and: llmops secrets rotate LLMOPS_API_KEY"
    assert "ключ" not in run.said
    assert versions(project)["LLMOPS_API_KEY"] == "1"
    assert "live already" in project.ok("deploy").out
    assert opens(project, API_KEY)
    assert not (project.state / "secrets" / "LLMOPS_API_KEY" / "2").exists()
    project.ok("secrets", "rotate", "LLMOPS_API_KEY", input=NEW)
    assert project.serving() == f"{first}.2"


def test_a_rotation_that_is_killed_leaves_later_deploys_the_value_before(project: Project) -> None:
    first = project.serving()
    folder = project.state / "secrets" / "UPSTREAM_KEY"
    with project.popen("secrets", "rotate", "UPSTREAM_KEY", "--generate") as process:
        eventually((folder / "2").exists)
        process.send_signal(signal.SIGKILL)
    assert versions(project)["UPSTREAM_KEY"] == "1"
    run = project.ok("deploy", "--lock-wait", "20")
    assert project.serving() == first
    assert f"{first}.2" not in run.said
    project.ok("secrets", "rotate", "UPSTREAM_KEY", "--generate")
    assert versions(project)["UPSTREAM_KEY"] == "3"


def test_a_secret_that_the_live_release_does_not_use_is_only_stored(project: Project) -> None:
    first = project.serving()
    run = project.ok("secrets", "rotate", "REGISTRY_PASSWORD", input="password-0123456789")
    assert "nothing was deployed" in run.out
    assert project.serving() == first
    assert versions(project)["REGISTRY_PASSWORD"] == "1"


@pytest.mark.parametrize(
    ("words", "given", "said"),
    [
        (("LLMOPS_API_KEY", "spare-value-0123456789"), "", "never an argument"),
        (("LLMOPS_API_KEY",), "changeme", "placeholder"),
        (("LLMOPS_API_KEY",), "short", "at least 16 characters"),
        (("LLMOPS_API_KEY",), API_KEY, "has already"),
        (("LLMOPS_API_KEY", "--finish"), "", "no older key"),
        (("UPSTREAM_KEY", "--finish"), "", "no older key"),
        (("LLMOPS_API_KEY", "--finish", "--generate"), "", "takes no value"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_stored(
    serving: Project, words: tuple[str, ...], given: str, said: str
) -> None:
    run = serving.llmops("secrets", "rotate", *words, input=given)
    assert run.status == 2, run.said
    assert said in run.err
    assert "Nothing was stored." in run.err
    assert "spare-value" not in run.said
    assert versions(serving) == {"LLMOPS_API_KEY": "1", "UPSTREAM_KEY": "1"}


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """One for all that change nothing."""
    made = make_project(
        tmp_path_factory.mktemp("rotate") / "chat", top='secrets.required = ["UPSTREAM_KEY"]'
    )
    made.ok("secrets", "set", "UPSTREAM_KEY", input="upstream-one-0123456789")
    made.ok("deploy")
    yield made
    made.close()


def test_with_nothing_live_there_is_nothing_to_deploy_anew(tmp_path: Path) -> None:
    project = make_project(tmp_path / "chat")
    run = project.llmops("secrets", "rotate", "LLMOPS_API_KEY", "--generate")
    assert run.status == 11
    assert "llmops secrets set" in run.err
    assert versions(project) == {"LLMOPS_API_KEY": "1"}


def test_a_secret_of_the_release_that_is_gone_stops_it_before_anything_is_touched(
    project: Project,
) -> None:
    first = project.serving()
    project.ok("secrets", "unset", "UPSTREAM_KEY", "--yes")
    run = project.llmops("secrets", "rotate", "LLMOPS_API_KEY", input=NEW)
    assert run.status == 4
    assert "UPSTREAM_KEY" in run.err
    assert project.serving() == first
    assert versions(project)["LLMOPS_API_KEY"] == "1"
