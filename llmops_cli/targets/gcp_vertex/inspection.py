"""What an endpoint is doing, in our words. Changes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from llmops_cli.checks.http import open_client
from llmops_cli.checks.probe import read_release
from llmops_cli.core.carrier import Carrier
from llmops_cli.core.release import KeptRelease, Release, State
from llmops_cli.targets.gcp_vertex.candidates import recorded, releases_by_deployed
from llmops_cli.targets.gcp_vertex.endpoint import Deployed, Endpoint
from llmops_cli.targets.gcp_vertex.place import Place, Seen
from llmops_cli.targets.gcp_vertex.retiring import left_at, too_old
from llmops_cli.targets.gcp_vertex.session import DEPLOY, RELEASE
from llmops_cli.targets.gcp_vertex.variables import release_of
from llmops_cli.targets.shelved.book import Ledger

_ANSWER_SECONDS = 10.0

#: What is wrong, and the command that mends it.
Trouble = tuple[str, str]


@dataclass(frozen=True)
class Look:
    """What was seen, what is on record, and who answers, all at about one moment."""

    place: Place
    seen: Seen
    ledger: Ledger
    answers: str | None

    @property
    def endpoint(self) -> Endpoint | None:
        """The endpoint, where there is one."""
        return self.seen.endpoint

    def state(self) -> State:
        """Say what serves, what should, and what is wrong where they differ."""
        trouble, remedy = self._trouble()
        return State(
            self.place.public_address(self.endpoint),
            self._live(),
            self._recorded(),
            self.ledger.previous or None,
            trouble,
            remedy,
            dict(self._facts()),
        )

    def _live(self) -> Release | None:
        """Return the release that answers; what was never put on record is not live."""
        if not self.ledger.live:
            return None
        releases = map(release_of, self.seen.versions)
        return next((one for one in releases if one and one.id == self.answers), None)

    def _recorded(self) -> Release | None:
        version = recorded(self.seen, self.ledger, self.ledger.live)
        return release_of(version) if version else None

    def _mine(self) -> Deployed | None:
        """Return as what the release on record is deployed."""
        entry = self.ledger.entry(self.ledger.live)
        if entry is None or self.endpoint is None:
            return None
        return self.endpoint.of_version(entry.at)

    def _trouble(self) -> Trouble:
        name = self.ledger.live
        if not name:
            return ("", "")
        if self.endpoint is None:
            return (f"The endpoint {self.place.endpoint_id} is gone.", "llmops deploy")
        if self._recorded() is None:
            return (f"The version of {name} is gone from the model.", "llmops deploy")
        if not self.endpoint.deployed:
            return ("It was stopped: nothing is deployed to the endpoint.", "llmops start")
        mine = self._mine()
        if mine is None:
            return (f"{name} was undeployed.", f"llmops rollback {name}")
        return self._trouble_of(mine, name) or ("", "")

    def _trouble_of(self, mine: Deployed, name: str) -> Trouble | None:
        assert self.endpoint is not None
        if self.endpoint.traffic != {mine.id: 100}:
            found = ", ".join(
                f"{self._shown(id)} {share} %" for id, share in self.endpoint.traffic.items()
            )
            told = f"The traffic is not where it was put: {found or 'nobody has any'}"
            return (f"{told}, not {name} 100 %.", f"llmops rollback {name}")
        if mine.replicas == 0 or mine.message:
            return (f"{name} is not well: {mine.message or 'no replica runs'}", "llmops logs")
        if self.answers is None:
            return (f"{self.place.public_address(self.endpoint)} does not answer.", "llmops logs")
        return None

    def _facts(self) -> Iterator[tuple[str, str]]:
        if self.endpoint is None:
            return
        yield "endpoint", self.place.endpoint
        for one in self.endpoint.deployed:
            share = self.endpoint.traffic.get(one.id, 0)
            yield (
                f"deployed {self._shown(one.id)}",
                f"version {one.version}, {share} % of the traffic, {_replicas(one)}",
            )
        yield from self._facts_of_cost(self.endpoint)
        pending = self.ledger.pending
        if pending:
            what = "is being deployed" if pending.get(DEPLOY) else "is being put into service"
            yield (
                "under way",
                f"{pending.get(RELEASE, 'a release')} {what}, by a run that lasts or was killed",
            )
        yield "asked as", self.place.account.origin

    def _facts_of_cost(self, endpoint: Endpoint) -> Iterator[tuple[str, str]]:
        if len(endpoint.deployed) > 1:
            yield (
                "paid for",
                f"{len(endpoint.deployed)} deployed models, each with at least its fewest replicas",
            )
        seconds = self.place.configured.warm_seconds
        old = list(too_old(self.seen, self.ledger, seconds, datetime.now(UTC)))
        if old:
            names = ", ".join(self._shown(one.id) for one in old)
            yield "not warm any more", f"{names}: the next deploy or rollback undeploys it"
        elif self.ledger.previous and left_at(self.ledger, self.ledger.previous):
            yield "warm", f"{self.ledger.previous}, for {seconds:g} s since it was replaced"

    def _shown(self, id: str) -> str:
        release = releases_by_deployed(self.seen).get(id)
        deployed = self.endpoint.by_id(id) if self.endpoint else None
        return release.id if release else (deployed.name if deployed else "") or id


def look(place: Place, seen: Seen, ledger: Ledger, carrier: Carrier) -> Look:
    """Ask the endpoint who answers, where anybody can."""
    answers = None
    if seen.endpoint is not None and seen.endpoint.traffic:
        url = place.public_address(seen.endpoint)
        with open_client(url, _ANSWER_SECONDS, carrier=carrier) as client:
            answers = read_release(client)
    return Look(place, seen, ledger, answers)


def kept(seen: Seen, ledger: Ledger) -> list[KeptRelease]:
    """Return the releases that can be gone back to, the one that was live latest first."""
    found = []
    for entry in ledger.entries:
        version = seen.version(entry.at)
        release = release_of(version) if version else None
        if release is not None:
            found.append(KeptRelease(release, entry.deployed_at, tuple(sorted(entry.names))))
    return found


def find(seen: Seen, ledger: Ledger, prefix: str) -> list[Release]:
    """Return the kept releases whose name or id begins with ``prefix``."""
    releases = kept(seen, ledger)
    named = [one.release for one in releases if prefix in one.names]
    exact = [one.release for one in releases if one.release.id == prefix]
    return (
        named
        or exact
        or [
            one.release
            for one in sorted(releases, key=lambda one: one.release.id)
            if one.release.id.startswith(prefix)
        ]
    )


def _replicas(one: Deployed) -> str:
    if one.replicas is None:
        return "replicas not told"
    return f"{one.replicas} replica{'' if one.replicas == 1 else 's'}"
