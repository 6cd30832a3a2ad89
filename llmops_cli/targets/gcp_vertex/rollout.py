"""The steps that bring a release into service, as plans; building one changes nothing."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from llmops_cli.clouds.gcp.patience import changing
from llmops_cli.core.carrier import Carrier
from llmops_cli.core.plan import Phase, Plan, long_step, one_step
from llmops_cli.core.release import Candidate, State
from llmops_cli.errors import LlmopsError
from llmops_cli.targets.gcp_vertex import order, retiring, traffic
from llmops_cli.targets.gcp_vertex.candidates import deployed_of, version_of
from llmops_cli.targets.gcp_vertex.endpoint import Deployed, Version
from llmops_cli.targets.gcp_vertex.place import Place, Seen
from llmops_cli.targets.gcp_vertex.session import BEFORE as BEFORE_KEY
from llmops_cli.targets.gcp_vertex.session import (
    DEPLOY,
    DEPLOYED,
    RELEASE,
    VERSION,
    Session,
    weights_text,
)
from llmops_cli.targets.gcp_vertex.staging import Staging, wait_for_left_over
from llmops_cli.targets.gcp_vertex.watching import watch
from llmops_cli.targets.shelved.book import Entry


@dataclass(frozen=True)
class Rollout:
    """The plans for one candidate. ``carrier`` brings questions to whichever answers."""

    staging: Staging
    carrier: Carrier

    @property
    def session(self) -> Session:
        """What is known and noted."""
        return self.staging.session

    @property
    def place(self) -> Place:
        """The endpoint and the model."""
        return self.session.place

    @property
    def candidate(self) -> Candidate:
        """The release, and what it runs as."""
        return self.staging.candidate

    def stage(self) -> Plan:
        """Make the version, deploy it beside the live one, and give it a share of the traffic."""
        session = self.session
        seen = session.began = session.known()
        session.before = dict(seen.endpoint.traffic) if seen.endpoint else {}
        session.moved.clear()
        session.entry = None
        version = version_of(seen, self.candidate.release)
        deployed = deployed_of(seen, version)
        session.version = version.id if version else ""
        session.deployed = deployed.id if deployed else ""
        plan = Plan()
        if seen.endpoint is None:
            title = f"Make the endpoint {self.place.endpoint_id}"
            plan += long_step(Phase.STAGE, title, self.staging.make_endpoint)
        plan += self._deploying(version, deployed)
        return plan + self._sharing(deployed)

    def promote(self) -> Plan:
        """Give the release all the traffic, if nobody else has moved it since the deploy began."""
        if not self._has_others():
            return Plan()
        return one_step(
            Phase.PROMOTE,
            f"Give all the traffic to {self.candidate.release.id}",
            self._promote,
        )

    def settle(self, names: Sequence[str]) -> Plan:
        """Watch the release for a while, put it on record, and undeploy what is too old."""
        configured, release = self.place.configured, self.candidate.release
        plan = Plan()
        if configured.bake_seconds:
            plan += one_step(
                Phase.CONFIRM,
                f"Watch {release.id} with all the traffic",
                lambda: watch(
                    self.place.public_address(self.session.known().endpoint),
                    self.carrier,
                    {release.id},
                    configured.bake_seconds,
                ),
                {"seconds": f"{configured.bake_seconds:g}"},
            )
        named = f", named {', '.join(names)}" if names else ""
        plan += one_step(
            Phase.SETTLE, f"Record {release.id} as live{named}", lambda: self._record(names)
        )
        details = {"keep": str(configured.keep), "warm": f"{configured.warm_seconds:g} s"}
        return plan + one_step(
            Phase.TIDY,
            "Undeploy what is paid for in vain",
            lambda: retiring.retire(self.session),
            details,
        )

    def restore(self, seen: State) -> Plan:
        """Give the traffic back to who had it when the deploy began."""
        live = seen.live.id if seen.live else None
        return one_step(
            Phase.UNDO,
            f"Give the traffic back to {live or 'who had it'}",
            self._restore,
        )

    def discard(self) -> Plan:
        """Take its share of the traffic from the candidate, and undeploy it."""
        return one_step(
            Phase.UNDO,
            f"Take the traffic and, if Google lets us, the machines from "
            f"{self.candidate.release.id}",
            self._discard,
        )

    def _deploying(self, version: Version | None, deployed: Deployed | None) -> Plan:
        if deployed is not None:
            return Plan()
        session, release, place = self.session, self.candidate.release, self.place
        is_under_way = bool(session.pending.get(DEPLOY))
        is_ours = is_under_way and version and session.pending.get(VERSION) == version.id
        plan = Plan()
        if is_under_way and not is_ours:
            plan += long_step(
                Phase.STAGE,
                f"Wait for the deployment of {session.pending.get(RELEASE, 'another')} to end",
                lambda tell: wait_for_left_over(session, tell),
            )
        if version is None:
            plan += long_step(
                Phase.STAGE,
                f"Make a version of the model {place.model_id} of {release.id}",
                self.staging.upload,
                {"image": release.image},
            )
        title, do = f"Deploy {release.id} beside the live one", self.staging.deploy
        if is_ours:
            title, do = f"Go on with the deployment of {release.id}", self.staging.resume
        configured = place.configured
        return plan + long_step(
            Phase.STAGE,
            title,
            do,
            {
                "machine": configured.machine_type,
                "replicas": f"{configured.min_replicas} to {configured.max_replicas}",
                "at most": f"{configured.operation_seconds:g} s",
            },
        )

    def _sharing(self, deployed: Deployed | None) -> Plan:
        if not self._has_others(deployed):
            return Plan()
        percent = self.place.configured.canary_percent
        return one_step(
            Phase.STAGE,
            f"Give {percent} % of the traffic to {self.candidate.release.id}, to check it",
            self._share,
        )

    def _has_others(self, deployed: Deployed | None = None) -> bool:
        """Whether anybody else has traffic to be moved."""
        mine = deployed.id if deployed else self.session.deployed
        return bool(set(self.session.before) - {mine})

    def _share(self) -> None:
        # Noted before the traffic moves, so that whoever comes after us can take it back.
        session = self.session
        noted = {
            RELEASE: self.candidate.release.id,
            VERSION: session.version,
            DEPLOYED: session.deployed,
            BEFORE_KEY: weights_text(session.before),
        }
        session.note(**noted)
        self.staging.give_share()

    def _promote(self) -> None:
        session = self.session
        expected = session.moved[-1] if session.moved else session.before
        traffic.move(session, expected, {session.deployed: traffic.ALL})

    def _record(self, names: Sequence[str]) -> None:
        session, release = self.session, self.candidate.release
        now = session.endpoint()
        session.require_traffic(now.traffic, {session.deployed: traffic.ALL})
        entry = Entry(release.id, session.version, datetime.now(UTC), tuple(names))
        session.entry = entry
        dropped = session.book.settle(entry, self.place.configured.keep)
        session.pending.clear()
        with contextlib.suppress(LlmopsError):
            self._name_default()
        retiring.delete_versions(session, dropped)

    def _name_default(self) -> None:
        """Let Google's own tools show which version is live."""
        place = self.place
        request = {
            "name": f"{place.model}@{self.session.version}",
            "version_aliases": ["default"],
        }
        with place.account.told("name the live version"):
            place.models.merge_version_aliases(request=request, **changing())

    def _restore(self) -> None:
        if not self.session.is_settled:
            order.give_back(self.session, self.carrier)

    def _discard(self) -> None:
        if self.session.is_settled:
            return
        order.give_back(self.session, self.carrier)
        retiring.discard(self.session, self.candidate)


def is_stopped(seen: Seen) -> bool:
    """Whether nothing is deployed, although the endpoint is there."""
    return seen.endpoint is not None and not seen.endpoint.deployed
