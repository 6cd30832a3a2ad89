"""Which secrets an app has to have: those that its revisions use, and others' as they are."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from llmops_cli.clouds.azure.vault_names import address_of, name_in_vault
from llmops_cli.config.azure_containerapp import AzureContainerAppTarget
from llmops_cli.core.release import Release
from llmops_cli.targets.azure_containerapp.app import AppSecret

#: Characters of a version that tell it from the others of a secret.
_VERSION_LENGTH = 8


@dataclass(frozen=True)
class Wanted:
    """The secrets that an app is to have. ``is_change`` is False where it has them already."""

    secrets: tuple[AppSecret, ...]
    is_change: bool

    @property
    def needs_values(self) -> bool:
        """Whether values of others must be read first, because the list is replaced as a whole."""
        return self.is_change and any(secret.is_inline for secret in self.secrets)


def names_of(settings: AzureContainerAppTarget, release: Release) -> dict[str, str]:
    """Return the secrets of a release, each with the app's secret that holds its version."""
    return {
        name: _name(name_in_vault(settings, name), version)
        for name, version in release.secret_versions.items()
    }


def references_of(settings: AzureContainerAppTarget, release: Release) -> tuple[AppSecret, ...]:
    """Return the app's secrets that a release needs: one for each version in the vault."""
    return tuple(
        AppSecret(
            names_of(settings, release)[name],
            address_of(settings, name, version),
            settings.identity or "system",
        )
        for name, version in release.secret_versions.items()
    )


def wanted(there: Iterable[AppSecret], needed: Iterable[AppSecret]) -> Wanted:
    """Return what is there and what is needed besides; nothing is dropped."""
    before = {secret.name: secret for secret in there}
    after = {**before, **{secret.name: secret for secret in needed}}
    changed = any(before.get(name) is None for name in after) or any(
        not _is_same(before[name], secret) for name, secret in after.items()
    )
    return Wanted(tuple(after.values()), changed)


def without_unused(there: Iterable[AppSecret], used: Collection[str]) -> Wanted:
    """Return what is there without those of ours that nothing uses any more."""
    before = tuple(there)
    after = tuple(s for s in before if s.name in used or not is_ours(s))
    return Wanted(after, len(after) < len(before))


def is_ours(secret: AppSecret) -> bool:
    """Whether we have made it: it is named after a version of a secret in a vault."""
    parts = urlsplit(secret.vault_url).path.strip("/").split("/")
    if len(parts) != 3 or parts[0] != "secrets":
        return False
    return secret.name == _name(parts[1], parts[2])


def documents_of(secrets: Iterable[AppSecret], values: Mapping[str, str]) -> list[dict[str, str]]:
    """Return secrets as Azure takes them; ``values`` are those of the inline ones."""
    return [_document(secret, values) for secret in secrets]


def _document(secret: AppSecret, values: Mapping[str, str]) -> dict[str, str]:
    if secret.is_inline:
        return {"name": secret.name, "value": values.get(secret.name, "")}
    found = {"name": secret.name, "keyVaultUrl": secret.vault_url}
    return {**found, "identity": secret.identity} if secret.identity else found


def _is_same(one: AppSecret, other: AppSecret) -> bool:
    """Whether two are the same; Azure writes the ids of identities as it likes."""
    return (one.name, one.vault_url, one.identity.lower()) == (
        other.name,
        other.vault_url,
        other.identity.lower(),
    )


def _name(name_in_the_vault: str, version: str) -> str:
    return f"{name_in_the_vault}-{version[:_VERSION_LENGTH]}"
