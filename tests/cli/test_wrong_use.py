"""Wrong use, defects and readers that leave: the right status, and never a traceback unasked."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from llmops_cli import errors
from llmops_cli.cli.output import Output
from llmops_cli.cli.streams import NOBODY_READS
from tests.cli import readme
from tests.project import LLMOPS, Project, Run

FIVE = {"code", "message", "evidence", "state", "next"}

#: A command line whose `status` is a broken command: it raises what is not ours.
BROKEN = """
import sys, types
broken = types.ModuleType("llmops_cli.cli.status")
def command() -> None:
    raise ZeroDivisionError("broken on purpose")
broken.command = command
sys.modules[broken.__name__] = broken
from llmops_cli.cli.main import main
main()
"""


def llmops(*arguments: str, cwd: Path, **environment: str) -> Run:
    return ended([*LLMOPS, *arguments], cwd, environment)


def broken(*arguments: str, cwd: Path, **environment: str) -> Run:
    return ended([sys.executable, "-c", BROKEN, *arguments], cwd, environment)


def in_shell(command: str, cwd: Path) -> Run:
    """Run a line of bash in which $LLMOPS is the command line."""
    return ended(["bash", "-c", command], cwd, {"LLMOPS": " ".join(LLMOPS)})


def ended(argv: list[str], cwd: Path, environment: dict[str, str]) -> Run:
    done = subprocess.run(
        argv,
        cwd=cwd,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Run(done.returncode, done.stdout, done.stderr)


WRONG = {
    "no command": ((), "Missing command", "llmops --help"),
    "an unknown command": (("nope",), "No such command 'nope'", "llmops --help"),
    "a mistyped command": (("deplyo",), "Did you mean 'deploy'?", "llmops --help"),
    "an unknown option": (("deploy", "--nope"), "--nope", "llmops deploy --help"),
    "a mistyped option": (("deploy", "--allow-dirt"), "--allow-dirty", "llmops deploy --help"),
    "a missing value": (("deploy", "-t"), "-t", "llmops deploy --help"),
    "a value out of range": (("releases", "-n", "0"), "--limit", "llmops releases --help"),
    "a word too many": (("stop", "now"), "now", "llmops stop --help"),
    "a missing argument": (("secrets", "set"), "Missing argument", "llmops secrets set --help"),
    "no subcommand": (("secrets",), "Missing command", "llmops secrets --help"),
    "an unknown subcommand": (("secrets", "show"), "'show'", "llmops secrets --help"),
    "-C without a folder": (("status", "-C"), "-C needs a folder", "llmops -C DIR COMMAND"),
    "-C with an empty folder": (("-C", "", "status"), "-C needs a folder", "llmops -C DIR"),
    "-C with a folder that is not there": (("-C", "gone", "status"), "-C gone", ""),
    "a word after --": (("deploy", "--", "--help"), "--help", "llmops deploy --help"),
    "a global option after --": (("--", "--json"), "--json", "llmops --help"),
}
#: Behind `--`, and where a value is missing, the option would be a word like others.
PLACES = [("first", case) for case in WRONG if "--" not in WRONG[case][0]] + [
    ("last", case)
    for case in WRONG
    if "--" not in WRONG[case][0] and WRONG[case][0][-1:] not in (("-t",), ("-C",))
]


@pytest.mark.parametrize("case", WRONG)
def test_wrong_use_ends_with_2_and_names_the_page_that_helps(tmp_path: Path, case: str) -> None:
    arguments, message, page = WRONG[case]
    run = llmops(*arguments, cwd=tmp_path)
    assert (run.status, run.out) == (2, "")
    assert message in run.err
    assert page in run.err
    assert "Traceback" not in run.err
    assert len(run.err.splitlines()) <= 3


@pytest.mark.parametrize(("place", "case"), PLACES)
def test_with_json_wrong_use_is_one_document_wherever_the_option_stands(
    tmp_path: Path, place: str, case: str
) -> None:
    arguments, message, _page = WRONG[case]
    words = ("--json", *arguments) if place == "first" else (*arguments, "--json")
    run = llmops(*words, cwd=tmp_path)
    assert (run.status, run.err) == (2, "")
    assert set(run.document) == {"error"}
    assert set(run.document["error"]) == FIVE
    assert run.document["error"]["code"] == "usage"
    assert message in run.document["error"]["message"]


def test_an_option_that_every_command_takes_works_after_the_command_too(project: Project) -> None:
    here = project.root.parent
    before = llmops("-C", str(project.root), "--json", "plan", cwd=here)
    after = llmops("plan", f"--directory={project.root}", "--json", cwd=here)
    assert (before.status, after.status) == (0, 0), before.said + after.said
    titles = [[step["title"] for step in run.document["steps"]] for run in (before, after)]
    assert titles[0] == titles[1]
    assert len(titles[0]) > 3


def test_a_defect_is_told_as_one_without_a_traceback(tmp_path: Path) -> None:
    run = broken("status", cwd=tmp_path)
    assert (run.status, run.out) == (1, "")
    assert "defect of llmops" in run.err
    assert "broken on purpose" in run.err
    assert "Traceback" not in run.err
    assert "--verbose" in run.err


def test_a_defect_shows_its_traceback_where_asked(tmp_path: Path) -> None:
    run = broken("status", "--verbose", cwd=tmp_path)
    assert run.status == 1
    assert "Traceback" in run.err


def test_a_defect_is_one_document_with_json(tmp_path: Path) -> None:
    run = broken("--json", "status", cwd=tmp_path)
    assert (run.status, run.err) == (1, "")
    assert set(run.document["error"]) == FIVE
    assert run.document["error"]["code"] == "defect"


PIPES = [
    "releases",
    "--help",
    "deploy --help",
    "--json status",
    "--json releases -t nope",
    "secrets list",
]


@pytest.mark.parametrize("arguments", PIPES)
def test_a_reader_that_leaves_ends_the_command_quietly(project: Project, arguments: str) -> None:
    run = in_shell(f'$LLMOPS {arguments} | true; echo "${{PIPESTATUS[0]}}"', project.root)
    assert (run.out, run.err) == (f"{NOBODY_READS}\n", "")


def test_notes_that_nobody_reads_stop_nothing(project: Project) -> None:
    run = in_shell('$LLMOPS deploy 2> >(true); echo "$?"', project.root)
    assert run.out.endswith("\n0\n")
    assert project.serving() == project.git("rev-parse", "HEAD")[:12]


CLOSED = {
    "releases >&-": 0,
    "--help >&-": 0,
    "releases 2>&-": 0,
    "releases >&- 2>&- <&-": 0,
    "releases -t nope 2>&-": 3,
    "--json releases -t nope >&-": 3,
    "stop <&-": 2,
    "secrets set UPSTREAM_KEY <&-": 2,
}


@pytest.mark.parametrize("arguments", CLOSED)
def test_a_closed_stream_is_no_defect(project: Project, arguments: str) -> None:
    run = in_shell(f"$LLMOPS {arguments}", project.root)
    assert run.status == CLOSED[arguments], run.said
    assert "Traceback" not in run.said
    assert "defect" not in run.said


def test_ci_gets_one_annotation_that_is_escaped(project: Project) -> None:
    project.write("100% new.txt", "new\n")
    project.write("other.txt", "new\n")
    run = llmops("deploy", cwd=project.root, GITHUB_ACTIONS="true")
    assert run.status == 4
    annotations = [line for line in run.err.splitlines() if line.startswith("::")]
    assert len(annotations) == 1
    assert annotations[0].startswith("::error title=llmops::The project has changes")
    assert "100%25 new.txt%0Aother.txt" in annotations[0]
    silent = llmops("deploy", cwd=project.root, GITHUB_ACTIONS="")
    assert "::error" not in silent.said


def test_with_json_the_annotation_is_not_in_the_document(tmp_path: Path) -> None:
    run = llmops("--json", "nope", cwd=tmp_path, GITHUB_ACTIONS="true")
    assert run.document["error"]["code"] == "usage"
    assert run.err.startswith("::error title=llmops::No such command 'nope'.")


@pytest.mark.parametrize(("variable", "coloured"), [("", True), ("1", False)])
def test_an_error_is_coloured_on_a_terminal_unless_no_color_is_set(
    tmp_path: Path, variable: str, coloured: bool
) -> None:
    run = pexpect.spawn(
        LLMOPS[0],
        [*LLMOPS[1:], "nope"],
        cwd=str(tmp_path),
        env={**os.environ, "NO_COLOR": variable},
        encoding="utf-8",
        timeout=30,
    )
    run.expect(pexpect.EOF)
    assert "No such command" in run.before
    assert ("\x1b[" in run.before) is coloured
    run.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_command_that_waits_with_130(tmp_path: Path, number: int) -> None:
    command = f"import os\ndef command() -> None:\n    os.kill(os.getpid(), {int(number)})"
    driver = BROKEN.replace(
        'def command() -> None:\n    raise ZeroDivisionError("broken on purpose")', command
    )
    assert driver != BROKEN
    run = ended([sys.executable, "-c", driver, "--json", "status"], tmp_path, {})
    assert run.status == 130
    assert run.document["error"]["code"] == "interrupted"


KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.LlmopsError)
]


def test_every_error_has_a_code_and_a_status_of_its_own() -> None:
    assert len({kind.code for kind in KINDS}) == len(KINDS)
    # An engine that refuses a command before a deploy has begun is a preflight that fails.
    own = [kind for kind in KINDS if kind is not errors.EngineError]
    assert errors.EngineError.exit_status == errors.PreflightError.exit_status
    assert len({kind.exit_status for kind in own}) == len(own)


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_tells_its_four_parts_and_ends_with_its_status_of_the_readme(
    kind: type[errors.LlmopsError], capfd: pytest.CaptureFixture[str]
) -> None:
    error = kind("What happened.", evidence="one\ntwo", state="As before.", next_step="llmops x")
    assert Output().fail(error) in readme.statuses()
    told = capfd.readouterr().err
    for part in ("Error: What happened.", "Seen: one\n        two", "Now:  As before.", "llmops x"):
        assert part in told
    assert Output(as_json=True).fail(error) == kind.exit_status
    document = json.loads(capfd.readouterr().out)["error"]
    assert set(document) == FIVE
    assert document["code"] == kind.code


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["--json", "--version"]])
def test_an_output_that_cannot_be_written_is_told_in_one_line(arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*LLMOPS, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr == "Error: The output cannot be written: No space left on device.\n"
