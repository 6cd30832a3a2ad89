"""The Dockerfile of an image that holds the embedded API."""

from collections.abc import Mapping

from llmops_cli.config.environment import api_environment
from llmops_cli.config.model import Config
from llmops_cli.contents.app_files import model_files
from llmops_cli.contents.requirements import extras
from llmops_cli.images.builder import Kind
from llmops_cli.images.context import APP, CODE, MODELS, MOMENT
from llmops_cli.rendering import render

TEMPLATE = "image/Dockerfile.j2"
_CACHE = "--mount=type=cache,target=/root/.cache/pip "


def dockerfile(config: Config, kind: Kind, identity: Mapping[str, str]) -> str:
    """Return the text. ``identity`` is what the API is told of the release that it is."""
    return render(
        TEMPLATE,
        {
            "base": config.image.base,
            "port": config.image.port,
            "has_requirements": bool(config.image.requirements),
            "settings": _settings(config, identity),
            "has_models": bool(model_files(config)),
            "has_engine": "engine" in extras(config),
            "cache": _CACHE if kind.has_cache_mounts else "",
            "no_cache": "" if kind.has_cache_mounts else " --no-cache-dir",
            "moment": MOMENT,
            "app": APP,
            "models": MODELS,
            "code": CODE,
        },
    )


def _settings(config: Config, identity: Mapping[str, str]) -> Mapping[str, str]:
    """Return what the commit's project file says, so that the image answers by itself too."""
    settings = {**api_environment(config), **identity}
    return {name: quoted(settings[name]) for name in sorted(settings)}


def quoted(value: str) -> str:
    """Return a value as a Dockerfile holds it literally."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'"{escaped}"'
