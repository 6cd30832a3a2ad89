"""The bootstrap of hosts: user, folders, units, nginx, certificate; said first, then made."""

import secrets as chance
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from llmops_cli.config.api_access import API_KEY, SIGNING_SECRET
from llmops_cli.config.environment import required_secrets
from llmops_cli.config.host_target import HostTarget
from llmops_cli.config.model import Config
from llmops_cli.core.infrastructure import Proposal, Tell
from llmops_cli.core.secret import Secret
from llmops_cli.core.target import SecretStore
from llmops_cli.errors import InterruptedByOperatorError, LlmopsError
from llmops_cli.hosts.facts import HostFacts
from llmops_cli.hosts.session import Session
from llmops_cli.hosts.several import Hosts
from llmops_cli.hosts.wanted import wanted_of
from llmops_cli.infra.host_report import (
    Done,
    changed_meanwhile,
    destroyed_partly,
    in_the_way,
    made_partly,
)
from llmops_cli.infra.host_secrets import copies, copy_to, held_by
from llmops_cli.infra.host_work import Work

#: Secrets that nobody but llmops and the API has to know: their values are random.
_GENERATED = (API_KEY, SIGNING_SECRET)
_RANDOM_BYTES = 32
_PLAN = "plan.json"


@dataclass(frozen=True)
class HostInfrastructure:
    """Implements `core.infrastructure.Infrastructure` for hosts.

    ``holder`` describes who runs a command, for whoever finds a host's lock taken.
    """

    target: str
    config: Config
    settings: HostTarget
    hosts: Hosts
    secrets: SecretStore
    holder: Callable[[str], str]

    @property
    def place(self) -> str:
        """Nothing of it is described in the project but `[targets.NAME]`."""
        return "llmops.toml"

    @property
    def has_state(self) -> bool:
        """The hosts themselves know what was made of them."""
        return False

    def plan(
        self, folder: Path, tell: Tell, *, destroying: bool = False, in_full: bool = False
    ) -> Proposal:
        """Return what an apply would change on the hosts, or what destroying would. Only reads.

        Raises:
            PreflightError: something stands in the way on a host; the evidence is what.
        """
        tell(f"looking at {', '.join(self.hosts.names)}")
        work = self._work_of_destroying() if destroying else self._work_of_making()
        (folder / _PLAN).write_text(work.as_json(), encoding="utf-8")
        text = "\n\n".join(work.texts()) if in_full else ""
        return Proposal(
            changes=work.changes(),
            changes_outputs=False,
            text=text,
            file=folder / _PLAN,
            advice=work.advice(),
        )

    def apply(self, proposal: Proposal, tell: Tell) -> None:
        """Do exactly what was proposed, on all hosts at once.

        Raises:
            PreflightError: a host is no longer as it was when it was proposed; nothing is done.
            LockedError: somebody else is changing a host.
            DeployError: it was done on some hosts only, or on none wholly.
            InterruptedByOperatorError: what was made until then is on record at the hosts.
        """
        work = Work.read(proposal.file.read_text(encoding="utf-8"))
        try:
            if work.is_destroying:
                self._unmake(work, tell)
            else:
                self._make(work, tell)
        except KeyboardInterrupt as error:
            raise InterruptedByOperatorError(
                f"The infrastructure of {self.target} was interrupted.",
                state="What was done until then is on record at the hosts; what serves, serves on.",
                next_step="llmops infra plan",
            ) from error

    def outputs(self) -> Mapping[str, str]:
        """Return nothing: the project's settings are what the hosts follow."""
        return {}

    def _work_of_making(self) -> Work:
        def look(_: str, session: Session) -> tuple[dict[str, Any], dict[str, Any]]:
            facts = session.ask("facts", python=self.settings.python)
            known = HostFacts.read("", facts)
            wanted = asdict(wanted_of(self.config, self.settings, self.hosts.layout, known))
            return wanted, session.ask("survey", wanted=wanted)

        seen = self.hosts.each(look)
        surveys = {host: survey for host, (_, survey) in seen.items()}
        blocked = {host: survey["obstacles"] for host, survey in surveys.items()}
        if any(blocked.values()):
            raise in_the_way(blocked)
        held = held_by(self.hosts)
        generated = [
            name
            for name in required_secrets(self.config)
            if name in _GENERATED and not any(name in names for names in held.values())
        ]
        wanted = {host: wanted for host, (wanted, _) in seen.items()}
        return Work(wanted, surveys, tuple(generated), tuple(copies(held)))

    def _work_of_destroying(self) -> Work:
        surveys = self.hosts.each(lambda _, session: session.ask("survey", destroying=True))
        return Work({}, surveys, is_destroying=True)

    def _make(self, work: Work, tell: Tell) -> None:
        self._check_unchanged(work)
        holder = self.holder("llmops infra apply")

        def make(host: str, session: Session) -> None:
            if not work.expected(host):
                return
            session.ask(
                "make",
                wanted=work.wanted[host],
                expected=work.expected(host),
                holder=holder,
                tell=lambda line: tell(f"{host}: {line}"),
            )
            tell(f"{host}: made")

        done = self._each(make)
        if done.failed:
            raise made_partly(self.target, done)
        for copy in work.copies:
            tell(f"{copy.to_host}: copying {copy.name} from {copy.from_host}")
            copy_to(self.hosts, copy)
        for name in work.generated:
            tell(f"generating {name}")
            self.secrets.write(name, Secret(chance.token_urlsafe(_RANDOM_BYTES)))

    def _unmake(self, work: Work, tell: Tell) -> None:
        holder = self.holder("llmops infra destroy")

        def unmake(host: str, session: Session) -> None:
            if work.expected(host):
                session.ask(
                    "unmake",
                    expected=work.expected(host),
                    holder=holder,
                    tell=lambda line: tell(f"{host}: {line}"),
                )
                tell(f"{host}: nothing of it is left")

        done = self._each(unmake)
        if done.failed:
            raise destroyed_partly(self.target, done)

    def _check_unchanged(self, work: Work) -> None:
        """Look at all hosts before anything is changed on one; a single one looks by itself."""
        if len(self.hosts.names) == 1:
            return

        def look(host: str, session: Session) -> bool:
            survey = session.ask("survey", wanted=work.wanted[host])
            return bool(survey["changes"] == work.expected(host) and not survey["obstacles"])

        same = self.hosts.each(look)
        if not all(same.values()):
            raise changed_meanwhile([host for host, is_same in same.items() if not is_same])

    def _each(self, do: Callable[[str, Session], None]) -> Done:
        """Do the same at all hosts at once; one that fails keeps no other from ending."""
        failed: dict[str, LlmopsError] = {}

        def attempt(host: str, session: Session) -> None:
            try:
                do(host, session)
            except LlmopsError as error:
                failed[host] = error

        self.hosts.each(attempt)
        return Done([host for host in self.hosts.names if host not in failed], failed)
