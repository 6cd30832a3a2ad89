"""Whether App Service could read the secrets that a side's settings refer to."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from llmops_cli.clouds.pauses import pauses
from llmops_cli.errors import DeployError
from llmops_cli.targets.azure_webapp.side import Side

_RESOLVED, _WAITING = "Resolved", ("", "Initialized")
#: Seconds for which a failure may be one that Azure remembers, or a right that is still spreading.
_PATIENCE_SECONDS = 90.0
_FIXES = {
    "accesstokeyvaultdenied": "Give the identity of {side} the role Key Vault Secrets User.",
    "unauthorizedclient": "Give the identity of {side} the role Key Vault Secrets User.",
    "msinotenabled": "Give {side} the identity that llmops.toml names: llmops infra apply",
    "vaultnotfound": "Set `key_vault` in llmops.toml to the address of a vault that exists.",
    "secretnotfound": "llmops secrets set NAME, then llmops deploy",
    "secretversionnotfound": "llmops secrets set NAME, then llmops deploy",
    "fetchtimedout": "Let the app reach the vault: its firewall or network may be in between.",
}


def wait_until_resolved(side: Side, names: Collection[str], seconds: float) -> None:
    """Wait until every setting of these names has the value of its secret.

    A failure is remembered for a day by App Service; a restart makes it look again.

    Raises:
        DeployError: one cannot be read; the evidence is the status that Azure gives each.
    """
    has_restarted = False
    states: dict[str, tuple[str, str]] = {}
    for _passed in pauses(min(seconds, _PATIENCE_SECONDS)):
        found = side.references()
        states = {name: _state(found.get(name)) for name in sorted(names)}
        if all(status == _RESOLVED for status, _details in states.values()):
            if has_restarted:
                # A container that started before it has the bare words of the references.
                side.restart()
            return
        failed = [status for status, _details in states.values() if status not in _WAITING]
        if not has_restarted and set(failed) - {_RESOLVED}:
            side.restart()
            has_restarted = True
    raise _unresolved(side, states)


def _state(document: Mapping[str, Any] | None) -> tuple[str, str]:
    """Return status and details, the status as documented whatever its case."""
    found = document or {}
    status = str(found.get("status") or "")
    known = {word.lower(): word for word in (_RESOLVED, *_WAITING)}
    details = re.sub(r"\s+", " ", str(found.get("details") or ""))
    return known.get(status.lower(), status), details[:300]


def _unresolved(side: Side, states: Mapping[str, tuple[str, str]]) -> DeployError:
    bad = {name: state for name, state in states.items() if state[0] != _RESOLVED}
    lines = [
        f"{name}: {status or 'not looked at yet'} {text}" for name, (status, text) in bad.items()
    ]
    statuses = {status.lower() for status, _text in bad.values()}
    fixes = [_FIXES[status] for status in sorted(statuses & _FIXES.keys())]
    fix = next(iter(fixes), "llmops secrets check").format(side=side.title)
    return DeployError(
        f"{side.title.capitalize()} cannot read {len(bad)} of its {len(states)} secrets.",
        evidence="\n".join(line.rstrip() for line in lines),
        next_step=fix,
    )
