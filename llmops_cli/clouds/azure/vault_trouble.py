"""Why a Key Vault does not do what was asked, and the role or setting that mends it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from llmops_cli.clouds.azure.account import Account
from llmops_cli.clouds.azure.trouble import said
from llmops_cli.clouds.azure.vault import inner_code
from llmops_cli.errors import AccessError, LlmopsError, PreflightError

if TYPE_CHECKING:
    from azure.core.exceptions import HttpResponseError

_READER, _OFFICER = "Key Vault Secrets User", "Key Vault Secrets Officer"
_READING = ("getSecret", "readMetadata")
_REFUSED = (401, 403)
_WALLS = ("ForbiddenByFirewall", "ForbiddenByConnection")
_STATE = "Nothing was changed."


@contextmanager
def explained(account: Account, doing: str) -> Iterator[None]:
    """Turn what the vault's client raises inside into errors that an operator can act on.

    ``doing`` completes the sentence "may not …". A missing right becomes an AccessError that
    names it; a vault that does not answer, or has no such interface, a PreflightError.
    """
    from azure.core.exceptions import AzureError, HttpResponseError

    try:
        yield
    except HttpResponseError as error:
        raise _answered(account, doing, error) from error
    except AzureError as error:
        raise _unreachable(account, said(error)) from error
    except ValueError as error:
        # So the client says that what answers is no vault of this cloud.
        raise _unreachable(account, str(error)) from error


def disabled(account: Account, name: str, version: str) -> PreflightError:
    """Return the error for a version that somebody has disabled."""
    return PreflightError(
        f"Version {version} of {name} is disabled in the Key Vault {_name(account)}.",
        state=_STATE,
        next_step="Enable it again (az keyvault secret set-attributes --enabled true), or set "
        f"another value: llmops secrets set {name}",
    )


def _answered(account: Account, doing: str, error: "HttpResponseError") -> LlmopsError:
    why = inner_code(error)
    if error.status_code not in _REFUSED:
        return PreflightError(
            f"The Key Vault {_name(account)} did not {doing}.",
            evidence=said(error),
            state=_STATE,
            next_step="Run the same command again; if it stays so, look at the vault's health.",
        )
    message, remedy = _refusal(account, doing, why, said(error))
    return AccessError(message, evidence=said(error), state=_STATE, next_step=remedy)


def _refusal(account: Account, doing: str, why: str, text: str) -> tuple[str, str]:
    name = _name(account)
    message = f"In the Key Vault {name}, {account.chosen.origin} may not {doing}"
    who = (re.findall(r"\boid=([0-9a-fA-F-]{36})", text) or ["OBJECT-ID"])[0]
    if why in _WALLS:
        return (
            f"The firewall of the Key Vault {name} keeps this machine out.",
            f"az keyvault network-rule add --name {name} --ip-address THIS-MACHINE, or run it "
            "within the vault's network.",
        )
    if why == "AccessDenied":
        right = (re.findall(r"does not have secrets (\w+) permission", text) or ["get list"])[0]
        return (
            f"{message}: the vault goes by access policies, and none gives the permission {right}.",
            f"az keyvault set-policy --name {name} --object-id {who} --secret-permissions {right}",
        )
    action = re.search(r"Action: '[^']*secrets/(\w+)", text)
    role = _READER if action and action[1] in _READING else _OFFICER
    return (
        f"{message}: the role {role} is missing.",
        f'az role assignment create --role "{role}" --assignee {who} --scope VAULT-ID; a new role '
        "counts after some minutes.",
    )


def _unreachable(account: Account, evidence: str) -> PreflightError:
    return PreflightError(
        f"The Key Vault {account.settings.key_vault} does not answer as one.",
        evidence=evidence,
        state=_STATE,
        next_step="Check `key_vault` in llmops.toml (llmops infra output), the network, and "
        "whether the vault is private.",
    )


def _name(account: Account) -> str:
    host = urlsplit(account.settings.key_vault or "").hostname or "of this target"
    # Of a vault at its usual address, the name by which the commands of az know it.
    return host.partition(".")[0] if ".vault" in host else host
