"""What App Service is told to run a release with: app settings and site configuration. Pure."""

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from llmops_cli import __version__
from llmops_cli.clouds.azure.vault_names import address_of
from llmops_cli.config.azure_webapp import AzureWebappTarget
from llmops_cli.core.release import Release

RELEASE = "LLMOPS_RELEASE"
#: Names of the settings that a release of ours brought, so that the next one can take them away.
OWNED = "LLMOPS_OWNED_SETTINGS"
PORT = "WEBSITES_PORT"
HEALTH_PATH = "/health"
DOCKER = "DOCKER|"
#: What the portal writes for passwords; with any of them the identity is not used to pull.
_REGISTRY_LOGIN = "DOCKER_REGISTRY_SERVER_"
#: Seconds that App Service gives a container to start and to stop: its default and its most.
START_SECONDS = (230, 1800)
STOP_SECONDS = 120
#: Seconds between the end of the drain and the kill.
_STOP_SLACK = 5
_LINGER = "LLMOPS_LINGER_SECONDS"
_DRAIN = "LLMOPS_DRAIN_SECONDS"
#: Where the front ends of App Service reach a container from; nobody else can.
_FRONT_ENDS = "169.254.0.0/16,172.16.0.0/12"
_TRUSTED = "LLMOPS_TRUSTED_PROXIES"
_VERSIONED_WITH_US = "LLMOPS_VERSION"
_REFERENCE = re.compile(r"@Microsoft\.KeyVault\(", re.IGNORECASE)


@dataclass(frozen=True)
class Wanted:
    """What one side of an app shall run: an image that is pinned, and the settings of a release."""

    image: str
    settings: Mapping[str, str]

    @property
    def references(self) -> frozenset[str]:
        """The names of the settings whose values are kept in a Key Vault."""
        return frozenset(name for name, value in self.settings.items() if is_reference(value))


def wanted_of(settings: AzureWebappTarget, release: Release) -> Wanted:
    """Return what a side runs a release with. No secret value is in it.

    Raises:
        PreflightError: the release needs a secret, and the target names no vault.
    """
    references = {
        name: f"@Microsoft.KeyVault(SecretUri={address_of(settings, name, version)})"
        for name, version in release.secret_versions.items()
    }
    ours = {**_environment(release), **_platform(settings, release), **references}
    return Wanted(release.image, {**ours, OWNED: ",".join(sorted(ours))})


def added(port: int, drain_seconds: float) -> dict[str, str]:
    """Return what the place adds to a release's settings: where it listens, its drain time."""
    return {
        "HOST": "0.0.0.0",  # noqa: S104 - inside the container, which the front ends reach alone
        "PORT": str(port),
        _DRAIN: f"{min(drain_seconds, longest_drain()):g}",
    }


def longest_drain() -> int:
    """Return the seconds that a release may have to finish requests, for App Service's limit."""
    return STOP_SECONDS - _STOP_SLACK


def merged(found: Mapping[str, str], wanted: Wanted) -> dict[str, str]:
    """Return all the app settings of a side: ours are replaced, those of others stay.

    Settings that an earlier release brought and this one lacks go, and so do passwords of the
    registry, which would be used in place of the identity.
    """
    ours = owned(found)
    kept = {
        name: value
        for name, value in found.items()
        if name not in ours and not name.upper().startswith(_REGISTRY_LOGIN)
    }
    return {**kept, **wanted.settings}


def owned(found: Mapping[str, str]) -> frozenset[str]:
    """Return the names of the settings of a side that a release of ours brought."""
    return frozenset({*filter(None, found.get(OWNED, "").split(",")), OWNED} & set(found))


def runs(found: Mapping[str, str], image: str, wanted: Wanted) -> bool:
    """Whether a side with these settings and that image is what is wanted already.

    Which version of llmops staged it makes no difference.
    """
    now, then = dict(merged(found, wanted)), dict(found)
    now.pop(_VERSIONED_WITH_US, None), then.pop(_VERSIONED_WITH_US, None)
    return image == f"{DOCKER}{wanted.image}" and now == then


def registry_of(image: str) -> str:
    """Return the login server in ``server/repository@digest``; nothing for Docker's own."""
    server, slash, _rest = image.removeprefix(DOCKER).partition("/")
    return server.lower() if slash and ("." in server or ":" in server) else ""


def configuration_body(
    settings: AzureWebappTarget, wanted: Wanted, *, pulls_as_identity: bool, stays_on: bool
) -> dict[str, object]:
    """Return the PATCH of a side's configuration; what it does not name stays as it is."""
    properties: dict[str, object] = {
        "linuxFxVersion": f"{DOCKER}{wanted.image}",
        "acrUseManagedIdentityCreds": pulls_as_identity,
        "healthCheckPath": HEALTH_PATH,
    }
    if pulls_as_identity and settings.identity_client_id:
        # The client id: with the resource id App Service pulls as nobody.
        properties["acrUserManagedIdentityID"] = settings.identity_client_id
    if stays_on:
        properties["alwaysOn"] = True
    return {"properties": properties}


def site_body(settings: AzureWebappTarget) -> dict[str, object]:
    """Return the PATCH of a side: no plain HTTP, and who reads its secrets."""
    return {
        "properties": {"httpsOnly": True, "keyVaultReferenceIdentity": reader_of(settings)},
    }


def reader_of(settings: AzureWebappTarget) -> str:
    """Return as whom the app reads secrets: the resource id of its identity."""
    return settings.identity or "SystemAssigned"


def is_reference(value: str) -> bool:
    """Whether the value of a setting is kept in a Key Vault."""
    return _REFERENCE.match(value) is not None


def differences(
    before: Mapping[str, str], now: Mapping[str, str], *, besides: Collection[str] = ()
) -> list[str]:
    """Return the names of the settings that differ, never a value."""
    names = (before.keys() | now.keys()) - set(besides)
    return sorted(name for name in names if before.get(name) != now.get(name))


def edited(found: Mapping[str, str], release: Release) -> list[str]:
    """Return the names of the settings that a release came with and that have another value now."""
    return [
        name
        for name, value in sorted(release.settings.items())
        if name != _TRUSTED and found.get(name) != value
    ]


def _environment(release: Release) -> dict[str, str]:
    believed = [release.settings.get(_TRUSTED, ""), _FRONT_ENDS]
    return {
        RELEASE: release.id,
        "LLMOPS_COMMIT": release.commit,
        _VERSIONED_WITH_US: __version__,
        **release.settings,
        _TRUSTED: ",".join(part for part in believed if part),
    }


def _platform(settings: AzureWebappTarget, release: Release) -> dict[str, str]:
    least, most = START_SECONDS
    start = min(most, max(least, math.ceil(settings.ready_seconds)))
    drain = sum(float(release.settings.get(name, "0")) for name in (_DRAIN, _LINGER))
    return {
        PORT: release.settings.get("PORT", "8000"),
        "WEBSITES_CONTAINER_START_TIME_LIMIT": str(start),
        "WEBSITES_CONTAINER_STOP_TIME_LIMIT": str(
            min(STOP_SECONDS, math.ceil(drain) + _STOP_SLACK)
        ),
        "WEBSITES_ENABLE_APP_SERVICE_STORAGE": "false",
        "WEBSITE_SWAP_WARMUP_PING_PATH": HEALTH_PATH,
        # Without it, every status counts as warm, 500 too.
        "WEBSITE_SWAP_WARMUP_PING_STATUSES": "200",
        "WEBSITE_WARMUP_PATH": HEALTH_PATH,
        "WEBSITE_WARMUP_STATUSES": "200",
    }
