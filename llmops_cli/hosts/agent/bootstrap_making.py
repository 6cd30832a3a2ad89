"""The bootstrap of a host: looked at and said first, then made; only what it made is touched."""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

from llmops_cli.hosts.agent import (
    bootstrap_advice,
    bootstrap_certificate,
    bootstrap_nginx,
    bootstrap_packages,
    durable,
)
from llmops_cli.hosts.agent.bootstrap_journal import journal_file
from llmops_cli.hosts.agent.bootstrap_made import Made, digest_of
from llmops_cli.hosts.agent.bootstrap_parts import (
    File,
    Folder,
    Tell,
    data_folder,
    make_user,
    obstacles,
    user_change,
)
from llmops_cli.hosts.agent.bootstrap_programs import ask
from llmops_cli.hosts.agent.bootstrap_wanted import PATH, Change, Wanted
from llmops_cli.hosts.agent.places import Places
from llmops_cli.hosts.agent.systemd import Units
from llmops_cli.hosts.agent.trouble import RefusedError


@dataclass(frozen=True)
class Survey:
    """What a host lacks, what to look at by hand, and what stands in the way of making it."""

    changes: Sequence[Change]
    advice: Sequence[str] = ()
    obstacles: Sequence[str] = ()


@dataclass(frozen=True)
class Bootstrap:
    """The bootstrap of one service on this host; ``archive`` is the agent to keep there."""

    places: Places
    units: Units
    wanted: Wanted
    archive: bytes

    @property
    def certificate(self) -> Path:
        """The certificate with its chain, wherever it is from."""
        wanted = self.wanted.certificate
        is_own = wanted.origin == PATH
        return Path(wanted.path) if is_own else bootstrap_certificate.files(self.places)[0]

    def survey(self) -> Survey:
        """Return what would be made. Changes nothing."""
        made = Made.read(self.places)
        files = [self._site, self._boot, *self._journal]
        blocked = [
            *obstacles(self.places, made, files),
            *bootstrap_packages.obstacles(self.wanted, self._missing),
            *bootstrap_certificate.obstacles(self.places, self.wanted.certificate),
            *bootstrap_advice.obstacles(self.wanted.port),
            *self._broken_nginx(made),
        ]
        told = [
            *bootstrap_certificate.advice(self.places, self.wanted.certificate),
            *bootstrap_advice.advice(
                self.places, self.wanted.port, has_stack=self.wanted.has_stack
            ),
        ]
        return Survey(self._changes(made), told, blocked)

    def begin(self) -> None:
        """Make the folder that holds the lock and the record."""
        made = Made.read(self.places)
        self._make_folders([self._root], made)

    def make(self, tell: Tell) -> None:
        """Make what is wanted; what is well already is left alone.

        Raises:
            RefusedError: something could not be made; what was made until then is on record.
        """
        made = Made.read(self.places)
        if self._missing:
            bootstrap_packages.install(self._missing, tell)
            made.packages += self._missing
            made.write(self.places)
        # Anew: what was found of the host before its packages counts no longer.
        replace(self)._make_the_rest(made, tell)

    def _make_the_rest(self, made: Made, tell: Tell) -> None:
        if user_change(self.places):
            make_user(self.places, made)
        self._make_folders(self._folders, made)
        durable.write_bytes(self.places.agent, self.archive)
        self._serve(made, tell)
        self._start_at_boot(made)
        self._bound_the_journal(made)
        self._own(made)

    def _changes(self, made: Made) -> list[Change]:
        packages = [Change(f"package {name}", "create") for name in self._missing]
        folders = [change for folder in self._all_folders if (change := folder.look())]
        user = user_change(self.places)
        return [
            *packages,
            *([user] if user else []),
            *folders,
            *self._agent_change(),
            *self._certificate_change(),
            *self._site_change(made),
            *self._unit_change(made),
            *(change for file in self._journal if (change := file.look(made))),
        ]

    @cached_property
    def _missing(self) -> list[str]:
        return bootstrap_packages.missing(self.wanted)

    @property
    def _root(self) -> Folder:
        return Folder(self.places.root, 0o755)

    @property
    def _folders(self) -> list[Folder]:
        root = self.places.root
        return [
            Folder(self.places.releases, 0o755),
            Folder(self.places.environments, 0o755),
            Folder(self.places.objects, 0o755),
            Folder(self.places.secrets, 0o700),
            Folder(root / "tls", 0o700),
            Folder(root / "acme", 0o755),
            Folder(data_folder(self.places), 0o700, self.places.app),
        ]

    @property
    def _all_folders(self) -> list[Folder]:
        return [self._root, *self._folders]

    @cached_property
    def _nginx(self) -> tuple[int, ...]:
        return bootstrap_nginx.version()

    @property
    def _site(self) -> File:
        # Where nginx is still missing, the text is chosen once its version is known.
        return File(self.places.site, self.wanted.site(self._nginx))

    @property
    def _boot(self) -> File:
        return File(self.places.unit_files / self.places.boot_unit, self.wanted.boot_unit)

    @property
    def _journal(self) -> list[File]:
        file = journal_file(self.places)
        return [file] if file else []

    def _agent_change(self) -> list[Change]:
        path = self.places.agent
        if path.exists() and path.read_bytes() == self.archive:
            return []
        return [Change(str(path), "update" if path.exists() else "create")]

    def _certificate_change(self) -> list[Change]:
        reasons = bootstrap_certificate.reasons(self.places, self.wanted.certificate)
        if not reasons:
            return []
        path, _ = bootstrap_certificate.files(self.places)
        action = "update" if path.exists() else "create"
        return [Change(str(path), action, tuple(reasons))]

    def _site_change(self, made: Made) -> list[Change]:
        change = self._site.look(made)
        if change is None and "nginx" not in self._missing and not bootstrap_nginx.is_enabled():
            change = Change("nginx.service", "update", ("not running or not enabled",))
        return [change] if change else []

    def _unit_change(self, made: Made) -> list[Change]:
        change = self._boot.look(made)
        # One that an operator stopped stays so over a boot.
        is_stopped = os.path.lexists(self.places.current)
        if change is None and not is_stopped and not self._is_started_at_boot():
            change = Change(self.places.boot_unit, "update", ("not enabled",))
        return [change] if change else []

    def _is_started_at_boot(self) -> bool:
        return ask(["systemctl", "is-enabled", "--quiet", self.places.boot_unit])[0] == 0

    def _broken_nginx(self, made: Made) -> list[str]:
        if not self._nginx:
            return []
        wrong = bootstrap_nginx.mistake()
        is_ours = str(self.places.site) in made.files
        ours = (f"{self.places.site}:", f"{self.places.root}/")
        if not wrong or (is_ours and any(path in wrong for path in ours)):
            return []
        return [f"nginx's configuration is broken already, and not by llmops: {wrong}"]

    def _make_folders(self, folders: Sequence[Folder], made: Made) -> None:
        for folder in folders:
            folder.make(made)
        made.write(self.places)

    def _serve(self, made: Made, tell: Tell) -> None:
        """Give nginx its certificate and its site, and see that it follows."""
        wanted = self.wanted.certificate
        is_new = bool(bootstrap_certificate.reasons(self.places, wanted))
        if is_new:
            tell("making the certificate")
            bootstrap_certificate.prepare(self.places, wanted)
        site = self._site
        if not bootstrap_nginx.is_enabled():
            bootstrap_nginx.enable()
        if site.look(made):
            tell(f"putting {site.path} in place")
            bootstrap_nginx.put_site(site.path, site.text)
            made.files[str(site.path)] = digest_of(site.path) or ""
            made.write(self.places)
        elif is_new or not bootstrap_nginx.is_enabled():
            bootstrap_nginx.reload()
        self._see_that_it_serves()
        if bootstrap_certificate.uses_stand_in(self.places, wanted):
            bootstrap_certificate.obtain(self.places, wanted, made, tell)
            bootstrap_nginx.reload()
            self._see_that_it_serves()

    def _see_that_it_serves(self) -> None:
        name = self.wanted.certificate.names[0].partition(":")[2]
        pem = self.certificate.read_text()
        bootstrap_nginx.wait_until_presented(self.wanted.port, name, pem)

    def _start_at_boot(self, made: Made) -> None:
        boot = self._boot
        if boot.look(made):
            boot.make(made)
            made.write(self.places)
            self.units.reload()
        if not self._is_started_at_boot():
            self.units.enable(self.places.boot_unit)
        # It waits for the lock that we hold, so nobody may wait for it.
        self.units.begin(self.places.boot_unit)

    def _own(self, made: Made) -> None:
        """Put on record what an apply that was killed had written and not put there."""
        for file in (self._site, self._boot, *self._journal):
            if file.look(made) is None:
                made.files[str(file.path)] = digest_of(file.path) or ""
        made.write(self.places)

    def _bound_the_journal(self, made: Made) -> None:
        for file in self._journal:
            if file.look(made):
                file.make(made)
                made.write(self.places)
                ask(["systemctl", "restart", "systemd-journald.service"])


def checked(survey: Survey, expected: Sequence[object]) -> None:
    """Make sure that what would be made is what was proposed.

    Raises:
        RefusedError: ``changed``: the host is not as it was; or something is in the way.
    """
    if survey.obstacles:
        evidence = "\n".join(survey.obstacles)
        raise RefusedError("Something is in the way.", why="failed", evidence=evidence)
    found = [{**asdict(change), "because": list(change.because)} for change in survey.changes]
    if found != list(expected):
        raise RefusedError("The host is no longer as it was when it was planned.", why="changed")
