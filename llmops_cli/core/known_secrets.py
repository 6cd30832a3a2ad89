"""The values that a release may use, for whoever has to look for them where none may be."""

from collections.abc import Mapping, Sequence

from llmops_cli.core.release import Release
from llmops_cli.core.secret import Secret
from llmops_cli.core.target import SecretStore


def known_secrets(store: SecretStore, release: Release) -> Mapping[str, Sequence[Secret]]:
    """Return the values that are kept, by name: the newest, and the release's own."""
    found: dict[str, list[Secret]] = {}
    for name in store.names():
        for version in {store.current_version(name), release.secret_versions.get(name)}:
            value = store.read(name, version) if version else None
            found.setdefault(name, []).extend([value] if value else [])
    return found
