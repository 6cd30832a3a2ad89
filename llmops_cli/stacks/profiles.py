"""What runs beside the API in each profile, and what each of these services needs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from llmops_cli.config.api_access import secret_names
from llmops_cli.config.compose_target import ComposeTarget
from llmops_cli.config.environment import required_secrets
from llmops_cli.config.host_target import HostTarget
from llmops_cli.config.model import Config
from llmops_cli.errors import ConfigError
from llmops_cli.stacks.litellm import MASTER_KEY, LiteLLM, read_litellm
from llmops_cli.stacks.model_servers import tei, vllm
from llmops_cli.stacks.monitoring import Scraped, grafana, prometheus
from llmops_cli.stacks.service import Service
from llmops_cli.stacks.surroundings import IN_CONTAINERS, StackSettings, Surroundings

#: Returns the text of a file of the release, or None where there is none.
Read = Callable[[str], str | None]

#: The gateway's service, in stacks that have the API in containers too.
GATEWAY = "gateway"

QDRANT_KEY = "QDRANT_API_KEY"

_PROFILES: Mapping[str, tuple[str, ...]] = {
    "chat": (),
    "router": ("litellm",),
    "production": ("litellm", "qdrant", "mlflow", "prometheus", "grafana"),
    "gpu-stack": ("vllm", "tei", "litellm"),
}


@dataclass(frozen=True)
class _Project:
    """What a profile is made from: the project, its target, and LiteLLM's file."""

    config: Config
    settings: StackSettings
    around: Surroundings
    litellm: LiteLLM | None
    litellm_text: str


def services_of(
    config: Config, settings: StackSettings, read: Read, around: Surroundings = IN_CONTAINERS
) -> tuple[Service, ...]:
    """Return the services of a target's profile, in the order in which they start.

    Raises:
        ConfigError: the target sets an image of a service that is not there, LiteLLM's file is
            missing or wrong, or a secret that a service needs is not listed.
        PreflightError: the extra that reads YAML is not installed.
    """
    names = service_names(settings)
    _refuse_unknown_images(settings, (*(() if around.api else (GATEWAY,)), *names))
    text, litellm = _litellm_file(config, settings, read) if "litellm" in names else ("", None)
    project = _Project(config, settings, around, litellm, text)
    services = tuple(_MAKERS[name](project) for name in names)
    _refuse_unlisted(config, settings, services)
    return services


def api_secrets(config: Config, services: Sequence[Service]) -> tuple[str, ...]:
    """Return the secrets that the API's own container gets.

    These are what ``[api]`` names, what it presents to the services beside it, and what the
    project requires for itself: not the keys of providers that LiteLLM asks, nor the password of
    a page for operators, of the registry, or the gateway's certificate.
    """
    of_services = {name for service in services for name in service.secrets}
    of_services |= _of_operators(config)
    offered = {name for service in services for name in service.api_secrets}
    own = _named_by_api(config)
    return tuple(
        name
        for name in required_secrets(config)
        if name in own or name in offered or name not in of_services
    )


def _of_operators(config: Config) -> set[str]:
    kinds = (ComposeTarget, HostTarget)
    fronts = [target for target in config.targets.values() if isinstance(target, kinds)]
    names = [config.image.password_secret, *(target.certificate_secret for target in fronts)]
    return {name for name in names if name}


def api_settings(services: Sequence[Service]) -> dict[str, str]:
    """Return the variables that tell the API where the services beside it are."""
    return {name: value for service in services for name, value in service.api_settings.items()}


def service_names(settings: StackSettings) -> tuple[str, ...]:
    """Return the services that run: a profile with LiteLLM gets TEI where it names a model."""
    names = _PROFILES[settings.profile]
    has_own = "litellm" in names and "tei" not in names and settings.tei.model is not None
    return ("tei", *names) if has_own else names


def _named_by_api(config: Config) -> set[str]:
    names = {*secret_names(config.api)}
    names |= {upstream.secret for upstream in config.api.upstreams if upstream.secret}
    database = config.api.sessions.database_secret
    return names | ({database} if database else set())


def _litellm_file(config: Config, settings: StackSettings, read: Read) -> tuple[str, LiteLLM]:
    text = read(settings.litellm)
    if text is None:
        raise ConfigError(
            f"There is no {settings.litellm}, which LiteLLM is configured by.",
            next_step=f"Write {settings.litellm} and commit it, or name another with `litellm`.",
        )
    return text, read_litellm(text, settings.litellm, required_secrets(config))


