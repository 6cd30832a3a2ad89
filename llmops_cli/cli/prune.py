"""`llmops prune`."""

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from llmops_cli.cli.options import Target, Yes
from llmops_cli.cli.output import columns
from llmops_cli.cli.progress import shown
from llmops_cli.cli.session import Session, session_of
from llmops_cli.errors import PreflightError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmops_cli.flows.prune import Held, Scene

_DIGEST_SHOWN = len("sha256:") + 12


def command(
    context: typer.Context,
    target: Target = None,
    older_than: Annotated[
        int,
        typer.Option("--older-than", min=0, metavar="DAYS", help="Spare images of newer commits."),
    ] = 30,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be deleted, and delete nothing.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Delete images from the registry that no target can go back to.

    Every target of the project is read; where one cannot be, nothing is deleted. Kept are images of
    releases that a target runs or keeps, those of newer commits, and whatever llmops did not make.
    With -t the login is the one of that target.
    """
    from llmops_cli.flows import prune as flow

    session = session_of(context)
    scene = _scene(session, target, timedelta(days=older_than))
    found = flow.survey(scene)
    doomed = [held for held in found if not held.kept_because]
    if dry_run or not doomed:
        session.output.result(_document(found), _text(found, dry_run=dry_run))
        return
    if not yes:
        _confirm(session, doomed)
    with shown(session.output) as observe:
        removed = flow.remove(scene, doomed, observe)
    _refuse_none(removed, scene)
    done = {held.digest: held for held in removed}
    ended = tuple(done.get(held.digest, held) for held in found)
    session.output.result(_document(ended), _text(ended, dry_run=False))


def _scene(session: Session, target: str | None, spared: timedelta) -> "Scene":
    from llmops_cli.catalog.images import make_registry, runs_images
    from llmops_cli.catalog.targets import make_target
    from llmops_cli.config.load import load, target_name
    from llmops_cli.flows.prune import Scene

    config = load(session.directory)
    names = [name for name in config.targets if runs_images(config, name)]
    targets = {name: make_target(config, name, session.directory) for name in names}
    # Whose login: the named target's, or that of the first which runs images.
    wanted = target_name(config, target) if target or not names else names[0]
    chosen = targets.get(wanted)
    registry = make_registry(config, wanted, chosen) if chosen else None
    if registry is None:
        raise PreflightError(
            "The project has no registry to delete from.",
            state="Nothing was deleted.",
            next_step='Set [image] repository = "registry.example.com/team/name" in llmops.toml, '
            "and name a target that runs images with -t.",
        )
    return Scene(config.name, registry, tuple(targets.values()), spared)


def _confirm(session: Session, doomed: "Sequence[Held]") -> None:
    count = f"{len(doomed)} image{'s' if len(doomed) > 1 else ''}"
    if session.options.json or not sys.stdin.isatty():
        raise UsageError(
            f"Deleting {count} wants to be confirmed, and there is no terminal to ask.",
            evidence=_table(doomed),
            state="Nothing was deleted.",
            next_step="llmops prune --yes",
        )
    session.output.note(_table(doomed))
    typer.confirm(f"Delete {count} for good?", abort=True, err=True)


def _refuse_none(removed: "Sequence[Held]", scene: "Scene") -> None:
    from llmops_cli.registries.holdings import Removal

    if removed and all(held.removal is Removal.LOCKED for held in removed):
        host = scene.registry.repository.host
        raise PreflightError(
            f"The registry {host} deletes none of these images.",
            evidence=_table(removed),
            state="Nothing was deleted.",
            next_step="Unlock them, or allow deletion in the registry "
            "(REGISTRY_STORAGE_DELETE_ENABLED=true for Docker's own).",
        )


def _document(found: "Sequence[Held]") -> dict[str, object]:
    return {
        "images": [
            {
                "tags": list(held.tags),
                "digest": held.digest,
                "created_at": held.created_at.isoformat() if held.created_at else None,
                "verdict": _verdict(held),
                "reason": held.kept_because,
            }
            for held in found
        ]
    }


def _verdict(held: "Held") -> str:
    if held.removal is not None:
        return held.removal.value
    return "kept" if held.kept_because else "unneeded"


def _text(found: "Sequence[Held]", *, dry_run: bool) -> str:
    if not found:
        return "The registry holds no image of this project."
    unneeded = any(_verdict(held) == "unneeded" for held in found)
    step = "\n  next: llmops prune" if dry_run and unneeded else ""
    return _table(found) + step


def _table(found: "Sequence[Held]") -> str:
    rows = [
        (
            ", ".join(held.tags),
            held.digest[:_DIGEST_SHOWN],
            f"{held.created_at:%Y-%m-%d}" if held.created_at else "",
            f"kept: {held.kept_because}" if held.kept_because else _verdict(held),
        )
        for held in found
    ]
    return columns(rows, ("TAGS", "DIGEST", "COMMIT OF", ""))
