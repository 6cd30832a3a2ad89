"""The looks that `llmops doctor` takes at what a target needs."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from llmops_cli.catalog.accounts import aws_account, azure_account, engine_of, gcp_account
from llmops_cli.catalog.logins import logins_for
from llmops_cli.config.aws_target import AwsTarget
from llmops_cli.config.azure import AzureTarget
from llmops_cli.config.compose_target import ComposeTarget
from llmops_cli.config.gcp import GcpTarget
from llmops_cli.config.host_target import HostTarget
from llmops_cli.config.model import Config
from llmops_cli.config.target import TargetSettings
from llmops_cli.core.diagnosis import Probe
from llmops_cli.core.target import Target

if TYPE_CHECKING:
    from llmops_cli.engine.docker import Engine


def make_probes(config: Config, name: str, directory: Path, target: Target) -> list[Probe]:
    """Make the looks that `llmops doctor` takes at what a target needs."""
    settings = config.targets[name]
    if isinstance(settings, AzureTarget | AwsTarget | GcpTarget):
        return _in_a_cloud(config, settings, target)
    if isinstance(settings, HostTarget):
        return _host(config, name, settings, directory)
    if isinstance(settings, ComposeTarget):
        return _compose(config, name, settings, target)
    from llmops_cli.config.environment import api_environment
    from llmops_cli.targets.local.doctor import probes

    return probes(target, api_environment(config))


def _compose(config: Config, name: str, settings: ComposeTarget, target: Target) -> list[Probe]:
    from llmops_cli.engine import doctor as engines
    from llmops_cli.targets.compose.making import stack_of

    engine = engine_of(settings, target)
    port = engines.port_probe(engine, settings.host, settings.port, stack_of(config, name).name)
    return [*engines.probes(engine), *_images(config, settings, target, engine), port]


def _in_a_cloud(
    config: Config, settings: AzureTarget | AwsTarget | GcpTarget, target: Target
) -> list[Probe]:
    from llmops_cli.engine import doctor as engines
    from llmops_cli.engine.docker import Engine

    engine = Engine()
    # Where the registry builds, no engine is needed here.
    here = [] if config.image.builder == "acr" else engines.probes(engine)
    return [
        *_account(config, settings, target),
        *here,
        *_images(config, settings, target, engine),
    ]


def _account(
    config: Config, settings: AzureTarget | AwsTarget | GcpTarget, target: Target
) -> Sequence[Probe]:
    if isinstance(settings, AzureTarget):
        from llmops_cli.clouds.azure import doctor as azure

        return azure.probes(azure_account(settings, target), settings.app or config.name)
    if isinstance(settings, AwsTarget):
        from llmops_cli.clouds.aws import doctor as aws

        account = aws_account(settings, target)
        return aws.probes(account, config.name, config.image.repository)
    from llmops_cli.clouds.gcp import doctor as gcp

    return gcp.probes(gcp_account(settings, target), config.name)


def _images(
    config: Config, settings: TargetSettings, target: Target, engine: "Engine"
) -> list[Probe]:
    from llmops_cli.images import doctor as images

    logins = logins_for(config, settings, target)
    return list(images.probes(config.image, engine, target.secrets, logins))


def _host(config: Config, name: str, settings: HostTarget, directory: Path) -> list[Probe]:
    from llmops_cli.hosts import doctor
    from llmops_cli.hosts.making import hosts_of
    from llmops_cli.secret_stores.hosts import HostStore
    from llmops_cli.targets.host import stack_looks
    from llmops_cli.targets.host.stack_making import make_stack

    found = doctor.probes(config, name, settings, hosts_of(config, settings, directory))
    # Connections of their own: these looks are taken at the same time.
    hosts = hosts_of(config, settings, directory)
    stack = make_stack(config, settings, directory, hosts, HostStore(hosts))
    return [*found, *stack_looks.probes(stack)]
