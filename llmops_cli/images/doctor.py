"""What `llmops doctor` looks at for a project's images: packages, the base image, the registry."""

from collections.abc import Sequence

from llmops_cli.config.image import ImageSettings
from llmops_cli.core.diagnosis import Diagnosis, Probe, ok, problem
from llmops_cli.core.target import SecretStore
from llmops_cli.engine.docker import Engine
from llmops_cli.engine.packages import INSTALL, missing_packages
from llmops_cli.errors import EngineError, PreflightError
from llmops_cli.images.inspection import look_up
from llmops_cli.images.registry_of import Logins, registry_of, stored_only

_SECONDS = 12.0


def probes(
    settings: ImageSettings, engine: Engine, secrets: SecretStore, logins: Logins = stored_only
) -> list[Probe]:
    """Return the looks at what images are made with."""
    found = [Probe("packages", _packages)]
    if settings.builder != "acr":
        found.append(Probe("base image", lambda: _base(settings, engine)))
    if settings.repository is not None:
        found.append(Probe("registry", lambda: _registry(settings, secrets, logins)))
    return found


def _packages() -> Sequence[Diagnosis]:
    missing = missing_packages()
    if missing:
        text = f"{', '.join(missing)} are not installed, which targets with images need"
        return [problem("packages", text, INSTALL)]
    return [ok("packages", "the extra `docker` is installed")]


def _base(settings: ImageSettings, engine: Engine) -> Sequence[Diagnosis]:
    name = settings.reference or settings.base
    if settings.dockerfile or not engine.is_installed:
        return []
    try:
        if look_up(engine, name) is not None:
            return [ok("base image", f"{name} is in the engine")]
        engine.run("manifest", "inspect", name, seconds=_SECONDS)
    except PreflightError:
        return []
    except EngineError as error:
        text = f"{name} is neither in the engine nor can it be pulled"
        last = error.evidence.strip().splitlines()[-1:]
        fix = f"docker pull {name}; mend the network, or name another base in [image]"
        return [problem("base image", f"{text}: {' '.join(last)}", fix)]
    return [ok("base image", f"{name} can be pulled")]


def _registry(settings: ImageSettings, secrets: SecretStore, logins: Logins) -> Sequence[Diagnosis]:
    registry = registry_of(settings, secrets, logins)
    if registry is None:
        return []
    registry.check()
    return [ok("registry", f"{settings.repository} answers and accepts the login")]
