"""The verbs of the agent."""

from collections.abc import Mapping
from typing import Any

from llmops_cli.hosts.agent import (
    bootstrap,
    holding,
    logs,
    objects,
    opening,
    records,
    releases,
    secrets,
    serving,
    starting,
    writing,
)
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
    "missing": Verb(objects.missing, is_locked=True),
    "put": Verb(objects.put, is_locked=True),
    "write": Verb(writing.write, is_locked=True),
    "start": Verb(starting.start, is_locked=True),
    "open": Verb(opening.open_door),
    "promote": Verb(serving.promote, is_locked=True),
    "confirm": Verb(serving.confirm),
    "restore": Verb(serving.restore, is_locked=True),
    "settle": Verb(serving.settle, is_locked=True),
    "discard": Verb(serving.discard, is_locked=True),
    "retire": Verb(serving.retire, is_locked=True),
    "begin": Verb(serving.begin, is_locked=True),
    "halt": Verb(serving.halt, is_locked=True),
    "name": Verb(records.name),
    "unname": Verb(records.unname),
    "record": Verb(records.record),
    "history": Verb(records.history),
    "logs": Verb(logs.logs),
    "secret_names": Verb(secrets.names),
    "secret_versions": Verb(secrets.versions),
    "secret_read": Verb(secrets.read),
    "secret_write": Verb(secrets.write),
    "secret_accept": Verb(secrets.accept),
    "secret_withdraw": Verb(secrets.withdraw),
    "secret_remove": Verb(secrets.remove),
    "survey": Verb(bootstrap.survey),
    "make": Verb(bootstrap.make),
    "unmake": Verb(bootstrap.unmake),
    "certificate": Verb(bootstrap.certificate),
}
