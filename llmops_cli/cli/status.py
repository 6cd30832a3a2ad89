"""`llmops status`."""

from typing import TYPE_CHECKING

import typer

from llmops_cli.cli.options import Target
from llmops_cli.cli.outcome import release_document
from llmops_cli.cli.project import open_target
from llmops_cli.cli.session import session_of
from llmops_cli.core.release import Release

if TYPE_CHECKING:
    from llmops_cli.flows.status import Status


def command(context: typer.Context, target: Target = None) -> None:
    """Show what is serving, what should be, and what is wrong where they differ."""
    from llmops_cli.flows.status import status as read_status

    session = session_of(context)
    chosen = open_target(session, target)
    found = read_status(chosen)
    document = {
        "target": chosen.name,
        "kind": chosen.kind,
        "address": found.state.address,
        "live": _document(found.state.live),
        "recorded": _document(found.state.recorded),
        "answers": found.answers,
        "ready": found.readiness.verdict.value,
        "previous": found.state.previous,
        "trouble": found.trouble,
        "next": found.state.remedy,
        "facts": dict(found.state.facts),
        "events": [
            {"at": e.at.isoformat(), "action": e.action, "release": e.release, "by": e.by}
            for e in found.events
        ],
    }
    session.output.result(document, _text(found, f"{chosen.name} ({chosen.kind})"))


def _document(release: Release | None) -> dict[str, object] | None:
    return release_document(release) if release else None


def _text(found: "Status", target: str) -> str:
    state = found.state
    if state.recorded is None and not found.trouble:
        return f"{target}: nothing has been deployed yet.\n  next: llmops deploy"
    live = state.live
    serving = f"{live.id} ({live.subject}) at {state.address}" if live else "nothing"
    lines = [f"{target}: serving {serving}", f"  ready: {found.readiness.verdict.value}"]
    lines += [f"  {key}: {value}" for key, value in state.facts.items()]
    if state.previous:
        lines.append(f"  rollback goes to: {state.previous}")
    if found.trouble:
        lines.append(f"  trouble: {found.trouble}")
        lines.append(f"  next: {state.remedy or 'llmops logs'}")
    lines += [
        f"  {event.at:%Y-%m-%d %H:%M:%S}  {event.action:<8}  {event.release}  by {event.by}"
        for event in found.events
    ]
    return "\n".join(lines)
