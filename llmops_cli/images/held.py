"""What an engine says of an image that it holds."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from llmops_cli.core.image import Image
from llmops_cli.engine.docker import Engine
from llmops_cli.errors import ConfigError
from llmops_cli.registries.reference import Repository, parse


@dataclass(frozen=True)
class Held:
    """An image in an engine, asked by its id where that is known."""

    engine: Engine
    image: Image

    def labels(self) -> Mapping[str, str]:
        """Return the labels.

        Raises:
            EngineError: the engine does not hold the image.
        """
        found = self._ask("{{json .Config.Labels}}")
        pairs = found.items() if isinstance(found, dict) else ()
        return {str(key): str(value) for key, value in pairs}

    def digests(self, repository: Repository) -> tuple[str, ...]:
        """Return the digests that the engine knows of the image in a repository.

        Raises:
            EngineError: the engine does not hold the image.
        """
        found = self._ask("{{json .RepoDigests}}")
        pairs = [str(one).partition("@") for one in found] if isinstance(found, list) else []
        return tuple(digest for name, _, digest in pairs if _means(name, repository))

    def _ask(self, template: str) -> object:
        name = self.image.id or self.image.name
        return json.loads(self.engine.run("image", "inspect", "--format", template, name))


def _means(name: str, repository: Repository) -> bool:
    try:
        return parse(name) == repository
    except ConfigError:
        return False
