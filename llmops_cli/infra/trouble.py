"""What Terraform complains of, in our words: who holds the lock, and who is not let in."""

import re

from llmops_cli.errors import AccessError, LlmopsError, LockedError, PreflightError
from llmops_cli.infra.cloud import About, Cloud

_LOCKED = re.compile(r"error acquiring the state lock", re.IGNORECASE)
_LOCK_FACT = re.compile(r"^\s*(ID|Operation|Who|Created):\s+(.+?)\s*$", re.MULTILINE)
#: Tokens and keys that a program may quote: signatures in addresses, and the bearer's.
_SECRETS = re.compile(
    r"(?i)([?&](?:sig|token|code|x-amz-signature|x-amz-security-token)=)[^&\s\"']+"
    r"|(bearer\s+)[\w.~+/=-]+|(AccountKey=)[^;\s]+"
)


def without_secrets(text: str) -> str:
    """Return a text with signatures, keys and tokens blotted out."""
    return _SECRETS.sub(lambda found: next(filter(None, found.groups())) + "[secret]", text)


def error_of(doing: str, evidence: str, about: About) -> LlmopsError:
    """Return the error for what was said while nothing had been changed yet.

    ``doing`` completes the sentence "Terraform could not …".
    """
    evidence = without_secrets(evidence)
    if _LOCKED.search(evidence):
        return locked(evidence, about)
    if is_refusal(evidence, about.cloud):
        return AccessError(
            f"{about.cloud.name} does not let Terraform {doing}.",
            evidence=evidence,
            state="Nothing was changed.",
            next_step=about.cloud.login,
        )
    return PreflightError(
        f"Terraform could not {doing}.",
        evidence=evidence,
        state="Nothing was changed.",
        next_step=f"Mend what was seen in {about.place} or in [targets.{about.target}.infra] of "
        "llmops.toml.",
    )


def is_refusal(evidence: str, cloud: Cloud) -> bool:
    """Whether somebody was not let in."""
    return cloud.refusals.search(evidence) is not None


def is_locked(evidence: str) -> bool:
    """Whether somebody else is changing the same infrastructure."""
    return _LOCKED.search(evidence) is not None


def locked(evidence: str, about: About) -> LockedError:
    """Return the error that says who holds the lock of the state, and since when."""
    facts = dict(_LOCK_FACT.findall(evidence))
    who = facts.get("Who", "somebody")
    doing = facts.get("Operation", "").removeprefix("OperationType")
    at = f" since {facts['Created']}" if "Created" in facts else ""
    return LockedError(
        f"The infrastructure of {about.target} is being changed by {who}{at}.",
        evidence=f"Operation: {doing or 'unknown'}. Lock: {facts.get('ID', 'unknown')}.",
        state="Nothing was changed.",
        next_step="Try again later. If nobody works on it any more: "
        f"terraform -chdir={about.place} force-unlock {facts.get('ID', 'ID')}",
    )
