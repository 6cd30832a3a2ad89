"""LiteLLM as a release: its configuration in the commit must be one that can work."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from llmops_cli.config.environment import STAND_ALONE, required_secrets
from llmops_cli.config.model import Config
from llmops_cli.core.diagnosis import Diagnosis, Probe, ok
from llmops_cli.core.release import Release
from llmops_cli.core.target import Target
from llmops_cli.errors import ConfigError, PreflightError
from llmops_cli.source import Source, open_source
from llmops_cli.stacks.litellm import read_litellm


def examine(config: Config, source: Source, release: Release) -> None:
    """Check the file that `[image] litellm` names; do nothing where it names none.

    Raises:
        ConfigError: it could not work, or does not serve the model that the checks ask for.
        PreflightError: the commit lacks it, or the extra that reads YAML is not installed.
    """
    if config.image.litellm is not None:
        _examined(config, config.image.litellm, source, release.tree, release.settings)


def probes(config: Config, target: Target, directory: Path) -> list[Probe]:
    """Return the look at the same file in the commit that would be deployed, if one is named."""
    file = config.image.litellm
    if file is None:
        return []
    subject = f"{target.name} {file}"

    def look() -> Sequence[Diagnosis]:
        source = open_source(directory)
        models = _examined(config, file, source, source.commit().tree, target.settings())
        return [ok(subject, f"serves {', '.join(models)}")]

    return [Probe(subject, look)]


def _examined(
    config: Config, file: str, source: Source, tree: str, settings: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the models that the file serves."""
    text = source.read(tree, file)
    if text is None:
        raise PreflightError(
            f"The commit has no {file}, which [image] litellm names.",
            state="Nothing was changed.",
            next_step=f"git add {file} && git commit, or mend [image] litellm.",
        )
    is_alone = STAND_ALONE in settings
    found = read_litellm(text, file, None if is_alone else required_secrets(config))
    model = config.checks.model
    if model and not any(fnmatchcase(model, served) for served in found.models):
        raise ConfigError(
            f"[checks] model is {model!r}, which {file} does not serve.",
            evidence=f"model_list has: {', '.join(found.models)}",
            state="Nothing was changed.",
            next_step="Set [checks] model to the one that the checks shall ask.",
        )
    return found.models
