"""The verbs of the agent."""

from collections.abc import Mapping
from typing import Any

from llmops_cli.hosts.agent import bootstrap, holding, releases
from llmops_cli.hosts.agent.conversation import Agent, Verb
from llmops_cli.hosts.agent.facts import facts
from llmops_cli.hosts.agent.request import Request
from llmops_cli.hosts.agent.state import state


def kept(agent: Agent, request: Request) -> dict[str, Any]:
    """Answer the newest releases that have been live."""
    found = releases.kept(agent.places)
    limit = request.whole_number("limit")
    return {"releases": [release for release, _ in zip(found, range(limit), strict=False)]}


def find(agent: Agent, request: Request) -> dict[str, Any]:
    """Answer the releases that have been live and whose name or id begins with ``prefix``."""
    return {"releases": releases.find(agent.places, request.text("prefix"))}


VERBS: Mapping[str, Verb] = {
    "facts": Verb(facts),
    "state": Verb(state),
    "kept": Verb(kept),
    "find": Verb(find),
    "lock": Verb(holding.take),
    "unlock": Verb(holding.free),
    "survey": Verb(bootstrap.survey),
    "make": Verb(bootstrap.make),
    "unmake": Verb(bootstrap.unmake),
    "certificate": Verb(bootstrap.certificate),
}
