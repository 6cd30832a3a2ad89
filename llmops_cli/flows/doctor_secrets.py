"""What `llmops doctor` looks at in a target's secrets: the missing, and what examples carry."""

from collections.abc import Sequence

from llmops_cli.config.api_access import API_KEY, SIGNING_SECRET
from llmops_cli.config.image import LITELLM_KEY
from llmops_cli.core.diagnosis import Diagnosis, Probe, ok, problem
from llmops_cli.core.secret import is_placeholder
from llmops_cli.core.target import Target


def probe(target: Target, required: Sequence[str]) -> Probe:
    """Return the look at a target's secrets; ``required`` are the names that a deploy needs."""
    subject = f"{target.name} secrets"
    return Probe(subject, lambda: _look(subject, target, required))


def _look(subject: str, target: Target, required: Sequence[str]) -> Sequence[Diagnosis]:
    found = []
    for name in dict.fromkeys([*required, *target.secrets.names()]):
        value = target.secrets.read(name)
        if value is None:
            found.append(problem(subject, f"{name} has no value", _fix(name, target)))
        elif is_placeholder(value):
            found.append(problem(subject, f"{name} holds a placeholder", _fix(name, target)))
    return found or [ok(subject, f"{len(required)} are needed and set")]


def _fix(name: str, target: Target) -> str:
    generated = " --generate" if name in (API_KEY, SIGNING_SECRET, LITELLM_KEY) else ""
    return f"llmops secrets set {name} -t {target.name}{generated}"
