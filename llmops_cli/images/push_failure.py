"""What a failed push means: whether it may pass by itself, and else which error it is."""

import re
from enum import Enum

from llmops_cli.clouds.aws.registry_login import create_command
from llmops_cli.errors import AccessError, BuildError, LlmopsError
from llmops_cli.registries.login import Login
from llmops_cli.registries.reference import Repository
from llmops_cli.registries.trouble import full, says_full

_STATE = "The image is not published. What was serving is serving still."


class Verdict(Enum):
    """What kind of failure it is."""

    FULL = "the registry has no room"
    IMMUTABLE = "the tag is there and may not be changed"
    ABSENT = "the registry has no such repository, and makes none by itself"
    DENIED = "the login is wrong, or may not push"
    PASSING = "it may go well another time"
    LASTING = "it will fail another time too"


#: The first that fits decides. The words are those of Docker's engine, podman, and the registries
#: of GitHub, GitLab, Harbor, Quay, Amazon, Azure and Google.
_WORDS = (
    (
        Verdict.IMMUTABLE,
        r"immutab|cannot be overwritten|is locked|operation is disallowed|tag already exists",
    ),
    (Verdict.ABSENT, r"name unknown|repository .*(does not exist|not found)|project .*not found"),
    (
        Verdict.DENIED,
        r"unauthorized|denied|no basic auth credentials|authentication required|forbidden"
        r"|insufficient_scope|status:? 40[13]\b|invalid username",
    ),
    (
        Verdict.PASSING,
        r"\beof\b|connection reset|connection refused|connection timed out|broken pipe|timeout"
        r"|deadline exceeded|closed network connection|server misbehaving|no such host"
        r"|temporary failure|network is unreachable|no route to host|http2: |bad gateway"
        r"|service unavailable|gateway time|internal server error|toomanyrequests"
        r"|too many requests|\bunknown: unknown error|status:? (429|5\d\d)|http 5\d\d"
        r"|malformed http|transport connection broken|blob upload (unknown|invalid)"
        r"|digest did not match|unexpected end of json|invalid character",
    ),
)


_NAMES = re.compile(r'"?https?://[^\s"]+"?|\b(sha256:)?[0-9a-f]{12,}\b')


def verdict(said: str, repository: Repository) -> Verdict:
    """Return what the words of a failed push to a repository mean."""
    # Names are no words: a repository may well be called quota, and a digest hold a 507.
    text = _NAMES.sub(" ", said).replace(str(repository), " ").replace(repository.path, " ").lower()
    if says_full(text) or re.search(r"(http|status:?) 507\b", text):
        return Verdict.FULL
    for meaning, words in _WORDS:
        if re.search(words, text):
            return meaning
    return Verdict.LASTING


def failure(said: str, repository: Repository, login: Login | None) -> LlmopsError:
    """Return the error for a push that failed for good, with what it said as the evidence."""
    meaning = verdict(said, repository)
    if meaning is Verdict.FULL:
        return full(repository, said)
    if meaning is Verdict.DENIED:
        who = f"The user {login.username}" if login and not login.is_token else "This login"
        origin = f" ({login.origin})" if login and login.origin else ""
        return AccessError(
            f"{who}{origin} may not push to {repository}.",
            evidence=said,
            state=_STATE,
            next_step=(login.remedy if login else "") or f"docker login {repository.login_name}",
        )
    if meaning is Verdict.IMMUTABLE:
        return BuildError(
            f"The registry {repository.host} does not let {repository} be changed.",
            evidence=said,
            state=_STATE,
            next_step="Make a new commit, or allow new tags in the settings of the repository.",
        )
    if meaning is Verdict.ABSENT:
        return BuildError(
            f"The registry {repository.host} has no repository {repository.path}.",
            evidence=said,
            state=_STATE,
            next_step=_making(repository),
        )
    return BuildError(
        f"The image could not be pushed to {repository}.",
        evidence=said,
        state=_STATE,
        next_step="Run the same command again: layers that arrived are not sent again.",
    )


def _making(repository: Repository) -> str:
    mend = "or mend [image] repository in llmops.toml."
    command = create_command(repository)
    return f"llmops infra apply, or {command}, {mend}" if command else f"Create it there, {mend}"
