"""Shows how a rollout ended, and the plans and releases that commands share."""

from typing import TYPE_CHECKING

from llmops_cli.cli.output import Output
from llmops_cli.core.check import Verdict
from llmops_cli.core.plan import Plan
from llmops_cli.core.release import Release

if TYPE_CHECKING:
    from llmops_cli.flows.rollout import Outcome


def release_document(release: Release) -> dict[str, object]:
    """Return what ``--json`` says of a release."""
    return {
        "id": release.id,
        "commit": release.commit,
        "subject": release.subject,
        "committed_at": release.committed_at.isoformat(),
        "dirty": release.is_dirty,
        "secret_versions": dict(release.secret_versions),
    }


def show_outcome(outcome: "Outcome", output: Output) -> None:
    """Print that a release is live, with the evidence, and name the next command."""
    for warning in outcome.warnings:
        output.note(f"Warning: {warning}")
    output.result(outcome_document(outcome), outcome_text(outcome))


def outcome_document(outcome: "Outcome") -> dict[str, object]:
    """Return what ``--json`` says of how a rollout ended."""
    results = [
        {"name": r.name, "verdict": r.verdict.value, "evidence": r.evidence, "seconds": r.seconds}
        for r in outcome.results
    ]
    return {
        "release": release_document(outcome.release),
        "previous": outcome.previous.id if outcome.previous else None,
        "address": outcome.address,
        "changed": outcome.changed,
        "seconds": round(outcome.seconds, 3),
        "checks": results,
        "warnings": list(outcome.warnings),
    }


def show_plan(release: Release, plan: Plan, output: Output) -> None:
    """Print the steps that a command would take."""
    steps = [
        {"phase": step.phase.value, "title": step.title, "details": dict(step.details)}
        for step in plan
    ]
    document = {"release": release_document(release), "changes": bool(steps), "steps": steps}
    lines = [f"{number:>2}. {step.title}" for number, step in enumerate(plan, 1)]
    text = "\n".join(lines) or f"{release.id} is live already; there is nothing to do."
    output.result(document, text)


def outcome_text(outcome: "Outcome") -> str:
    """Return it in words, with the next command."""
    release = outcome.release
    if not outcome.changed:
        return f"{release.id} is live already at {outcome.address}; there is nothing to do."
    passed = sum(result.verdict is Verdict.PASSED for result in outcome.results)
    lines = [
        f"{release.id} is live at {outcome.address} ({release.subject})",
        f"  {passed} checks passed in {outcome.seconds:.1f} s",
    ]
    if outcome.previous and outcome.previous.id != release.id:
        lines.append(f"  to go back: llmops rollback {outcome.previous.id}")
    else:
        lines.append("  next: llmops status, llmops smoke-test, llmops logs -f")
    return "\n".join(lines)
