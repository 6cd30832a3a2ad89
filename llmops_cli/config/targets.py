"""Reads `[targets.NAME]`: what a target inherits, and the settings of its kind."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from llmops_cli.config.aws_target import AwsTarget
from llmops_cli.config.azure_containerapp import AzureContainerAppTarget
from llmops_cli.config.azure_webapp import AzureWebappTarget
from llmops_cli.config.compose_target import ComposeTarget
from llmops_cli.config.fields import Name
from llmops_cli.config.gcp_run import CloudRunTarget
from llmops_cli.config.gcp_vertex import VertexTarget
from llmops_cli.config.host_target import HostTarget
from llmops_cli.config.problems import Problem, as_written, nearest, of_table
from llmops_cli.config.target import LocalTarget, TargetSettings

#: What a target of each kind is called and which keys it takes.
KINDS: Mapping[str, type[TargetSettings]] = {
    "local": LocalTarget,
    "compose": ComposeTarget,
    "host": HostTarget,
    "azure": AzureWebappTarget,
    "azure-containerapp": AzureContainerAppTarget,
    "aws": AwsTarget,
    "gcp": VertexTarget,
    "gcp-run": CloudRunTarget,
}


@dataclass(frozen=True)
class _Inherited:
    """A target's keys, with the table that wrote each of them, and its kind."""

    values: Mapping[str, Any]
    owners: Mapping[str, str]
    kind: object


def read_targets(tables: Mapping[str, Any]) -> tuple[dict[str, TargetSettings], list[Problem]]:
    """Return the targets that are valid, and the problems of those that are not."""
    targets: dict[str, TargetSettings] = {}
    problems: list[Problem] = []
    for name in tables:
        found = _read(name, tables)
        if isinstance(found, TargetSettings):
            targets[name] = found
        else:
            problems += found
    return targets, problems


def listed(names: Iterable[str]) -> str:
    """Return the names that there are, for a hint."""
    return "there are: " + ", ".join(as_written([name]) for name in names)


def _read(name: str, tables: Mapping[str, Any]) -> TargetSettings | list[Problem]:
    lineage, wrong = _lineage(name, tables)
    wrong = _name_problems(name) + wrong
    if wrong:
        return wrong
    inherited = _inherit(lineage, tables)
    model = KINDS.get(inherited.kind) if isinstance(inherited.kind, str) else None
    if model is None:
        return [_unknown_kind(name, inherited)]
    try:
        return model.model_validate({**inherited.values, "kind": inherited.kind})
    except ValidationError as error:
        return [_owned(problem, name, inherited) for problem in of_table(model, error)]


def _name_problems(name: str) -> list[Problem]:
    try:
        TypeAdapter(Name).validate_python(name, strict=True)
    except ValidationError as error:
        text = error.errors()[0]["msg"].removeprefix("Value error, ")
        return [Problem(("targets", name), f"is not a name: it {text}")]
    return []


def _lineage(name: str, tables: Mapping[str, Any]) -> tuple[list[str], list[Problem]]:
    """Follow ``extends`` from a target to its last ancestor; tell what is wrong on the way."""
    seen: list[str] = []
    parent: object = name
    while parent is not None:
        here = ("targets", seen[-1], "extends") if seen else ("targets", name)
        if parent in seen:
            return seen, [Problem(here, "comes back to where it started")]
        if not isinstance(parent, str) or parent not in tables:
            guess = nearest(parent, tables) if isinstance(parent, str) else None
            hint = f"did you mean {as_written([guess])}?" if guess else listed(tables)
            return seen, [Problem(here, "names a target that is not there", hint)]
        if not isinstance(tables[parent], dict):
            return seen, [Problem(("targets", parent), "must be a table")]
        seen.append(parent)
        parent = tables[parent].get("extends")
    return seen, []


def _inherit(lineage: list[str], tables: Mapping[str, Any]) -> _Inherited:
    values: dict[str, Any] = {}
    owners: dict[str, str] = {}
    for name in reversed(lineage):
        values |= tables[name]
        owners |= dict.fromkeys(tables[name], name)
    # A target is of the kind it says, else of its ancestor's, else of the oldest table's name.
    return _Inherited(values, owners, values.get("kind", lineage[-1]))


def _unknown_kind(name: str, inherited: _Inherited) -> Problem:
    owner = inherited.owners.get("kind")
    if owner is None:
        return Problem(("targets", name), "has no known kind", f'add kind = "…"; {listed(KINDS)}')
    return Problem(("targets", owner, "kind"), "is not a kind of target", listed(KINDS))


def _owned(problem: Problem, name: str, inherited: _Inherited) -> Problem:
    """Place a problem in the table that wrote the key."""
    owner = inherited.owners.get(str(problem.path[0]), name) if problem.path else name
    return Problem(("targets", owner, *problem.path), problem.text, problem.hint)
