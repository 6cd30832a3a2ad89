"""The variables of Terraform, from `[targets.NAME]` and its `infra`, for each cloud."""

from collections.abc import Mapping

from llmops_cli.config.aws_infra import EVERYBODY, AwsInfra
from llmops_cli.config.aws_target import AwsTarget
from llmops_cli.config.azure_containerapp import AzureContainerAppTarget
from llmops_cli.config.azure_webapp import AzureWebappTarget
from llmops_cli.config.gcp_run import CloudRunTarget
from llmops_cli.config.gcp_vertex import VertexTarget
from llmops_cli.config.model import Config
from llmops_cli.config.target import TargetSettings

#: Keys of a target itself, not of its infrastructure, that are variables too.
_OF_AZURE = (
    "resource_group",
    "app",
    "cloud",
    "secret_prefix",
    "slot",
    "environment",
    "min_replicas",
)
_OF_AWS = (
    "account",
    "cluster",
    "service",
    "secret_prefix",
    "log_group",
    "architecture",
    "cpu",
    "memory",
    "min_tasks",
    "max_tasks",
    "cpu_percent",
    "drain_seconds",
    "ready_seconds",
)
_OF_GCP = ("location", "secret_prefix", "service", "public")
#: Keys of our own that Terraform calls otherwise, or that are decided here.
_DECIDED = {"profile", "make_zone", "make_github_provider"}
#: Seconds that the load balancer waits for an answer, at the least.
_ANSWER_SECONDS = 300


def variables_of(config: Config, target: str) -> dict[str, object]:
    """Return the variables that the project's settings give."""
    settings = config.targets[target]
    first: dict[str, object] = {"project": config.name, "target": target}
    if isinstance(settings, VertexTarget | CloudRunTarget):
        return {**first, **_gcp(config, settings)}
    first["port"] = config.image.port
    if isinstance(settings, AwsTarget):
        return {**first, **_aws(config, settings)}
    assert isinstance(settings, AzureWebappTarget | AzureContainerAppTarget)
    assert settings.infra is not None
    made = settings.infra.model_dump(mode="json", exclude_none=True)
    return {**first, **_some(settings, _OF_AZURE), **made}


def _aws(config: Config, settings: AwsTarget) -> dict[str, object]:
    assert settings.infra is not None
    infra = settings.infra
    made = infra.model_dump(mode="json", exclude_none=True, exclude=_DECIDED)
    seconds = max(_ANSWER_SECONDS, round(config.api.request_seconds))
    region = {"region": settings.region} if settings.region else {}
    return {
        **region,
        **_some(settings, _OF_AWS),
        "health_path": health_path(config),
        "answer_seconds": seconds,
        **_of_profile(infra),
        **made,
        "networks": list(infra.networks) or ([EVERYBODY] if infra.domain else []),
        "makes_zone": infra.make_zone,
        "makes_github_provider": infra.make_github_provider,
    }


def _gcp(config: Config, settings: VertexTarget | CloudRunTarget) -> dict[str, object]:
    assert settings.infra is not None
    project = {"gcp_project": settings.project} if settings.project else {}
    return {
        **project,
        **_some(settings, _OF_GCP),
        "calls_models": any(one.credential == "google" for one in config.api.upstreams),
        **settings.infra.model_dump(mode="json", exclude_none=True),
    }


def _of_profile(infra: AwsInfra) -> dict[str, object]:
    """Return what a profile decides, where the project does not."""
    return {
        "nat": "none" if infra.is_cheap else "one",
        "waf": not infra.is_cheap,
        "insights": not infra.is_cheap,
        "flow_logs": not infra.is_cheap,
        "deletion_protection": not infra.is_cheap,
    }


def health_path(config: Config) -> str:
    """Return a path of what is served that needs no key and calls no model."""
    return config.image.readiness_path or "/health"


def _some(settings: TargetSettings, keys: tuple[str, ...]) -> Mapping[str, object]:
    found = settings.model_dump(mode="json", exclude_none=True)
    return {key: found[key] for key in keys if key in found}
