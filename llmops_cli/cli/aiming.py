"""The commands that we name next are about the target that the operator named."""

import re
from collections.abc import Sequence

_FLAGS = ("-t", "--target")
_COMMAND = re.compile(
    r"\bllmops (?:build|push|deploy|rollback|plan|render|smoke-test|status|releases|logs|start|stop"
    r"|prune|secrets (?:set|list|check|unset|rotate)|infra (?:plan|apply|output|destroy))\b"
)
#: The lines of a result that name commands; others may hold anything.
_TELLING_LINE = re.compile(r"^ *(?:next|to go back): .*$", re.MULTILINE)


def named_target(arguments: Sequence[str]) -> str | None:
    """Return the target that a command line names, or None where it leaves that to the project."""
    for index, word in enumerate(arguments):
        flag, equals, value = word.partition("=")
        if flag in _FLAGS:
            return value if equals else next(iter(arguments[index + 1 : index + 2]), None)
        if re.fullmatch(r"-t[^-].*", word):
            return word[2:]
    return None


def aimed(text: str, target: str | None) -> str:
    """Return the text with every command in it naming the target, unless it names one already."""
    if target is None or re.search(r"(?:^|\s)(?:-t|--target)\b", text):
        return text
    return _COMMAND.sub(lambda found: f"{found[0]} -t {target}", text)


def aimed_result(text: str, target: str | None) -> str:
    """Do the same for the lines of a command's result that say what comes next."""
    return _TELLING_LINE.sub(lambda line: aimed(line[0], target), text)
