"""Plans, makes, reads and destroys what a target stands on."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from llmops_cli.config.model import Config
from llmops_cli.core.infrastructure import Infrastructure, Proposal, Tell
from llmops_cli.core.plan import Observer, Phase, Plan, Step, StepSaid, ignore
from llmops_cli.core.plan import apply as run
from llmops_cli.errors import PreflightError
from llmops_cli.flows import infra_files, infra_settings
from llmops_cli.flows.infra_settings import Setting

#: Shows a proposal to the operator; returns whether it is to be done.
Decide = Callable[[Proposal], bool]


@dataclass(frozen=True)
class Subject:
    """The infrastructure of one target of a project."""

    config: Config
    directory: Path
    infrastructure: Infrastructure

    @property
    def target(self) -> str:
        """The target."""
        return self.infrastructure.target


@dataclass(frozen=True)
class Outcome:
    """What was done: the proposal, whether it was done, what it says, what was written."""

    proposal: Proposal
    is_done: bool
    outputs: Mapping[str, str]
    settings: tuple[Setting, ...] = ()


def subject_of(
    config: Config, directory: Path, target: str, infrastructure: Infrastructure | None
) -> Subject:
    """Return what the commands are about.

    Raises:
        PreflightError: the target's kind stands on nothing that llmops makes.
    """
    if infrastructure is None:
        raise PreflightError(
            f"Targets of kind {config.targets[target].kind!r} stand on nothing that llmops makes.",
            evidence=f"{target} runs on a machine that is there already.",
            state="Nothing was changed.",
            next_step="llmops deploy",
        )
    return Subject(config, directory, infrastructure)


def plan(subject: Subject, observe: Observer = ignore, *, in_full: bool = False) -> Proposal:
    """Return what an apply would do. Changes nothing but files in the project that describe it.

    With ``in_full`` it has the whole plan as a text.

    Raises:
        PreflightError, AccessError, LockedError: why it could not be found out.
    """
    write_files(subject)
    with _scratch() as folder:
        return _plan(subject, Path(folder), observe, in_full=in_full)


def apply(subject: Subject, decide: Decide, observe: Observer = ignore) -> Outcome:
    """Make the infrastructure as the project wants it, and write what was made into its file.

    Raises:
        DeployError, StateUnknownError: it was not done wholly; the error says what is left.
        InterruptedByOperatorError: the operator interrupted; the same is said.
    """
    if subject.infrastructure.has_state:
        infra_settings.require_tomlkit()
    write_files(subject)
    with _scratch() as folder:
        proposal = _plan(subject, Path(folder), observe)
        if not proposal.is_empty:
            if not decide(proposal):
                return Outcome(proposal, is_done=False, outputs={})
            _apply(subject, proposal, "Make", observe)
    outputs = subject.infrastructure.outputs()
    settings = infra_settings.write(subject.directory, subject.target, outputs)
    return Outcome(proposal, is_done=True, outputs=outputs, settings=settings)


def destroy(subject: Subject, decide: Decide, observe: Observer = ignore) -> Outcome:
    """Destroy the infrastructure; where it has a state, the account of that stays.

    Raises:
        StateUnknownError: it was not done wholly; the error says what is left.
        InterruptedByOperatorError: the operator interrupted; the same is said.
    """
    write_files(subject)
    with _scratch() as folder:
        proposal = _plan(subject, Path(folder), observe, destroying=True)
        if proposal.changes:
            if not decide(proposal):
                return Outcome(proposal, is_done=False, outputs={})
            _apply(subject, proposal, "Destroy", observe)
    return Outcome(proposal, is_done=True, outputs={})


def outputs(subject: Subject, *, writing: bool) -> Outcome:
    """Return what the infrastructure says of itself; write it into the project file if asked.

    Raises:
        PreflightError: nothing has been applied yet.
    """
    found = subject.infrastructure.outputs()
    settings: tuple[Setting, ...] = ()
    if writing:
        settings = infra_settings.write(subject.directory, subject.target, found)
    return Outcome(_NOTHING, is_done=writing, outputs=found, settings=settings)


def write_files(subject: Subject) -> tuple[str, ...]:
    """Write what the project lacks of its description, and the variables anew; return the paths.

    Files that are there belong to the operator, who may have changed them.
    """
    if not subject.infrastructure.has_state:
        return ()
    described = (subject.directory / subject.infrastructure.place / "versions.tf").exists()
    render = infra_files.variable_files if described else infra_files.files_for
    written = []
    for path, text in render(subject.config, subject.target).items():
        file = subject.directory / path
        is_variables = file.name == infra_files.VARIABLES
        if _is_same(file, text) or (file.exists() and not is_variables):
            continue
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise PreflightError(
                f"{path} cannot be written.",
                evidence=str(error.strerror),
                state="Nothing was changed.",
                next_step=f"Make {file.parent} a folder that you may write into.",
            ) from error
        written.append(path)
    return tuple(written)


_NOTHING = Proposal((), False, "", Path())


def _plan(
    subject: Subject,
    folder: Path,
    observe: Observer,
    *,
    destroying: bool = False,
    in_full: bool = False,
) -> Proposal:
    found: list[Proposal] = []

    def do(tell: Tell) -> None:
        made = subject.infrastructure.plan(folder, tell, destroying=destroying, in_full=in_full)
        found.append(made)

    _step(f"Plan the infrastructure of {subject.target}", do, observe)
    return found[0]


def _apply(subject: Subject, proposal: Proposal, verb: str, observe: Observer) -> None:
    title = f"{verb} the infrastructure of {subject.target}"
    _step(title, lambda tell: subject.infrastructure.apply(proposal, tell), observe)


def _step(title: str, do: Callable[[Tell], None], observe: Observer) -> None:
    def act() -> None:
        do(lambda line: observe(StepSaid(step, line)))

    step = Step(Phase.OPERATE, title, act)
    run(Plan((step,)), observe)


def _scratch() -> "tempfile.TemporaryDirectory[str]":
    """Return a folder that only we may read: plans may hold what is secret."""
    return tempfile.TemporaryDirectory(prefix="llmops-infra-", ignore_cleanup_errors=True)


def _is_same(file: Path, text: str) -> bool:
    try:
        return file.read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        return False
