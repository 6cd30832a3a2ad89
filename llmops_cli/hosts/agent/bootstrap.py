"""The verbs of the bootstrap: survey, make, unmake and certificate."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from llmops_cli.hosts.agent import bootstrap_certificate, bootstrap_removal, lock
from llmops_cli.hosts.agent.bootstrap_making import Bootstrap, Survey, checked
from llmops_cli.hosts.agent.bootstrap_wanted import Change, Wanted
from llmops_cli.hosts.agent.request import Request
from llmops_cli.hosts.agent.trouble import RefusedError

if TYPE_CHECKING:
    from llmops_cli.hosts.agent.conversation import Agent


def survey(agent: "Agent", request: Request) -> dict[str, Any]:
    """Answer what would be made of the host, or with ``destroying`` removed. Changes nothing."""
    if request.flag("destroying"):
        changes, advice = bootstrap_removal.survey(agent.places)
        return _document(Survey(changes, advice))
    found = _bootstrap(agent, request).survey()
    seen = bootstrap_certificate.look(bootstrap_certificate.files(agent.places)[0])
    return {**_document(found), "certificate_ends": seen.ends if seen else None}


def make(agent: "Agent", request: Request) -> dict[str, Any]:
    """Make what was proposed, which is ``expected``; refuse where the host changed meanwhile."""
    bootstrap = _bootstrap(agent, request)
    checked(bootstrap.survey(), request.listed("expected"))
    bootstrap.begin()
    with _locked(agent, request):
        bootstrap.make(agent.link.tell)
    return {}


def unmake(agent: "Agent", request: Request) -> dict[str, Any]:
    """Remove what was proposed, which is ``expected``."""
    changes, _ = bootstrap_removal.survey(agent.places)
    checked(Survey(changes), request.listed("expected"))
    if not agent.places.root.is_dir():
        return {}
    with _locked(agent, request):
        bootstrap_removal.remove(agent.places, agent.units, agent.link.tell)
    return {}


def certificate(agent: "Agent", request: Request) -> dict[str, Any]:
    """Answer the certificate that the bootstrap put there, never its key."""
    path, _ = bootstrap_certificate.files(agent.places)
    return {"pem": path.read_text() if path.is_file() else None}


def _bootstrap(agent: "Agent", request: Request) -> Bootstrap:
    wanted = request.details.get("wanted")
    if not isinstance(wanted, dict):
        raise RefusedError(f"{request.verb} needs to know what is wanted.")
    return Bootstrap(agent.places, agent.units, Wanted.read(wanted), agent.archive)


@contextlib.contextmanager
def _locked(agent: "Agent", request: Request) -> Iterator[None]:
    """Hold the lock meanwhile, unless this conversation holds it already."""
    if agent.lock is not None:
        yield
        return
    held = lock.take(agent.places.lock, request.text("holder"))
    try:
        yield
    finally:
        held.free()


def _document(survey: Survey) -> dict[str, Any]:
    return {
        "changes": [_change(change) for change in survey.changes],
        "advice": list(survey.advice),
        "obstacles": list(survey.obstacles),
    }


def _change(change: Change) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(asdict(change)))
    return found
