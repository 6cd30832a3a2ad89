"""Help says what there is: the page, the commands and the README agree, and it comes at once."""

import importlib
import json
import pkgutil
import re
import subprocess
import sys

import pytest

from llmops_cli import __version__, cli
from llmops_cli.cli import commands
from llmops_cli.cli.streams import NOBODY_READS
from llmops_cli.errors import PLAN_HAS_CHANGES, LlmopsError
from tests.cli import readme
from tests.project import LLMOPS

#: Runs a command line and then lists on stderr the modules that it has loaded.
LOADED = """
import json, sys
from llmops_cli.cli.main import main
try:
    main()
except SystemExit:
    pass
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def llmops(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*LLMOPS, *arguments], capture_output=True, text=True, check=False)


def loaded(*arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stderr))


def summary_in_module(name: str) -> str:
    """The first line of what the command says of itself."""
    module = importlib.import_module(commands.module_name(name))
    text = module.app.info.help if hasattr(module, "app") else module.command.__doc__
    return str(text).splitlines()[0]


def words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]{3,}", text.lower()))


def test_the_page_lists_the_commands_that_have_a_module_and_no_other() -> None:
    modules = [
        importlib.import_module(f"{cli.__name__}.{m.name}")
        for m in pkgutil.iter_modules(cli.__path__)
    ]
    found = {
        module.__name__.rpartition(".")[2].replace("_", "-")
        for module in modules
        if hasattr(module, "command") or hasattr(module, "app")
    }
    assert set(commands.names()) == found
    page = llmops("--help").stdout
    listed = re.findall(r"^  ([a-z][a-z-]*)  +\S", page, re.MULTILINE)
    assert listed == commands.names()


@pytest.mark.parametrize(
    ("name", "summary"),
    [pair for panel in commands.COMMANDS.values() for pair in panel.items()],
)
def test_a_summary_says_what_the_command_says_of_itself(name: str, summary: str) -> None:
    own = summary_in_module(name)
    assert summary.split(maxsplit=1)[0].strip(",") == own.split()[0].strip(",")
    assert len(words(summary) & words(own)) > len(words(summary)) / 2


@pytest.mark.parametrize("name", commands.names())
def test_every_command_has_a_page_of_its_own(name: str) -> None:
    done = llmops(name, "--help")
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.startswith(f"Usage: llmops {name} ")
    assert summary_in_module(name)[:40] in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    "arguments",
    [("-h",), ("help",), ("--verbose", "--help"), ("-C", ".", "--help"), ("help", "--verbose")],
)
def test_there_are_several_ways_to_the_one_page(arguments: tuple[str, ...]) -> None:
    done = llmops(*arguments)
    assert (done.returncode, done.stdout) == (0, commands.help_page() + "\n")


@pytest.mark.parametrize(
    "arguments", [("deploy", "-h"), ("help", "deploy"), ("deploy", "--json", "--help")]
)
def test_there_are_several_ways_to_the_page_of_a_command(arguments: tuple[str, ...]) -> None:
    done = llmops(*arguments)
    assert (done.returncode, done.stdout) == (0, llmops("deploy", "--help").stdout)


def test_the_version_is_told_to_people_and_to_programs() -> None:
    assert llmops("--version").stdout == f"llmops {__version__}\n"
    assert llmops("--verbose", "--version").stdout == f"llmops {__version__}\n"
    assert json.loads(llmops("--json", "--version").stdout) == {"version": __version__}
    assert json.loads(llmops("--version", "--json").stdout) == {"version": __version__}
    assert json.loads(llmops("--help", "--json").stdout) == {"help": commands.help_page()}


def test_the_readme_lists_every_command_and_no_other() -> None:
    assert set(readme.commands()) == set(commands.names())


@pytest.mark.parametrize("name", commands.names())
def test_every_option_that_the_readme_names_exists(name: str) -> None:
    wanted = set(re.findall(r"--[a-z-]+|(?<![\w-])-[a-z]\b", readme.commands()[name]))
    page = llmops(name, "--help").stdout
    if name == "releases":
        assert wanted
    assert {option for option in wanted if option not in page} == set()


def test_the_readme_lists_every_exit_status_and_no_other() -> None:
    known = {kind.exit_status for kind in (LlmopsError, *LlmopsError.__subclasses__())} | {
        0,
        PLAN_HAS_CHANGES,
        NOBODY_READS,
    }
    assert set(readme.statuses()) == known


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_and_version_load_nothing_heavy(argument: str) -> None:
    heavy = {"typer", "rich", "pydantic", "httpx2", "jinja2", "asyncio", "subprocess"}
    assert not loaded(argument) & heavy
    ours = {name for name in loaded(argument) if name.startswith("llmops_cli.")}
    assert ours <= {
        "llmops_cli.cli",
        "llmops_cli.cli.main",
        "llmops_cli.cli.streams",
        "llmops_cli.cli.commands",
    }


def test_the_page_of_a_command_loads_no_other_command_and_no_client() -> None:
    found = loaded("stop", "--help")
    assert not found & {"httpx2", "jinja2", "llmops_cli.cli.deploy", "llmops_cli.cli.init"}
    assert not [name for name in found if name.startswith("llmops_cli.flows.")]