def _refuse_unknown_images(settings: StackSettings, known: Sequence[str]) -> None:
    unknown = sorted({*settings.images} - {*known})
    if unknown:
        raise ConfigError(
            f"`images` of the target names {unknown[0]!r}, which its profile does not run.",
            evidence=f'profile = "{settings.profile}" runs: {", ".join(known)}',
            next_step="Edit llmops.toml and run this again.",
        )


def _refuse_unlisted(config: Config, settings: StackSettings, services: Sequence[Service]) -> None:
    listed = {*required_secrets(config)}
    missing = {
        name: service.name for service in services for name in service.secrets if name not in listed
    }
    if missing:
        raise ConfigError(
            f"llmops.toml: `required` in [secrets] lacks {', '.join(missing)}.",
            evidence=f'profile = "{settings.profile}": '
            + "; ".join(f"{service} needs {name}" for name, service in missing.items()),
            next_step="Add what is missing to `required`, and set it: llmops secrets set NAME",
        )


def _litellm(project: _Project) -> Service:
    assert project.litellm is not None
    models = [name for name in ("vllm", "tei") if name in service_names(project.settings)]
    return Service(
        "litellm",
        image_of(project.settings, "litellm", "ghcr.io/berriai/litellm:v1.102.2"),
        files={"litellm.yaml": project.litellm_text},
        secrets=project.litellm.secrets,
        start_seconds=180,
        values={"waits_for": tuple(models), **_published(project, "litellm")},
        api_secrets=(MASTER_KEY,),
    )


def _qdrant(project: _Project) -> Service:
    return Service(
        "qdrant",
        image_of(project.settings, "qdrant", "qdrant/qdrant:v1.18.3-unprivileged"),
        secrets=(QDRANT_KEY,),
        data="/qdrant/storage",
        values=_published(project, "qdrant"),
        api_secrets=(QDRANT_KEY,),
        api_settings={"QDRANT_URL": f"http://{project.around.address('qdrant', 6333)}"},
    )


def _published(project: _Project, service: str) -> dict[str, int]:
    port = project.around.ports.get(service)
    return {"published": port} if port else {}


def _mlflow(project: _Project) -> Service:
    return Service(
        "mlflow",
        image_of(project.settings, "mlflow", "ghcr.io/mlflow/mlflow:v3.14.0"),
        data="/mlflow",
        start_seconds=120,
        values={"port": project.settings.mlflow_port},
        api_settings={
            "MLFLOW_TRACKING_URI": f"http://{project.around.address('mlflow', 5000)}",
            # With MLflow as `collector`, traces go to its default experiment.
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "x-mlflow-experiment-id=0",
        },
    )


def _prometheus(project: _Project) -> Service:
    has_metrics = project.litellm is not None and project.litellm.has_metrics
    config = project.config
    around = project.around.api
    scraped = Scraped(config.api, config.image.port, has_metrics, QDRANT_KEY, around)
    return prometheus(image_of(project.settings, "prometheus", "prom/prometheus:v3.5.0"), scraped)


def _grafana(project: _Project) -> Service:
    image = image_of(project.settings, "grafana", "grafana/grafana:12.4.0")
    return grafana(image, project.settings.grafana_port)


def _vllm(project: _Project) -> Service:
    image = image_of(project.settings, "vllm", "vllm/vllm-openai:v0.26.0")
    return vllm(image, project.settings.vllm, project.config.secrets.required)


def _tei(project: _Project) -> Service:
    default = "ghcr.io/huggingface/text-embeddings-inference:cpu-1.9"
    image = image_of(project.settings, "tei", default)
    return tei(image, project.settings.tei, project.config.secrets.required)


def image_of(settings: StackSettings, service: str, default: str) -> str:
    """Return the image of a service: the target's own choice, or the one that is known to work."""
    return settings.images.get(service, default)


_MAKERS: Mapping[str, Callable[[_Project], Service]] = {
    "litellm": _litellm,
    "qdrant": _qdrant,
    "mlflow": _mlflow,
    "prometheus": _prometheus,
    "grafana": _grafana,
    "vllm": _vllm,
    "tei": _tei,
}
