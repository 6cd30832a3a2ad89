"""What a project file says of one target: the same as of the others, unless it stands alone."""

from llmops_cli.config.api import DEMO_MODEL
from llmops_cli.config.compose_target import ComposeTarget
from llmops_cli.config.model import Config
from llmops_cli.config.target import LocalTarget


def on_target(config: Config, name: str) -> Config:
    """Return the project file as it is for a target.

    Where the target stands alone, whatever is outside of its machine is left out: upstreams and
    their models, the database of sessions, the collector of traces, and the secrets of all these.
    """
    settings = config.targets[name]
    if not (isinstance(settings, LocalTarget | ComposeTarget) and settings.stand_alone):
        return config
    secrets = config.secrets.model_copy(update={"required": ()})
    if config.image.litellm:
        # It has its own models, and answers for all of them.
        return config.model_copy(update={"secrets": secrets})
    alone = {
        "model": DEMO_MODEL,
        "upstreams": (),
        "fallbacks": {},
        "prices": (),
        "sessions": config.api.sessions.model_copy(update={"database_secret": None}),
        "telemetry": config.api.telemetry.model_copy(update={"collector": None}),
    }
    return config.model_copy(
        update={"api": config.api.model_copy(update=alone), "secrets": secrets}
    )
