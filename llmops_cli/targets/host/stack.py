"""The models and gateways in containers behind the API, on each host its own."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from llmops_cli.core.plan import Phase, Plan, Tell, long_step, one_step
from llmops_cli.core.target import SecretStore
from llmops_cli.engine.docker import Engine, NoEngineError
from llmops_cli.errors import PreflightError
from llmops_cli.hosts.session import Session
from llmops_cli.hosts.several import Hosts
from llmops_cli.stacks import secret_volumes
from llmops_cli.stacks.beside import Beside
from llmops_cli.stacks.compose import Compose
from llmops_cli.stacks.logs import service_lines, together, unknown
from llmops_cli.stacks.profile import Profile
from llmops_cli.stacks.running import Running, services_on
from llmops_cli.stacks.stack import Stack
from llmops_cli.stacks.starting import Starting
from llmops_cli.targets.host.stack_engines import HostEngines
from llmops_cli.targets.host.stack_file import HostStackFile

_EngineOf = Callable[[str, Session], Engine]


@dataclass(frozen=True)
class HostStack:
    """What the profile of a target runs on its hosts; nothing where the target has no stack.

    A deploy starts what is missing and touches nothing that runs; `start` applies what has
    changed in the project. ``among`` are the hosts that are meant; all where it is left out.
    """

    hosts: Hosts
    stack: Stack
    store: SecretStore
    profile: Profile
    engine_of: _EngineOf = field(default_factory=lambda: HostEngines().of)

    @property
    def is_there(self) -> bool:
        """Whether anything runs beside the API, so that it is to start after the engine."""
        return bool(self.profile.names)

    def settings(self) -> Mapping[str, str]:
        """Return the variables that tell the API where the services are.

        Raises:
            ConfigError: a file of the profile is missing or wrong.
        """
        return self.profile.api_settings()

    def api_secrets(self) -> Sequence[str]:
        """Return the secrets that the API gets, in the order in which the project lists them."""
        return self.profile.api_secrets()

    def documents(self) -> Mapping[str, str]:
        """Return the files of the stack by path; no secret is in them."""
        return HostStackFile(self.stack, self.profile()).documents() if self.is_there else {}

    def stage(self, among: Sequence[str] | None = None) -> Plan:
        """Start what does not run, and wait for it until it is healthy."""
        if not self.is_there:
            return Plan()
        beside = self.profile()
        missing = {host: names for host, names in self._missing(beside, among).items() if names}
        if not missing:
            return Plan()
        names = [name for name in beside.names if any(name in m for m in missing.values())]
        return long_step(
            Phase.STAGE,
            f"Start the stack: {', '.join(names)}",
            lambda tell: self._start(beside, missing, tell),
            self._details(missing),
        )

    def start(self, among: Sequence[str] | None = None) -> Plan:
        """Start every service; those whose definition has changed are made anew, with their data.

        What is to be started is looked up when it is done.
        """
        if not self.is_there:
            return Plan()
        chosen = self.hosts.names if among is None else among

        def do(tell: Tell) -> None:
            beside = self.profile()
            wanted = dict.fromkeys(chosen, beside.names)
            self._start(beside, wanted, tell, renews=True)

        return long_step(Phase.OPERATE, "Start the stack", do)

    def stop(self, grace: float, among: Sequence[str] | None = None) -> Plan:
        """Stop every service; requests under way have ``grace`` seconds to finish."""
        if not self.is_there:
            return Plan()
        return one_step(
            Phase.OPERATE,
            "Stop the stack",
            lambda: self.each(lambda _host, engine: self._stop(engine, grace), among),
            {"at most": f"{grace:g} s"},
        )

    def running(self, among: Sequence[str] | None = None) -> Mapping[str, Sequence[Running]]:
        """Return the services that have a container, by host."""
        if not self.is_there:
            return {}
        found: Mapping[str, Sequence[Running]] = self.each(
            lambda _host, engine: services_on(engine, self.stack), among
        )
        return found

    def logs(
        self, service: str, among: Sequence[str], *, lines: int, follow: bool
    ) -> Iterator[str]:
        """Yield what a service writes; of several hosts each line begins with its host's name.

        Raises:
            UsageError: there is no such service.
        """
        if not self.is_there:
            raise unknown(service, ())
        found: Mapping[str, Iterator[str]] = self.each(
            lambda _host, engine: service_lines(
                engine, self.stack, service, lines=lines, follow=follow
            ),
            among,
        )
        return next(iter(found.values())) if len(found) == 1 else together(found)

    def _missing(self, beside: Beside, among: Sequence[str] | None) -> Mapping[str, Sequence[str]]:
        def missing(found: Sequence[Running]) -> list[str]:
            up = {service.service for service in found if service.is_up}
            return [name for name in beside.names if name not in up]

        return {host: missing(found) for host, found in self.running(among).items()}

    def _start(
        self,
        beside: Beside,
        wanted: Mapping[str, Sequence[str]],
        tell: Tell,
        *,
        renews: bool = False,
    ) -> None:
        def start(host: str, engine: Engine) -> None:
            secret_volumes.put(engine, self.stack, self.store, beside.secret_versions)
            compose, file = Compose(engine, self.stack), HostStackFile(self.stack, beside)
            telling = self._telling(host, tell)
            Starting(compose, file, beside, self.store, telling).start(wanted[host], renews=renews)
            secret_volumes.forget(engine, self.stack, beside.secret_versions)

        self.each(start, list(wanted))

    def _stop(self, engine: Engine, grace: float) -> None:
        states = ("running", "restarting", "paused")
        ids = [found.id for found in services_on(engine, self.stack) if found.state in states]
        if ids:
            engine.run("stop", "--time", str(ceil(grace)), *ids)

    def each(
        self, do: Callable[[str, Engine], Any], among: Sequence[str] | None
    ) -> Mapping[str, Any]:
        """Do the same with the engines of hosts at once; return answers by host.

        Raises:
            LlmopsError: at some it failed; all have ended by then.
        """

        def asked(host: str, session: Session) -> Any:
            try:
                return do(host, self.engine_of(host, session))
            except NoEngineError as error:
                raise _silent(host, error) from error

        return self.hosts.each(asked, among)

    def _telling(self, host: str, tell: Tell) -> Tell:
        return tell if len(self.hosts.names) == 1 else lambda line: tell(f"{host}: {line}")

    def _details(self, missing: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
        is_one = len(self.hosts.names) == 1
        return {} if is_one else {host: ", ".join(names) for host, names in missing.items()}


def _silent(host: str, error: NoEngineError) -> PreflightError:
    return PreflightError(
        f"The Docker engine of {host} does not answer, or the connection broke.",
        evidence=error.evidence,
        next_step=f"ssh {host} sudo systemctl status docker",
    )
