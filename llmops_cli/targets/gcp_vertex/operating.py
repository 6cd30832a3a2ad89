"""Starts and stops: what is stopped is undeployed, for Vertex AI bills what is deployed."""

from llmops_cli.core.plan import Phase, Plan, Tell, long_step
from llmops_cli.core.release import Candidate
from llmops_cli.core.target import ReferringStore
from llmops_cli.errors import ReleaseNotFoundError
from llmops_cli.targets.gcp_vertex import retiring, traffic
from llmops_cli.targets.gcp_vertex.candidates import deployed_of, recorded
from llmops_cli.targets.gcp_vertex.session import Session
from llmops_cli.targets.gcp_vertex.staging import Staging
from llmops_cli.targets.gcp_vertex.variables import release_of


def start(session: Session, secrets: ReferringStore) -> Plan:
    """Deploy the release on record again, with all the traffic; it takes Google minutes."""
    name = session.book.ledger().live
    return long_step(
        Phase.OPERATE,
        f"Deploy {name} to the endpoint again, which takes Google some minutes",
        lambda tell: _start(session, secrets, tell),
    )


def stop(session: Session) -> Plan:
    """Undeploy everything from the endpoint; versions, secrets and the endpoint stay."""
    return long_step(
        Phase.OPERATE,
        f"Undeploy all from {session.place.endpoint_id}, so that nothing of it is paid for",
        lambda tell: retiring.undeploy_all(session, tell),
    )


def _start(session: Session, secrets: ReferringStore, tell: Tell) -> None:
    seen, ledger = session.look(), session.book.ledger()
    version = recorded(seen, ledger, ledger.live)
    release = release_of(version) if version else None
    if version is None or release is None:
        raise ReleaseNotFoundError(
            f"The version of {ledger.live} is gone from the model.", next_step="llmops deploy"
        )
    session.before = dict(seen.endpoint.traffic) if seen.endpoint else {}
    session.version = version.id
    there = deployed_of(seen, version)
    if there is None:
        Staging(session, secrets, Candidate(release, version.id)).deploy(tell)
    else:
        session.deployed = there.id
    if session.before:
        traffic.move(session, session.before, {session.deployed: traffic.ALL})
    session.pending.clear()
    session.note()
    session.look()
