"""Steps as they happen: marks on a terminal, a line for each state elsewhere; questions too."""

import re
from collections.abc import Iterator

import pytest

from llmops_cli.cli.output import Output
from llmops_cli.cli.progress import shown
from llmops_cli.core.plan import Phase, Step, StepSaid
from tests.cli.terminal import ended, seen, spawn
from tests.project import Project, make_project

COLOUR = re.compile(r"\x1b\[(?:[0-9;]*;)?(?:3[0-7]|9[0-7]|4[0-7]|38;|48;)[0-9;]*m")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """One project for all: what a deploy changes here is no other test's concern."""
    made = make_project(tmp_path_factory.mktemp("progress") / "chat")
    made.ok("deploy")
    yield made
    made.close()


def titles(project: Project) -> list[str]:
    return [step["title"] for step in project.ok("--json", "plan").document["steps"]]


def test_on_a_terminal_every_step_gets_a_mark_and_the_result_comes_last(project: Project) -> None:
    release = project.change("On a terminal")
    planned = titles(project)
    status, text = ended(spawn(project, "deploy"))
    lines = [line for line in seen(text) if line]
    assert status == 0
    marked = [line for line in lines if line.startswith("✓ ")]
    assert len(marked) == len(planned)
    for line, title in zip(marked, planned, strict=True):
        assert re.fullmatch(rf"✓ {re.escape(title)} \d+\.\d\d s", line)
    assert any(line.startswith(f"{release} is live at {project.url}") for line in lines)
    assert "llmops rollback" in lines[-1]
    assert COLOUR.search(text)


def test_on_a_terminal_without_colour_there_are_marks_and_no_colour(project: Project) -> None:
    project.change("Without colour")
    status, text = ended(spawn(project, "deploy", NO_COLOR="1"))
    assert status == 0
    assert "✓ Move the traffic" in text
    assert not COLOUR.search(text)


def test_a_step_that_fails_gets_a_mark_of_its_own(project: Project) -> None:
    serving = project.serving()
    project.write(
        "evals/never.toml", '[[prompt]]\nname = "never"\nprompt = "Hi"\ncontains = "zebra-42"\n'
    )
    release = project.commit("Expect too much")
    status, text = ended(spawn(project, "deploy"))
    project.git("rm", "-q", "evals/never.toml")
    project.commit("Expect less")
    lines = seen(text)
    assert status == 8, text
    assert any(line.startswith(f"✗ Check {release} at its private address") for line in lines)
    assert any(line.startswith(f"✓ Stop {release}") for line in lines)
    assert any(line.startswith(f"  Now:  {serving} is serving") for line in lines)


def test_without_a_terminal_there_is_one_line_for_each_state(project: Project) -> None:
    project.change("In a pipe")
    planned = titles(project)
    run = project.ok("deploy")
    assert "\x1b" not in run.said
    assert "\r" not in run.said
    lines = run.err.splitlines()
    assert lines[::2] == [f"{title} ..." for title in planned]
    assert all(re.fullmatch(r"  done in \d+\.\d\d s", line) for line in lines[1::2])
    assert run.out.splitlines()[0].startswith(project.serving())


def test_verbose_shows_what_a_step_is_about(project: Project) -> None:
    release = project.change("In detail")
    run = project.ok("deploy", "--verbose")
    assert f"    folder: {project.state / 'releases' / release}" in run.err.splitlines()
    again = project.change("In detail on a terminal")
    status, text = ended(spawn(project, "deploy", "--verbose"))
    assert status == 0
    assert f"releases/{again}" in "".join(seen(text))


def test_with_json_the_progress_stays_out_of_the_document(project: Project) -> None:
    project.change("For a program")
    run = project.ok("deploy", "--json")
    assert run.document["changed"] is True
    assert "Move the traffic" in run.err


QUESTIONS = {
    "stop": ("stop", "Stop serving on local?"),
    "secrets unset": ("secrets unset SPARE_KEY", "Remove every version of SPARE_KEY from local?"),
}


def is_untouched(project: Project) -> bool:
    status = project.ok("--json", "status").document
    kept = project.ok("--json", "secrets", "list").document["secrets"]
    return not status["trouble"] and "SPARE_KEY" in [secret["name"] for secret in kept]


@pytest.mark.parametrize("command", QUESTIONS)
def test_what_destroys_asks_on_a_terminal_and_no_is_the_default(
    project: Project, command: str
) -> None:
    project.ok("secrets", "set", "SPARE_KEY", input="spare-value-0123456789")
    words, question = QUESTIONS[command]
    for answer in ("n", ""):
        run = spawn(project, *words.split())
        run.expect_exact(f"{question} [y/N]")
        run.sendline(answer)
        status, text = ended(run)
        assert status == 130
        assert "Nothing was changed." in text
    run = spawn(project, *words.split())
    run.expect_exact(question)
    run.sendintr()
    assert ended(run)[0] == 130
    assert is_untouched(project)


@pytest.mark.parametrize("command", QUESTIONS)
def test_what_destroys_aborts_without_a_terminal_and_names_the_flag(
    project: Project, command: str
) -> None:
    project.ok("secrets", "set", "SPARE_KEY", input="spare-value-0123456789")
    words, _question = QUESTIONS[command]
    run = project.llmops(*words.split(), input="y\n")
    assert run.status == 2
    assert f"llmops {words} --yes" in run.err
    assert "Nothing was changed." in run.err
    assert is_untouched(project)


def test_a_yes_is_done(project: Project) -> None:
    project.ok("secrets", "set", "SPARE_KEY", input="spare-value-0123456789")
    run = spawn(project, "secrets", "unset", "SPARE_KEY")
    run.expect_exact("[y/N]")
    run.sendline("y")
    assert ended(run)[0] == 0
    assert not is_untouched(project)
    run = spawn(project, "stop")
    run.expect_exact("[y/N]")
    run.sendline("y")
    status, text = ended(run)
    assert (status, "llmops start" in text) == (0, True)
    assert project.ok("--json", "status").document["live"] is None
    project.ok("start")


def test_without_a_terminal_what_takes_minutes_is_seen_to_go_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    step = Step(Phase.STAGE, "Start the stack", lambda: None)
    with shown(Output()) as observe:
        observe(StepSaid(step, "one of a thousand"))
        observe(StepSaid(step, "half of it", milestone=True))
    assert capsys.readouterr().err == "    half of it\n"
