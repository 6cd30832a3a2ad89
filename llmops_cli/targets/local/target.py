"""The `local` target: releases run as processes of this machine, under a small supervisor."""

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from llmops_cli.checks.http import open_client
from llmops_cli.checks.probe import ask_ready
from llmops_cli.config.target import LocalTarget as LocalSettings
from llmops_cli.core.check import Verdict
from llmops_cli.core.plan import Phase, Plan, Step, one_step
from llmops_cli.core.release import Candidate, KeptRelease, Release, State
from llmops_cli.core.target import Event, Holder, Problem, SecretStore
from llmops_cli.errors import DeployError, LlmopsError
from llmops_cli.source import open_source
from llmops_cli.targets.local import inspection, logfile
from llmops_cli.targets.local.client import Client
from llmops_cli.targets.local.instance import address_of, new_name, url_of
from llmops_cli.targets.local.journal import Journal
from llmops_cli.targets.local.layout import Layout
from llmops_cli.targets.local.lock import held
from llmops_cli.targets.local.store import Store

_POLL_SECONDS = 0.01
_LOG_LINES_SHOWN = 20
#: Seconds: what `drain_seconds` may be at most, and what ending takes besides.
_LONGEST_DRAIN_SECONDS = 86400.0
_STOP_SECONDS = 30.0


