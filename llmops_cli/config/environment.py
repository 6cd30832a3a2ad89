"""The project file as the environment of the API process, and the secrets that it needs."""

from collections.abc import Mapping

from llmops_cli.config import (
    api_access,
    api_limits,
    api_resilience,
    api_sessions,
    api_telemetry,
    upstreams,
)
from llmops_cli.config.image import LITELLM_KEY
from llmops_cli.config.model import Config

#: Tells a release that it asks nothing outside its machine.
STAND_ALONE = "LLMOPS_STAND_ALONE"


def api_environment(config: Config) -> dict[str, str]:
    """Return the environment of the API process: settings only, no secret value.

    What the project says nothing of is left out, but for what every release needs; times are in
    seconds; ``LLMOPS_UPSTREAMS`` is a JSON list.
    """
    api = config.api
    if config.image.litellm:
        # LiteLLM reads nothing of it; what its checks ask for is another model in another release.
        return {"LLMOPS_MODEL": config.checks.model} if config.checks.model else {}
    optional = {
        "LLMOPS_SYSTEM_PROMPT_FILE": api.system_prompt,
        "LLMOPS_APP": api.app,
        "LLMOPS_ROUTERS": ",".join(api.routers) or None,
        "LLMOPS_PLAYGROUND": None if api.playground else "off",
    }
    return {
        "LLMOPS_MODEL": api.model,
        **api_access.variables(api),
        "LLMOPS_STATUS_WORD": api.status_word,
        "LLMOPS_REQUEST_SECONDS": f"{api.request_seconds:g}",
        **upstreams.variables(api.upstreams, api.fallbacks),
        **api_resilience.variables(api.resilience),
        **api_limits.variables(api.limits),
        **{name: str(value) for name, value in optional.items() if value is not None},
        **api_sessions.variables(api.sessions),
        **api_telemetry.variables(api.telemetry, api.prices),
    }


def model_asked(config: Config, settings: Mapping[str, str]) -> str | None:
    """Return the model that the checks of a release ask for; ``settings`` are the release's."""
    own = settings.get("LLMOPS_MODEL")
    if own and config.image.litellm:
        return own  # not `[checks] model` of the commit at hand: this one may not serve it
    return config.checks.model or own


def credential_secret(config: Config) -> str:
    """Return the name of the secret that callers present, and that the checks ask with."""
    return LITELLM_KEY if config.image.litellm else api_access.API_KEY


def required_secrets(config: Config) -> tuple[str, ...]:
    """Return the names of the secrets that a deploy needs, each once, the API's own key first."""
    if config.image.litellm:
        return tuple(dict.fromkeys([LITELLM_KEY, *config.secrets.required]))
    names = api_access.secret_names(config.api)
    names += [upstream.secret for upstream in config.api.upstreams if upstream.secret]
    names += [config.api.sessions.database_secret] if config.api.sessions.database_secret else []
    return tuple(dict.fromkeys([*names, *config.secrets.required]))
