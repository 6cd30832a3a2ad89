"""Looks for secrets in an image."""

from collections.abc import Mapping, Sequence

from llmops_cli.core.image import Image, Leak
from llmops_cli.core.secret import Secret
from llmops_cli.engine.docker import Engine


def scan_image(
    engine: Engine, image: Image, secrets: Mapping[str, Sequence[Secret]], base: str
) -> Sequence[Leak]:
    """Return what was found in all that the image holds above ``base``."""
    return ()
