"""What is wrong with a registry, in words that help."""

import re

from llmops_cli.errors import BuildError
from llmops_cli.registries.reference import Repository
from llmops_cli.registries.wire import Answer, NoAnswerError

_STATE = "Nothing was pushed. What was serving is serving still."
#: 28 is ENOSPC and 122 EDQUOT, which a registry in Go writes as numbers.
_FULL = re.compile(
    r'no space left|enospc|quota|insufficient storage|disk (is )?full|"Err"\s*:\s*(28|122)\b',
    re.IGNORECASE,
)
_TOO_MANY = 429
_SERVER_FAULT = 500


def says_full(text: str) -> bool:
    """Whether a text says that a registry has no room."""
    return bool(_FULL.search(text))


def full(repository: Repository, evidence: str) -> BuildError:
    """Return the error for a registry that has no room."""
    return BuildError(
        f"The registry {repository.host} has no space left.",
        evidence=evidence,
        state="The image is not published. What was serving is serving still.",
        next_step="Make room in the registry (remove old tags, then collect garbage, or raise its "
        "quota), and run the same command again.",
    )


def unreachable(repository: Repository, error: NoAnswerError) -> BuildError:
    """Return the error for a registry that does not answer."""
    reason = str(error)
    hint = f"Check the name in [image] repository, the network, and: curl {repository.url}/v2/"
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        hint = f"Put its authority's certificate into /etc/docker/certs.d/{repository.host}/ca.crt."
    elif "WRONG_VERSION_NUMBER" in reason:
        hint = "Give the registry a certificate: plain HTTP is used on this machine only."
    return BuildError(
        f"The registry {repository.host} does not answer.",
        evidence=reason,
        state=_STATE,
        next_step=hint,
    )


def unexpected(repository: Repository, answer: Answer) -> BuildError:
    """Return the error for an answer that is neither a yes nor a no."""
    message = f"The registry {repository.host} answered {answer.status}."
    hint = "Look at the registry's log, and run the same command again."
    if answer.status == _TOO_MANY:
        message = f"The registry {repository.host} asks for fewer requests (429)."
        hint = "Wait, or log in as a user with a higher limit, and run the same command again."
    elif b"HTTPS server" in answer.body:
        hint = "Give it another name than that of this machine, at which plain HTTP is spoken."
    elif answer.status < _SERVER_FAULT:
        hint = "Check that [image] repository names a registry, and not a web site."
    return BuildError(message, evidence=answer.said, state=_STATE, next_step=hint)


def broken(repository: Repository, answer: Answer, reason: str) -> BuildError:
    """Return the error for an answer that cannot be what it should be."""
    return BuildError(
        f"The registry {repository.host} answered something that cannot be trusted.",
        evidence=f"{answer.request}: {reason}",
        state=_STATE,
        next_step="Check that [image] repository names a registry, and that no proxy between "
        "changes what it sends.",
    )
