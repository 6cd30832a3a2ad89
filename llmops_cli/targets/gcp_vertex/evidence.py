"""What containers wrote that did not come up."""

import contextlib

from llmops_cli.errors import LlmopsError
from llmops_cli.targets.gcp_vertex.entries import Log
from llmops_cli.targets.gcp_vertex.place import Place

_LINES_SHOWN = 20


def of(place: Place, deployed: str = "") -> list[str]:
    """Return lines of evidence. What cannot be read is left out: there is a failure to tell of."""
    with contextlib.suppress(LlmopsError):
        lines = Log.of(place).newest(_LINES_SHOWN, deployed)
        return ["The end of the endpoint's log:", *(line.text for line in lines)] if lines else []
    return []
