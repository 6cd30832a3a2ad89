"""The commands and their one-line summaries; the module of a command bears its name.

`llmops --help` is answered from here without loading anything else.
"""

COMMANDS: dict[str, dict[str, str]] = {
    "Start": {
        "init": "Write a project that deploys as it is",
        "serve": "Run the API of this project in the foreground",
    },
    "Release": {
        "build": "Make the image of the current commit, and look for secrets in it",
        "push": "Publish that image in the project's registry",
        "deploy": "Put the current commit into service, verified and reversible",
        "rollback": "Go back to an earlier release",
        "plan": "Show what a deploy would do",
        "render": "Show the files that a target runs a release with",
        "smoke-test": "Ask a running API whether it works",
    },
    "Operate": {
        "status": "Show what is serving",
        "releases": "List the releases that can be gone back to",
        "logs": "Show what the release writes",
        "start": "Start serving the recorded release again",
        "stop": "Stop serving; releases and data stay",
        "infra": "Plan, make, read and destroy what a target in a cloud or on hosts stands on",
        "secrets": "Set, change, list, check and remove secret values",
        "prune": "Delete images from the registry that no target can go back to",
        "doctor": "Examine this machine and this project, and say what to mend",
        "keys": "Make keys for callers of the API, and hashes of passwords",
    },
}

GLOBAL_OPTIONS: dict[str, str] = {
    "-C, --directory DIR": "The project's folder  [default: .]",
    "--json": "One JSON document on stdout, errors too",
    "--verbose": "Show every step's parameters and, for a defect, the traceback",
    "--version": "Show the version",
    "--install-completion": "Install completion for the current shell",
    "--show-completion": "Show the completion script for the current shell",
    "--help": "Show this page, or with a command that command's page",
}


def module_name(command: str) -> str:
    """Return the module that holds ``command``."""
    return "llmops_cli.cli." + command.replace("-", "_")


def names() -> list[str]:
    """Return every command, in the order of the help page."""
    return [name for panel in COMMANDS.values() for name in panel]


def help_page() -> str:
    """Return the page that `llmops --help` prints."""
    lines = ["Usage: llmops [OPTIONS] COMMAND [ARGS]...", ""]
    lines += ["Turn a git commit into a running, verified, reversible release of an LLM API.", ""]
    for title, rows in {**COMMANDS, "Options": GLOBAL_OPTIONS}.items():
        width = max(len(name) for name in rows)
        lines += [f"{title}:", *(f"  {name:<{width}}  {text}" for name, text in rows.items()), ""]
    lines.append("Start with: llmops init my-chat")
    return "\n".join(lines)
