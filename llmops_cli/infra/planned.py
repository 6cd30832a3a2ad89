"""Reads a plan of Terraform (`show -json`): which resource becomes what, and why."""

from collections.abc import Mapping
from typing import Any

from llmops_cli.core.infrastructure import Action, Change

_ACTIONS = {
    ("create",): Action.CREATE,
    ("update",): Action.UPDATE,
    ("delete",): Action.DESTROY,
    ("delete", "create"): Action.REPLACE,
    ("create", "delete"): Action.REPLACE,
    # Terraform lets go of it without destroying it; for us it is gone.
    ("forget",): Action.DESTROY,
}


def changes_of(document: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return the changes of a plan, in its order."""
    found = []
    for resource in document.get("resource_changes", []):
        change = resource["change"]
        action = _ACTIONS.get(tuple(change["actions"]))
        if action is not None:
            found.append(Change(resource["address"], action, _because(action, change)))
    return tuple(found)


def changes_outputs(document: Mapping[str, Any]) -> bool:
    """Whether values that the project reads would change."""
    outputs = document.get("output_changes", {})
    return any(change["actions"] != ["no-op"] for change in outputs.values())


def _because(action: Action, change: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the settings that differ, by name alone: their values may be secret."""
    if action is Action.REPLACE:
        return tuple(".".join(map(str, path)) for path in change.get("replace_paths", []))
    if action is not Action.UPDATE:
        return ()
    before, after = change.get("before") or {}, change.get("after") or {}
    unknown = change.get("after_unknown") or {}
    return tuple(
        key
        for key in sorted({*before, *after, *unknown})
        if before.get(key) != after.get(key) and (key in after or unknown.get(key))
    )
