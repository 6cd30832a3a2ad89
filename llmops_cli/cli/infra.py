"""`llmops infra`."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from llmops_cli.cli.options import DryRun, Target, Yes
from llmops_cli.cli.output import Output
from llmops_cli.cli.progress import shown
from llmops_cli.cli.session import Session, session_of
from llmops_cli.errors import PLAN_HAS_CHANGES, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmops_cli.core.estimate import Estimate
    from llmops_cli.core.infrastructure import Proposal
    from llmops_cli.flows.infra import Decide, Outcome, Subject

app = typer.Typer(
    help="Plan, make, read and destroy what a target stands on: in a cloud with Terraform, on "
    "hosts over SSH.",
    rich_markup_mode=None,
)

_SIGNS = {"create": "+", "update": "~", "replace": "±", "destroy": "-"}


@app.command("plan")
def plan(
    context: typer.Context,
    target: Target = None,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 12 where there are changes.")
    ] = False,
) -> None:
    """Show what an apply would create, change, replace and destroy. --verbose shows all of it."""
    from llmops_cli.flows import infra as flow

    session = session_of(context)
    subject = _subject(session, target)
    with shown(session.output) as observe:
        proposal = flow.plan(subject, observe, in_full=session.output.verbose)
    _show_plan(proposal, subject.target, session.output, "apply")
    if detailed_exitcode and not proposal.is_empty:
        raise typer.Exit(PLAN_HAS_CHANGES)


@app.command("apply")
def apply(
    context: typer.Context, target: Target = None, dry_run: DryRun = False, yes: Yes = False
) -> None:
    """Make it as the project wants it; what a cloud names is written into llmops.toml.

    Shows the plan and asks; exactly that plan is then applied. A release that runs is left alone.
    """
    from llmops_cli.flows import infra as flow

    session = session_of(context)
    subject = _subject(session, target)
    if dry_run:
        plan(context, target)
        return
    decide = _decision(session.output, subject.target, "apply", yes)
    with shown(session.output) as observe:
        outcome = flow.apply(subject, decide, observe)
    _show_outcome(outcome, subject, session.output)


@app.command("output")
def output(
    context: typer.Context,
    target: Target = None,
    write: Annotated[bool, typer.Option("--write", help="Write them into llmops.toml.")] = False,
) -> None:
    """Show what was made: names, addresses and ids. None of it is secret."""
    from llmops_cli.flows import infra as flow

    session = session_of(context)
    outcome = flow.outputs(_subject(session, target), writing=write)
    document = {"outputs": dict(outcome.outputs), "written": [vars(s) for s in outcome.settings]}
    lines = [f"{name} = {value}" for name, value in sorted(outcome.outputs.items())]
    if not outcome.outputs:
        lines = ["Nothing was made that has a name of its own: llmops.toml says it all."]
    session.output.result(document, "\n".join([*lines, *_written(outcome)]))


@app.command("destroy")
def destroy(
    context: typer.Context, target: Target = None, dry_run: DryRun = False, yes: Yes = False
) -> None:
    """Destroy it: what serves, every release, and the data. Asks before."""
    from llmops_cli.flows import infra as flow

    session = session_of(context)
    subject = _subject(session, target)
    decide = _only_shows if dry_run else _decision(session.output, subject.target, "destroy", yes)
    with shown(session.output) as observe:
        outcome = flow.destroy(subject, decide, observe)
    if dry_run:
        _show_plan(outcome.proposal, subject.target, session.output, "destroy")
        return
    count = len(outcome.proposal.changes)
    text = f"{count} parts of {subject.target} are destroyed."
    if subject.infrastructure.has_state:
        text += " Its state stays where it is, with what it was before."
    advice = outcome.proposal.advice
    document = {"target": subject.target, "destroyed": count, "advice": list(advice)}
    session.output.result(document, "\n".join([text, *_advised(advice)]))


def _subject(session: Session, target: str | None) -> "Subject":
    from llmops_cli.catalog.infrastructure import make_infrastructure
    from llmops_cli.config.load import load, target_name
    from llmops_cli.flows.infra import subject_of

    config = load(session.directory)
    name = target_name(config, target)
    made = make_infrastructure(config, name, session.directory)
    return subject_of(config, session.directory, name, made)


def _decision(output: Output, target: str, verb: str, is_decided: bool) -> "Decide":
    """Return what asks the operator; refuse at once where there is nobody to ask."""
    if not is_decided and not sys.stdin.isatty():
        raise UsageError(
            f"To {verb} the infrastructure of {target} wants to be confirmed, and there is no "
            "terminal to ask.",
            state="Nothing was changed.",
            next_step=f"llmops infra {verb} --yes",
        )

    def decide(proposal: "Proposal") -> bool:
        output.note(_summary(proposal, target))
        if not is_decided:
            question = f"{verb.capitalize()} this to {target}?" if verb == "apply" else ""
            typer.confirm(question or f"Destroy all of this of {target}?", abort=True, err=True)
        return True

    return decide


def _only_shows(proposal: "Proposal") -> bool:
    return False


def _show_plan(proposal: "Proposal", target: str, output: Output, verb: str) -> None:
    changes = [
        {"address": change.address, "action": change.action, "because": list(change.because)}
        for change in proposal.changes
    ]
    document = {
        "target": target,
        "changes": changes,
        "changes_outputs": proposal.changes_outputs,
        "is_empty": proposal.is_empty,
        "advice": list(proposal.advice),
        "estimate": _priced(proposal.estimate),
    }
    text = "\n".join([_summary(proposal, target), *_advised(proposal.advice)])
    if proposal.text:
        text = f"{proposal.text}\n\n{text}"
    if not proposal.is_empty:
        text += f"\n  next: llmops infra {verb}"
    output.result(document, text)


def _summary(proposal: "Proposal", target: str) -> str:
    from llmops_cli.core.infrastructure import Action

    if proposal.is_empty:
        first = f"The infrastructure of {target} is as it should be; there is nothing to do."
        return "\n".join([first, *_costs(proposal.estimate)])
    lines = []
    for change in proposal.changes:
        why = f"  ({', '.join(change.because)})" if change.because else ""
        lines.append(f"  {_SIGNS[change.action]} {change.action:<8} {change.address}{why}")
    counts = ", ".join(f"{proposal.count(action)} to {action}" for action in Action)
    return "\n".join([*lines, f"{target}: {counts}.", *_costs(proposal.estimate)])


def _costs(estimate: "Estimate | None") -> list[str]:
    """Return the table of what a month costs; the figures stand in one column."""
    if estimate is None:
        return []
    lines = [
        f"  {cost.monthly:>9.2f}  {cost.what:<21} {cost.basis}"
        for cost in sorted(estimate.costs, key=lambda cost: -cost.monthly)
    ]
    budget = f" of {estimate.budget:g} budgeted" if estimate.budget is not None else ""
    total = f"  {estimate.monthly:>9.2f}  {estimate.currency} a month{budget}, at least"
    first = f"What it costs a month ({estimate.source}):"
    if not estimate.costs:
        lines, total = [], "  nothing can be said about it here"
    return [first, *lines, total, f"  not in it: {', '.join(estimate.left_out)}"]


def _priced(estimate: "Estimate | None") -> dict[str, object] | None:
    if estimate is None:
        return None
    return {
        "monthly": round(estimate.monthly, 2),
        "currency": estimate.currency,
        "budget": estimate.budget,
        "is_over_budget": estimate.is_over,
        "costs": [vars(cost) for cost in estimate.costs],
        "left_out": list(estimate.left_out),
        "source": estimate.source,
        "savings": list(estimate.savings),
    }


def _advised(advice: "Sequence[str]") -> list[str]:
    return [f"  look at: {text}" for text in advice]


def _show_outcome(outcome: "Outcome", subject: "Subject", output: Output) -> None:
    target, advice = subject.target, outcome.proposal.advice
    document = {
        "target": target,
        "changes": len(outcome.proposal.changes),
        "outputs": dict(outcome.outputs),
        "written": [vars(setting) for setting in outcome.settings],
        "advice": list(advice),
    }
    made = len(outcome.proposal.changes)
    first = (
        f"The infrastructure of {target} is made: {made} changes."
        if made
        else f"The infrastructure of {target} is as it should be."
    )
    lines = [first, *_written(outcome), *_advised(advice), *_next(subject)]
    output.result(document, "\n".join(lines))


def _next(subject: "Subject") -> list[str]:
    if not subject.infrastructure.has_state:
        return [f"  next: llmops deploy -t {subject.target}"]
    # A deploy wants what it deploys to be committed, and the project file is a part of that.
    first = "  next: commit llmops.toml and infra/, then:"
    return [first, "  next: llmops secrets set NAME, llmops deploy"]


def _written(outcome: "Outcome") -> list[str]:
    lines = []
    for setting in outcome.settings:
        was = f"  (was {setting.before})" if setting.before is not None else ""
        lines.append(f"  llmops.toml [{setting.table}] {setting.key} = {setting.after}{was}")
    return lines