@dataclass(frozen=True)
class LocalTarget:
    """Stages a release as a second process, and moves the public socket from one to the other."""

    name: str
    project: Path
    configured: LocalSettings
    secrets: SecretStore
    layout: Layout
    client: Client
    kind: str = field(default="local", init=False)

    @property
    def store(self) -> Store:
        """The release folders."""
        return Store(self.layout)

    def settings(self) -> Mapping[str, str]:
        """Return what the place adds to a release's settings: its public address and drain time."""
        return {
            "HOST": self.configured.host,
            "PORT": str(self.configured.port),
            "LLMOPS_DRAIN_SECONDS": f"{self.configured.drain_seconds:g}",
        }

    def inspect(self) -> State:
        """Ask the supervisor what serves; without one, look at the processes themselves."""
        return inspection.inspect(self.layout, self.client, self.settings())

    def preflight(self, release: Release) -> Sequence[Problem]:
        """Look for what would make a deploy fail, without changing anything."""
        return inspection.preflight(self.layout, self.client, release)

    def releases(self, limit: int) -> Sequence[KeptRelease]:
        """Return the newest releases that can be gone back to."""
        return self.store.newest(limit) if self.layout.releases.is_dir() else ()

    def find(self, prefix: str) -> Sequence[Release]:
        """Return the kept releases whose name or id begins with ``prefix``."""
        return self.store.find(prefix) if self.layout.releases.is_dir() else ()

    def name_release(self, release: str, names: Sequence[str]) -> None:
        """Give a release names; it is kept as long as it bears one."""
        self.store.name(release, names)

    def unname_release(self, name: str) -> bool:
        """Take a name away; False where no release bears it."""
        return self.store.unname(name)

    def history(self, limit: int) -> Sequence[Event]:
        """Return the latest events, the newest first."""
        return Journal(self.layout.history).last(limit)

    def record(self, event: Event) -> None:
        """Add an event to the history."""
        Journal(self.layout.history).append(event)

    def logs(self, *, lines: int, follow: bool) -> Iterator[str]:
        """Yield the last lines of the live release's log, then, if followed, what comes."""
        path, ends = self._live_log(), logfile.ends(self.layout.logs)
        yield from logfile.last_lines(path, lines, ends.get(path, 0)) if path else ()
        if follow:
            yield from logfile.follow(self._live_log, ends)

    def address_of(self, candidate: Candidate) -> str:
        """Return the private address of a staged candidate."""
        return str(self.client.must_ask("look", name=candidate.name)["url"])

    def public_address(self, release: Release) -> str:
        """Return the address at which a release answers once it is promoted."""
        return url_of(release.settings)

    @contextlib.contextmanager
    def lock(self, holder: Holder) -> Iterator[None]:
        """Hold the target's lock; the conversation with the supervisor ends with it."""
        self.layout.prepare()
        with held(self.layout.lock, holder):
            try:
                yield
            finally:
                self.client.close()

    def candidate(self, release: Release) -> Candidate:
        """Name the process that a release will run as."""
        return Candidate(release, new_name(release.id))

    def stage(self, candidate: Candidate) -> Plan:
        """Start the release beside the live one, without traffic, and wait until it is ready."""
        release = candidate.release
        steps = []
        if not self.store.folder(release.id).exists():
            steps.append(
                Step(
                    Phase.STAGE,
                    f"Write release {release.id}",
                    lambda: self._write(release),
                    {"commit": release.commit, "folder": str(self.store.folder(release.id))},
                )
            )
        if not self.client.is_reachable():
            steps.append(Step(Phase.STAGE, "Start the supervisor", self.client.start))
        steps += [
            Step(
                Phase.STAGE,
                f"Start {release.id} beside the live release",
                lambda: self._start(candidate),
                {"instance": candidate.name},
            ),
            Step(
                Phase.STAGE,
                f"Wait until {release.id} is ready",
                lambda: self._wait_until_ready(candidate),
                {"at most": f"{self.configured.ready_seconds:g} s"},
            ),
        ]
        return Plan(tuple(steps))

    def promote(self, candidate: Candidate, seen: State) -> Plan:
        """Move the traffic, if what was live when the deploy began is live still."""
        # The record itself and not the release in `seen`, whose folder may have been lost.
        recorded = self.store.live()
        expected = recorded.release if recorded else None
        return one_step(
            Phase.PROMOTE,
            f"Move the traffic from {expected or 'nothing'} to {candidate.release.id}",
            lambda: self.client.must_ask("promote", name=candidate.name, expected=expected),
            {"address": address_of(candidate.release)},
        )

    def settle(self, candidate: Candidate, names: Sequence[str]) -> Plan:
        """Make the promotion permanent, let the old release finish, and retire old folders."""
        release = candidate.release
        plan = one_step(
            Phase.SETTLE,
            f"Record {release.id} as live",
            lambda: self.client.must_ask("settle", name=candidate.name),
        )
        if names:
            plan += one_step(
                Phase.TIDY,
                f"Name {release.id} {', '.join(names)}",
                lambda: self.store.name(release.id, names),
            )
        keep = {"keep": str(self.configured.keep)}
        return plan + one_step(Phase.TIDY, "Retire old releases", self._retire, keep)

    def restore(self, candidate: Candidate, seen: State) -> Plan:
        """Give the traffic back to what was live when the deploy began."""
        return one_step(
            Phase.UNDO,
            f"Give the traffic back to {seen.live.id if seen.live else 'nothing'}",
            lambda: self._restore(candidate),
        )

    def discard(self, candidate: Candidate) -> Plan:
        """End the candidate, and remove its folder if it was never live."""
        return one_step(
            Phase.UNDO, f"Stop {candidate.release.id}", lambda: self._discard(candidate)
        )

    def start(self) -> Plan:
        """Start the supervisor, which brings the recorded release into service."""
        return one_step(Phase.OPERATE, "Start the supervisor", self._start_again)

    def stop(self, grace: float | None = None) -> Plan:
        """Accept no more, finish what is under way, and end all processes."""
        return one_step(
            Phase.OPERATE,
            "Stop serving",
            lambda: self._stop(grace),
            {"at most": f"{grace or self.configured.drain_seconds:g} s"},
        )

    def _live_log(self) -> Path | None:
        live = self.store.live()
        return self.layout.log(live.release) if live else None

    def _write(self, release: Release) -> None:
        source = open_source(self.project)
        self.store.write(release, lambda folder: source.export(release.tree, folder))

    def _start(self, candidate: Candidate) -> None:
        self.client.start()
        self.client.must_ask("start", release=candidate.release.id, name=candidate.name)

    def _wait_until_ready(self, candidate: Candidate) -> None:
        deadline = time.monotonic() + self.configured.ready_seconds
        with open_client(self.address_of(candidate), 5) as client:
            while True:
                finding = ask_ready(client)
                if finding.verdict is Verdict.PASSED:
                    return
                facts = self.client.must_ask("look", name=candidate.name)
                if not facts["running"]:
                    raise self._sick(candidate, f"It ended with status {facts['exit_code']}.")
                if time.monotonic() > deadline:
                    waited = f"after {self.configured.ready_seconds:g} s"
                    raise self._sick(candidate, f"Not ready {waited}: {finding.evidence}")
                time.sleep(_POLL_SECONDS)

    def _sick(self, candidate: Candidate, what: str) -> LlmopsError:
        log = self.layout.log(candidate.release.id)
        last = "\n".join(logfile.last_lines(log, _LOG_LINES_SHOWN))
        return DeployError(
            f"Release {candidate.release.id} does not come up.",
            evidence=f"{what} The end of {log}:\n{last or '(nothing was written)'}",
        )

    def _retire(self) -> None:
        instances = self.client.must_ask("state")["instances"]
        self.store.retire(self.configured.keep, [found["release"] for found in instances])

    def _restore(self, candidate: Candidate) -> None:
        # A supervisor that has died takes back whatever was not settled when it starts again.
        self.client.start()
        self.client.must_ask("restore", name=candidate.name)

    def _discard(self, candidate: Candidate) -> None:
        if any(inspection.orphans(self.layout)):
            self.client.start()
            self.client.must_ask("discard", name=candidate.name)
        self.store.remove_if_never_live(candidate.release.id)

    def _start_again(self) -> None:
        self.layout.prepare()
        self.store.set_stopped(stopped=False)
        self.client.start()

    def _stop(self, grace: float | None) -> None:
        self.store.set_stopped(stopped=True)
        # Without a supervisor a release may serve on by itself; a new one takes charge of it.
        self.client.start()
        # The release that is draining may be an older one, with a longer time of its own.
        within = (grace or _LONGEST_DRAIN_SECONDS) + _STOP_SECONDS
        self.client.must_ask("stop", within=within, grace=grace)
        self.client.close()
