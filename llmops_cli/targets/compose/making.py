"""From the project file to a compose target."""

from dataclasses import dataclass
from pathlib import Path

from llmops_cli.config.compose_target import ComposeTarget as Settings
from llmops_cli.config.environment import STAND_ALONE
from llmops_cli.config.model import Config
from llmops_cli.core.target import SecretStore
from llmops_cli.engine.docker import Engine
from llmops_cli.errors import PreflightError
from llmops_cli.stacks.profile import Profile
from llmops_cli.stacks.stack import Stack
from llmops_cli.targets.compose.compose_file import GATEWAY, GATEWAY_IMAGE, GatewayService, Mount
from llmops_cli.targets.compose.environment import SECRET_FOLDER
from llmops_cli.targets.compose.gateway import Manners
from llmops_cli.targets.compose.site import Site
from llmops_cli.targets.compose.target import ComposeTarget


@dataclass(frozen=True)
class _Published:
    """Tells the gateway's service; the version of its certificate is asked for each time."""

    settings: Settings
    stack: Stack
    store: SecretStore

    def __call__(self) -> GatewayService:
        image = self.settings.images.get(GATEWAY, GATEWAY_IMAGE)
        return GatewayService(
            self.settings.host, self.settings.port, image, tuple(self._certificate())
        )

    def _certificate(self) -> list[Mount]:
        name = self.settings.certificate_secret
        if name is None:
            return []
        version = self.store.current_version(name)
        if version is None:
            raise PreflightError(
                f"The secret {name} has no value, which the gateway's certificate is to be.",
                state="Nothing was changed.",
                next_step=f"llmops secrets set {name}",
            )
        return [Mount(self.stack.secret(name, version), f"{SECRET_FOLDER}/{name}")]


def make_compose_target(
    config: Config, name: str, directory: Path, engine: Engine, store: SecretStore
) -> ComposeTarget:
    """Make the target of that name for the project in ``directory``. Asks the engine nothing."""
    settings = config.targets[name]
    assert isinstance(settings, Settings)
    stack = stack_of(config, name)
    published = _Published(settings, stack, store)
    profile = Profile(config, settings, directory, stack, store, settings.drain_seconds)
    site = Site(
        engine, stack, settings, _manners(config, stack, settings), published, profile, store
    )

    def added() -> dict[str, str]:
        return {**_added(config, settings), **profile.api_settings()}

    return ComposeTarget(name, site, store, added, address_of(settings))


def stack_of(config: Config, name: str) -> Stack:
    """Return the stack of a target."""
    return Stack(f"{config.name}-{name}")


def address_of(settings: Settings) -> str:
    """Return the address at which this machine reaches the gateway."""
    if settings.public_url:
        return str(settings.public_url).rstrip("/")
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    scheme = "https" if settings.certificate_secret else "http"
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}:{settings.port}"


def _manners(config: Config, stack: Stack, settings: Settings) -> Manners:
    secret = settings.certificate_secret
    return Manners(
        stack.name,
        config.image.port,
        config.api.request_seconds,
        config.api.limits.body_seconds,
        f"{SECRET_FOLDER}/{secret}/value" if secret else "",
        config.api.limits.trusted_proxies,
    )


def _added(config: Config, settings: Settings) -> dict[str, str]:
    is_alone = settings.stand_alone and config.image.litellm
    return {
        **({STAND_ALONE: "on"} if is_alone else {}),
        "HOST": "0.0.0.0",  # noqa: S104 - inside the container, which publishes nothing
        "PORT": str(config.image.port),
        "LLMOPS_DRAIN_SECONDS": f"{settings.drain_seconds:g}",
    }
