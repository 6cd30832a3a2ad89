"""What `llmops doctor` looks at for a target on Azure: who we are there, and what we may do."""

import importlib.metadata
import secrets as chance
from collections.abc import Callable, Sequence
from contextlib import suppress

from llmops_cli.clouds.azure import vault
from llmops_cli.clouds.azure.account import INSTALL, Account, require_packages, required
from llmops_cli.clouds.azure.clock import look as look_at_clock
from llmops_cli.clouds.azure.vault_trouble import explained
from llmops_cli.config.azure_containerapp import AzureContainerAppTarget
from llmops_cli.core.diagnosis import Diagnosis, Probe, ok, problem, warning
from llmops_cli.errors import AccessError, PreflightError

_PACKAGES, _WHO, _APP, _VAULT, _CLOCK = (
    "azure packages",
    "azure credential",
    "azure app",
    "key vault",
    "azure clock",
)
#: Entra ID and the clients wait longer for each other than anybody wants to wait here.
_SECONDS = 25.0


def probes(account: Account, app: str) -> list[Probe]:
    """Return the looks at what a target's account can do; ``app`` is the name of the app."""

    def probe(subject: str, look: Callable[[], Sequence[Diagnosis]]) -> Probe:
        return Probe(subject, look, _SECONDS)

    return [
        probe(_PACKAGES, _packages),
        probe(_WHO, lambda: _who(account)),
        probe(_APP, lambda: _of_somebody(account, lambda: _app(account, app))),
        probe(_VAULT, lambda: _of_somebody(account, lambda: _vault(account))),
        probe(_CLOCK, lambda: _of_somebody(account, lambda: look_at_clock(_CLOCK, account.cloud))),
    ]


def _packages() -> Sequence[Diagnosis]:
    try:
        require_packages()
    except PreflightError as error:
        return [problem(_PACKAGES, f"{error.message} {error.evidence}", INSTALL)]
    version = importlib.metadata.version("azure-identity")
    return [ok(_PACKAGES, f"the extra `azure` is installed, azure-identity {version}")]


def _who(account: Account) -> Sequence[Diagnosis]:
    try:
        require_packages()
    except PreflightError:
        return []  # The look at the packages says so.
    try:
        chosen = account.chosen
        scope = f"{account.cloud.resource_manager_audience}/.default"
        chosen.credential.get_token_info(scope)
    except AccessError as error:
        lacks = "; ".join(error.evidence.splitlines())
        return [problem(_WHO, f"{error.message} ({lacks})", error.next_step)]
    return [ok(_WHO, f"{chosen.origin}; Entra ID gives it tokens")]


def _of_somebody(account: Account, look: Callable[[], Sequence[Diagnosis]]) -> Sequence[Diagnosis]:
    """Look only where we are somebody to Azure; the look at the credential tells if not."""
    try:
        account.chosen.credential.get_token_info(
            f"{account.cloud.resource_manager_audience}/.default"
        )
    except (AccessError, PreflightError):
        return []
    return look()


def _app(account: Account, app: str) -> Sequence[Diagnosis]:
    from azure.core.exceptions import ResourceNotFoundError

    group = required(account.settings.resource_group, "resource_group")
    is_container_app = isinstance(account.settings, AzureContainerAppTarget)
    role = "Container Apps Contributor" if is_container_app else "Website Contributor"
    try:
        with account.told(f"look at the app {app}", failure=PreflightError):
            try:
                if is_container_app:
                    account.apps.container_apps.get(group, app)
                else:
                    account.web.web_apps.get(group, app)
            except ResourceNotFoundError:
                text = f"there is no app {app} in the resource group {group}"
                fix = "llmops infra apply, or mend `app` and `resource_group` in llmops.toml"
                return [problem(_APP, text, fix)]
    except AccessError as error:
        fix = f'az role assignment create --role "{role}" --assignee OBJECT-ID --scope APP-ID'
        return [problem(_APP, f"{error.message} ({error.evidence})", fix)]
    return [ok(_APP, f"{app} is in {group} of the subscription {account.subscription}")]


def _vault(account: Account) -> Sequence[Diagnosis]:
    url = required(account.settings.key_vault, "key_vault")
    client = account.vault(url)
    # Nothing has this name, so nothing is read or changed: the vault asks for the right first.
    nobody = f"llmops-doctor-{chance.token_hex(8)}"
    with explained(account, "read secrets"):
        vault.get(client, nobody, None)
    try:
        with explained(account, "store secrets"):
            _change(account, url, nobody)
    except AccessError as error:
        text = f"secrets of {url} can be read for deploys, but not be set: {error.message}"
        return [warning(_VAULT, text, error.next_step)]
    return [ok(_VAULT, f"secrets of {url} can be read and set")]


def _change(account: Account, url: str, name: str) -> None:
    from azure.core.exceptions import ResourceNotFoundError

    with suppress(ResourceNotFoundError):
        account.vault(url).update_secret_properties(name, "0" * 32, enabled=True)
