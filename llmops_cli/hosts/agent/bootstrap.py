"""What `llmops infra` makes on a host."""

from typing import Any

from llmops_cli.hosts.agent.conversation import Agent
from llmops_cli.hosts.agent.request import Request
from llmops_cli.hosts.agent.trouble import RefusedError


def survey(_agent: Agent, _request: Request) -> dict[str, Any]:
    """Answer what would be changed."""
    raise RefusedError("This agent prepares no hosts.")


make = unmake = certificate = survey
