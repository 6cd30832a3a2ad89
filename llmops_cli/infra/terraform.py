"""Terraform (or OpenTofu) in one folder: the one place that runs it."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llmops_cli.core.infrastructure import Proposal, Tell
from llmops_cli.errors import InterruptedByOperatorError, LlmopsError, PreflightError
from llmops_cli.infra.cloud import About
from llmops_cli.infra.planned import changes_of, changes_outputs
from llmops_cli.infra.running import Ended, run
from llmops_cli.infra.stream import Stream, told
from llmops_cli.infra.trouble import error_of

_PROGRAMS = ("terraform", "tofu")
#: No questions, no colours, no look for newer versions.
_ALWAYS = {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}


def quiet(line: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Terraform:
    """The program, the folder that it works in, and what it gets to know by its environment.

    ``about`` is what errors call the infrastructure and its folder.
    """

    folder: Path
    about: About
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def program(self) -> str:
        """The program, whichever of the two is installed.

        Raises:
            PreflightError: neither is.
        """
        for name in _PROGRAMS:
            if shutil.which(name):
                return name
        raise PreflightError(
            "Neither terraform nor tofu is installed.",
            evidence="Neither is on the PATH.",
            state="Nothing was changed.",
            next_step="Install one, at least version 1.11: "
            "https://developer.hashicorp.com/terraform/install or "
            "https://opentofu.org/docs/intro/install",
        )

    def init(self, *options: str, backend: Path | None = None) -> None:
        """Fetch the providers, and connect to the state that the file ``backend`` says.

        Raises:
            PreflightError, AccessError, LockedError: what it says; nothing was changed.
        """
        where = [f"-backend-config={backend}"] if backend else []
        self._demand(self._run(("init", "-input=false", "-no-color", *options, *where)), "start")

    def plan(
        self, file: Path, tell: Tell, *, destroying: bool = False, in_full: bool = False
    ) -> Proposal:
        """Write a plan into a file, and return what it proposes.

        Raises:
            PreflightError, AccessError, LockedError: what it says; nothing was changed.
        """
        stream = Stream(tell)
        options = ["-destroy"] if destroying else []
        ended = self._run(("plan", "-input=false", "-json", f"-out={file}", *options), stream)
        if ended.was_interrupted:
            raise _interrupted_reading()
        if ended.status:
            raise self._error("plan", told(stream.diagnostics, stream.other))
        document = _document(self._show(file, "-json"))
        text = self._show(file).text.strip() if in_full else ""
        estimate, advice = self.about.cloud.review(document)
        changes = changes_of(document)
        return Proposal(changes, changes_outputs(document), text, file, advice, estimate)

    def apply(self, file: Path, tell: Tell) -> tuple[Ended, Stream]:
        """Do what a plan says, and return how that went."""
        stream = Stream(tell)
        return self._run(("apply", "-input=false", "-json", str(file)), stream), stream

    def outputs(self) -> dict[str, str]:
        """Return the outputs that have a value and are not secret.

        Raises:
            PreflightError, AccessError: the state cannot be read.
        """
        ended = self._run(("output", "-json", "-no-color"))
        self._demand(ended, "read its outputs")
        return {
            name: str(output["value"])
            for name, output in _document(ended).items()
            if output["value"] is not None and not output["sensitive"]
        }

    def _show(self, file: Path, *options: str) -> Ended:
        ended = self._run(("show", "-no-color", *options, str(file)))
        self._demand(ended, "read its plan")
        return ended

    def _run(self, arguments: Sequence[str], stream: Stream | None = None) -> Ended:
        command = [self.program, *arguments]
        environment = {**_ALWAYS, **self.environment}
        return run(command, self.folder, environment, stream.take if stream else quiet)

    def _demand(self, ended: Ended, doing: str) -> None:
        if ended.was_interrupted:
            raise _interrupted_reading()
        if ended.status:
            raise self._error(doing, ended.text)

    def _error(self, doing: str, evidence: str) -> LlmopsError:
        return error_of(doing, evidence, self.about)


def _document(ended: Ended) -> Any:
    """Return the one line of JSON; warnings may stand before it."""
    start = ended.text.find("{")
    return json.loads(ended.text[start:]) if start >= 0 else {}


def _interrupted_reading() -> InterruptedByOperatorError:
    return InterruptedByOperatorError("Interrupted.", state="Nothing was changed.")
