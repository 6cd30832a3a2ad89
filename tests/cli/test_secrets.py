"""`secrets`: a value comes in by stdin, a file, a prompt or chance, and is never shown."""

import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.terminal import ended, spawn
from tests.project import API_KEY, Project, make_project

VALUE = "value-for-tests-0123456789"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """One project for all, with a secret of its own; nothing of it runs."""
    made = make_project(
        tmp_path_factory.mktemp("secrets") / "chat", top='secrets.required = ["UPSTREAM_KEY"]'
    )
    made.ok("secrets", "set", "UPSTREAM_KEY", input=VALUE)
    yield made
    made.close()


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
    assert "never an argument" in run.err
    assert "spare-value" not in run.said
    assert not (project.state / "secrets" / "SPARE_KEY").exists()


PLACEHOLDERS = ["", "\n", "changeme", "CHANGE-ME\n", "<your key>", "your-api-key-here"]


@pytest.mark.parametrize("value", PLACEHOLDERS)
def test_a_placeholder_is_refused(project: Project, value: str) -> None:
    run = project.llmops("secrets", "set", "UPSTREAM_KEY", input=value)
    assert run.status == 2
    assert "Nothing was stored." in run.err
    assert value_of(project, "UPSTREAM_KEY") == VALUE


@pytest.mark.parametrize(("name", "length"), [("LLMOPS_API_KEY", 15), ("JWT_SECRET_KEY", 31)])
def test_a_key_that_the_api_would_refuse_is_refused(
    project: Project, name: str, length: int
) -> None:
    run = project.llmops("secrets", "set", name, input=f"{VALUE * 2},{(VALUE * 2)[:length]}")
    assert run.status == 2
    assert f"at least {length + 1} characters" in run.err
    assert VALUE[:length] not in run.said


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
    assert list(found)[:2] == ["LLMOPS_API_KEY", "UPSTREAM_KEY"]
    facts = {"required": True, "version": "1", "is_placeholder": False}
    assert found["UPSTREAM_KEY"] == {"name": "UPSTREAM_KEY", **facts}
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
