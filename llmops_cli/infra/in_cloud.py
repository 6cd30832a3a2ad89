"""The infrastructure of a target in a cloud: Terraform, with its state in that cloud too."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from llmops_cli.core.infrastructure import Proposal, Tell
from llmops_cli.errors import AccessError, PreflightError
from llmops_cli.infra.cloud import About, Cloud
from llmops_cli.infra.report import failure_of
from llmops_cli.infra.state_home import StateHome, aside
from llmops_cli.infra.terraform import Terraform, quiet

_BACKEND = "backend.hcl"
_LOCK_FILE = ".terraform.lock.hcl"
#: Seconds between two looks whether a cloud obeys a role that was just given: minutes, at times.
_PAUSES = (1.0, 2.0, 4.0, 8.0, *[15.0] * 20)
#: How addresses of the home of the state begin, in the plan of everything.
_NEW = "state/"
_PLAN = "main.tfplan"


@dataclass(frozen=True)
class CloudInfrastructure:
    """What makes the infrastructure of a target, described in ``folder``.

    ``environment`` says to Terraform where and as whom.
    """

    target: str
    folder: Path
    place: str
    cloud: Cloud
    environment: Mapping[str, str]

    @property
    def has_state(self) -> bool:
        """Terraform keeps a state, and its description is in the project."""
        return True

    def plan(
        self, folder: Path, tell: Tell, *, destroying: bool = False, in_full: bool = False
    ) -> Proposal:
        """Return what an apply would do, or what destroying would. Changes nothing."""
        tell("preparing Terraform, which the first time fetches its providers")
        if self._has_state:
            file = folder / _PLAN
            return self._connected.plan(file, tell, destroying=destroying, in_full=in_full)
        if destroying:
            raise self._never_applied()
        return self._plan_all(folder, tell, in_full=in_full)

    def apply(self, proposal: Proposal, tell: Tell) -> None:
        """Do exactly what was proposed; where there is no state yet, make its home first."""
        if not self._has_state:
            proposal = self._begin(proposal, tell)
        ended, stream = self._connected.apply(proposal.file, tell)
        if ended.status:
            raise failure_of(proposal, ended, stream, self._about)

    def outputs(self) -> Mapping[str, str]:
        """Return what it says of itself."""
        if not self._has_state:
            raise self._never_applied()
        return self._connected.outputs()

    @property
    def _terraform(self) -> Terraform:
        return Terraform(self.folder, self._about, self.environment)

    @property
    def _about(self) -> About:
        return About(self.target, self.place, self.cloud)

    @property
    def _has_state(self) -> bool:
        return (self.folder / _BACKEND).exists()

    @property
    def _home(self) -> StateHome:
        return StateHome(replace(self._terraform, folder=self.folder / "state"))

    @cached_property
    def _connected(self) -> Terraform:
        """Terraform, connected to the state; once for all that one command does."""
        terraform = self._terraform
        # What another run left there about another backend does not count: the file does.
        terraform.init("-reconfigure", backend=self.folder / _BACKEND)
        return terraform

    def _plan_all(self, scratch: Path, tell: Tell, *, in_full: bool) -> Proposal:
        """Plan everything from nothing, the home of the state included."""
        home = self._home.plan(scratch, tell, in_full=in_full)
        copy = aside(self._terraform, scratch / "all", scratch / "none.tfstate")
        data = {"TF_DATA_DIR": str(self.folder / ".terraform")}
        terraform = replace(copy, environment={**self.environment, **data})
        terraform.init("-reconfigure")
        if (terraform.folder / _LOCK_FILE).exists():
            (self.folder / _LOCK_FILE).write_bytes((terraform.folder / _LOCK_FILE).read_bytes())
        rest = terraform.plan(scratch / _PLAN, tell, in_full=in_full)
        first = tuple(replace(each, address=_NEW + each.address) for each in home.changes)
        text = f"{home.text}\n\n{rest.text}"
        return replace(rest, changes=first + rest.changes, text=text)

    def _begin(self, proposal: Proposal, tell: Tell) -> Proposal:
        """Make the home of the state, and return the same plan for the state that is there."""
        scratch = proposal.file.parent
        found = self._home.make(scratch, tell)
        own = scratch / "own.hcl"
        own.write_text(self._backend(found, f"{self.target}-state"), encoding="utf-8")
        self._patiently(own, tell)
        file = self.folder / _BACKEND
        file.write_text(self._backend(found, self.target), encoding="utf-8")
        fresh = self._connected.plan(scratch / _PLAN, quiet)
        wanted = [change for change in proposal.changes if not change.address.startswith(_NEW)]
        if list(fresh.changes) != wanted:
            raise PreflightError(
                "The plan is no longer the one that was shown.",
                state=f"The {self.cloud.home} for the state was made; nothing else was changed.",
                next_step="llmops infra plan",
            )
        return fresh

    def _patiently(self, backend: Path, tell: Tell) -> None:
        """Move in, as soon as the cloud obeys the role that lets us."""
        for pause in _PAUSES:
            try:
                return self._home.move_in(backend.parent, backend)
            except AccessError:
                tell(f"waiting until {self.cloud.name} obeys the role that lets us write the state")
                time.sleep(pause)
        return self._home.move_in(backend.parent, backend)

    def _never_applied(self) -> PreflightError:
        return PreflightError(
            f"The infrastructure of {self.target} has not been applied.",
            evidence=f"There is no {self.place}/{_BACKEND}.",
            state="Nothing was changed.",
            next_step="llmops infra apply, or get that file from whoever applied it.",
        )

    def _backend(self, found: Mapping[str, str], state: str) -> str:
        """Return the settings of Terraform's backend; no secret is among them."""
        key = {self.cloud.key: self.cloud.key_form.format(state)}
        settings: Mapping[str, object] = {**found, **key, **self.cloud.backend}
        lines = [f"{name} = {json.dumps(value)}\n" for name, value in settings.items()]
        first = "# Where the state is. Commit this file: CI and colleagues need it.\n"
        return first + "".join(lines)
