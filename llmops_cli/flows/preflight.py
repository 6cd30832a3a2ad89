"""Everything that would make a deploy fail later, found before anything is touched."""

from llmops_cli.config.api_access import API_KEY, SIGNING_SECRET
from llmops_cli.config.image import LITELLM_KEY
from llmops_cli.core.release import Release
from llmops_cli.core.secret import is_placeholder
from llmops_cli.core.target import Problem, Target
from llmops_cli.errors import PreflightError


def preflight(target: Target, release: Release, required: tuple[str, ...]) -> None:
    """Check a release against its target.

    Raises:
        PreflightError: something is missing; the evidence is one line a problem, with its fix.
    """
    problems = [*_secret_problems(target, release, required), *target.preflight(release)]
    if not problems:
        return
    lines = [f"{problem.what} → {problem.fix}" for problem in problems]
    count = "One thing is" if len(problems) == 1 else f"{len(problems)} things are"
    raise PreflightError(
        f"{count} missing before {release.id} can be deployed to {target.name}.",
        evidence="\n".join(lines),
        state="Nothing was changed.",
        next_step=problems[0].fix,
    )


def _secret_problems(target: Target, release: Release, required: tuple[str, ...]) -> list[Problem]:
    problems = []
    for name in required:
        version = release.secret_versions.get(name)
        value = target.secrets.read(name, version) if version else None
        if value is None:
            pinned = f" in version {version}, which this release is pinned to" if version else ""
            problems.append(Problem(f"The secret {name} has no value{pinned}.", _set(name, target)))
        elif is_placeholder(value):
            problems.append(Problem(f"The secret {name} holds a placeholder.", _set(name, target)))
    return problems


def _set(name: str, target: Target) -> str:
    generated = " --generate" if name in (API_KEY, SIGNING_SECRET, LITELLM_KEY) else ""
    return f"llmops secrets set {name} -t {target.name}{generated}"
