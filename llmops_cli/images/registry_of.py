"""The registry that a project names, with the login that it names."""

from collections.abc import Callable
from dataclasses import dataclass

from llmops_cli.config.image import ImageSettings
from llmops_cli.core.target import SecretStore
from llmops_cli.errors import PreflightError
from llmops_cli.registries.login import Credentials, Login
from llmops_cli.registries.oci import Registry
from llmops_cli.registries.reference import Repository, parse
from llmops_cli.registries.stored_login import StoredLogin, docker_files, podman_files

#: Gives what knows the login of a repository, where the project names no user; the second is what
#: Docker, or podman, has stored.
Logins = Callable[[Repository, Credentials], Credentials]


def stored_only(repository: Repository, stored: Credentials) -> Credentials:
    """Return what is stored."""
    return stored


@dataclass(frozen=True)
class NamedLogin:
    """``[image] username``, with the password that a target's store keeps as ``secret``."""

    username: str
    secret: str
    secrets: SecretStore

    def login(self) -> Login | None:
        """Read the newest password.

        Raises:
            PreflightError: it has no value.
        """
        remedy = f"llmops secrets set {self.secret}"
        password = self.secrets.read(self.secret)
        if password is None:
            raise PreflightError(
                f"The password of {self.username} at the registry has no value: {self.secret}.",
                state="Nothing was pushed. What was serving is serving still.",
                next_step=remedy,
            )
        return Login(self.username, password, origin=f"secret {self.secret}", remedy=remedy)


def registry_of(
    settings: ImageSettings, secrets: SecretStore, logins: Logins = stored_only
) -> Registry | None:
    """Return the registry of ``[image]``, or None where images stay in the engine.

    ``logins`` is asked where the project names no user. Asks nobody else anything and reads no
    secret yet.

    Raises:
        ConfigError: ``repository`` is not one.
    """
    if settings.repository is None:
        return None
    repository = parse(settings.repository)
    credentials: Credentials
    if settings.username and settings.password_secret:
        credentials = NamedLogin(settings.username, settings.password_secret, secrets)
    else:
        files = podman_files() if settings.builder == "podman" else docker_files()
        credentials = logins(repository, StoredLogin(repository, files))
    return Registry(repository, credentials)
