"""The profile of a target: reads its files and secrets' versions, and says what is to run."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from llmops_cli.config.model import Config
from llmops_cli.core.target import SecretStore
from llmops_cli.stacks import profiles
from llmops_cli.stacks.beside import Beside, ConfigFiles, Volume
from llmops_cli.stacks.rendered_services import Placement, render_services, volumes_of
from llmops_cli.stacks.service import Service, config_volume
from llmops_cli.stacks.stack import DATA, DEFINITION, SERVICE, Stack
from llmops_cli.stacks.surroundings import IN_CONTAINERS, StackSettings, Surroundings


@dataclass(frozen=True)
class Profile:
    """The profile of a target of the project in ``directory``."""

    config: Config
    settings: StackSettings
    directory: Path
    stack: Stack
    store: SecretStore
    drain_seconds: float
    around: Surroundings = IN_CONTAINERS

    def __call__(self) -> Beside:
        """Return the services, each with the newest version of its secrets.

        Raises:
            ConfigError: a file of the profile is missing or wrong.
        """
        services = self._services()
        wanted = {name for service in services for name in service.secrets}
        found = {name: self.store.current_version(name) for name in sorted(wanted)}
        # One without a value is what the preflight of a deploy tells; nothing is started then.
        versions = {name: version or "0" for name, version in found.items()}
        place = Placement(
            self.stack.name,
            versions,
            self.drain_seconds,
            lambda service: self._labels(service, versions),
        )
        return Beside(
            tuple(service.name for service in services),
            render_services(services, place),
            tuple(Volume(m.volume, m.is_external) for m in volumes_of(services, place)),
            tuple(
                ConfigFiles(service.name, config_volume(self.stack.name, service), service.files)
                for service in services
                if service.files
            ),
            profiles.api_secrets(self.config, services),
            {service.name: self._definition(service, versions) for service in services},
            services,
            versions,
        )

    def api_settings(self) -> Mapping[str, str]:
        """Return the variables that tell the API where the services are."""
        return profiles.api_settings(self._services())

    def api_secrets(self) -> tuple[str, ...]:
        """Return the secrets that the API gets."""
        return profiles.api_secrets(self.config, self._services())

    @property
    def names(self) -> tuple[str, ...]:
        """The services that run, in the order in which they start; no file is read for that."""
        return profiles.service_names(self.settings)

    def _services(self) -> tuple[Service, ...]:
        return profiles.services_of(self.config, self.settings, self._read, self.around)

    def _read(self, path: str) -> str | None:
        try:
            return (self.directory / path).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def _labels(self, service: Service, versions: Mapping[str, str]) -> dict[str, str]:
        definition = self._definition(service, versions)
        return {**self.stack.labels(DATA), SERVICE: service.name, DEFINITION: definition}

    def _definition(self, service: Service, versions: Mapping[str, str]) -> str:
        own = {name: versions[name] for name in service.secrets}
        return hashlib.sha256(f"{service} {own}".encode()).hexdigest()[:12]
