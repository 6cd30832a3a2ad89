"""One container app and the clients that ask Azure about it; reading, and nothing but reading."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llmops_cli.clouds.azure.account import Account, required
from llmops_cli.clouds.azure.trouble import told
from llmops_cli.config.azure_containerapp import AzureContainerAppTarget
from llmops_cli.targets.azure_containerapp.app import App, Revision, app_from, revision_from

if TYPE_CHECKING:
    from azure.mgmt.appcontainers import ContainerAppsAPIClient

#: What a question leaves behind; within a rollout, what was undone is told instead.
UNTOUCHED = "Nothing was changed: what was serving is serving still."


@dataclass(frozen=True)
class Environment:
    """A Container Apps environment: where it is, and how its apps' addresses end."""

    id: str
    location: str
    domain: str


@dataclass(frozen=True)
class Seen:
    """The app and its revisions at one moment; no app where it is not made yet."""

    app: App | None = None
    revisions: tuple[Revision, ...] = ()

    def revision(self, name: str) -> Revision | None:
        """Return the revision of that name."""
        return next((found for found in self.revisions if found.name == name), None)


@dataclass(frozen=True)
class Place:
    """An app: its name, what the project file says of it, and the account that it belongs to.

    ``port`` is the one that its container listens on; ``is_ours`` says whether that is the
    embedded API, whose health routes are known.
    """

    account: Account
    configured: AzureContainerAppTarget
    app: str
    port: int
    is_ours: bool
    _environments: list[Environment | None] = field(default_factory=list, repr=False, compare=False)

    @property
    def group(self) -> str:
        """The resource group."""
        return required(self.configured.resource_group, "resource_group")

    @property
    def client(self) -> "ContainerAppsAPIClient":
        """What asks Azure."""
        return self.account.apps

    def read_app(self) -> App | None:
        """Return the app, or None where there is none."""
        from azure.core.exceptions import ResourceNotFoundError

        with told(f"read the container app {self.app}", state=UNTOUCHED):
            try:
                return app_from(_document(self.client.container_apps.get(self.group, self.app)))
            except ResourceNotFoundError:
                return None

    def read(self) -> Seen:
        """Return the app and all its revisions."""
        app = self.read_app()
        return Seen(app, self.read_revisions()) if app else Seen()

    def read_revisions(self) -> tuple[Revision, ...]:
        """Return all revisions, also those that Azure has stopped."""
        with told(f"list the revisions of {self.app}", state=UNTOUCHED):
            found = self.client.container_apps_revisions.list_revisions(self.group, self.app)
            return tuple(revision_from(_document(one)) for one in found)

    def read_revision(self, name: str) -> Revision | None:
        """Return one revision, or None where there is none of that name."""
        from azure.core.exceptions import ResourceNotFoundError

        with told(f"read the revision {name}", state=UNTOUCHED):
            try:
                found = self.client.container_apps_revisions.get_revision(
                    self.group, self.app, name
                )
            except ResourceNotFoundError:
                return None
            return revision_from(_document(found))

    def inline_values(self) -> dict[str, str]:
        """Return the values of the secrets that are kept in the app itself, by name.

        Azure tells them to who may list them, and to nobody who reads the app.
        """
        with told(
            f"read the secrets of {self.app}, which a change of one would lose", state=UNTOUCHED
        ):
            answer = self.client.container_apps.list_secrets(self.group, self.app)
            return {s.name: s.value for s in answer.value or () if s.name and s.value}

    def environment(self) -> Environment | None:
        """Return the environment that the target names, asked for once."""
        if not self._environments:
            self._environments.append(self._read_environment())
        return self._environments[0]

    def _read_environment(self) -> Environment | None:
        from azure.core.exceptions import ResourceNotFoundError

        name = self.configured.environment
        if name is None:
            return None
        with told(f"read the environment {name}", state=UNTOUCHED):
            try:
                answer = self.client.managed_environments.get(self.group, name)
            except ResourceNotFoundError:
                return None
            found = _document(answer)
        properties = found.get("properties") or {}
        return Environment(
            str(found.get("id") or ""),
            str(found.get("location") or ""),
            str(properties.get("defaultDomain") or ""),
        )

    def public_address(self, app: App | None) -> str:
        """Return the address that callers use, or nothing where it is not known yet."""
        if self.configured.public_url:
            return str(self.configured.public_url).rstrip("/")
        if app is not None and app.fqdn:
            return f"https://{app.fqdn}"
        environment = self.environment() if app is None else None
        return f"https://{self.app}.{environment.domain}" if environment else ""


def _document(model: Any) -> Mapping[str, Any]:
    with contextlib.suppress(AttributeError):
        return dict(model.as_dict())
    return dict(model)
