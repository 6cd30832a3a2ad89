"""Where the state of a target in a cloud is kept: an account or a bucket, made before all else."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from llmops_cli.core.infrastructure import Proposal, Tell
from llmops_cli.infra.report import failure_of
from llmops_cli.infra.terraform import Terraform

#: Says to Terraform that the state is a file, in spite of what the files of the project say.
_LOCAL = 'terraform {{\n  backend "local" {{\n    path = "{path}"\n  }}\n}}\n'
_OVERRIDE = "llmops_override.tf"


@dataclass(frozen=True)
class StateHome:
    """The home of one target's states; ``terraform`` works in the folder that describes it.

    Until it exists, its own state is a file beside that description; then it moves in.
    """

    terraform: Terraform

    def plan(self, scratch: Path, tell: Tell, *, in_full: bool = False) -> Proposal:
        """Return what making it would do. Changes nothing."""
        terraform = self._aside(scratch)
        terraform.init()
        return terraform.plan(scratch / "state.tfplan", tell, in_full=in_full)

    def make(self, scratch: Path, tell: Tell) -> Mapping[str, str]:
        """Make it, move its own state into it, and return where states are kept.

        Raises:
            DeployError: it could not be made; the next apply goes on.
        """
        proposal = self.plan(scratch, tell)
        terraform = self._aside(scratch)
        ended, stream = terraform.apply(proposal.file, tell)
        if ended.status:
            raise failure_of(proposal, ended, stream, terraform.about)
        return terraform.outputs()

    def move_in(self, scratch: Path, backend: Path) -> None:
        """Move its own state, a file until now, to where ``backend`` says."""
        terraform = self._aside(scratch)
        if not self._file.exists():
            return
        (terraform.folder / _OVERRIDE).unlink()
        terraform.init("-migrate-state", "-force-copy", backend=backend)
        for left in self._file.parent.glob(self._file.name + "*"):
            left.unlink()

    @property
    def _file(self) -> Path:
        return self.terraform.folder / "terraform.tfstate"

    def _aside(self, scratch: Path) -> Terraform:
        """Return Terraform in a copy of the folder, where the state is a file."""
        return aside(self.terraform, scratch / "state", self._file)


def aside(terraform: Terraform, copy: Path, state: Path) -> Terraform:
    """Return Terraform in a copy of its folder in which the state is the file ``state``.

    Nothing is written into the project: a run that is killed leaves nothing behind there that
    another run would take for its own.
    """
    copy.mkdir(exist_ok=True)
    for file in terraform.folder.iterdir():
        if file.suffix in (".tf", ".json", ".hcl") and file.is_file():
            shutil.copy2(file, copy)
    path = str(state).replace("\\", "\\\\").replace('"', '\\"').replace("${", "$${")
    (copy / _OVERRIDE).write_text(_LOCAL.format(path=path), encoding="utf-8")
    return replace(terraform, folder=copy)
