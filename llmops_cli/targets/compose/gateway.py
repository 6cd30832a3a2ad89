"""The gateway: an HAProxy that moves the traffic from one release to another while it runs.

Every release that has traffic, or still finishes requests, has a slot of the gateway. A promotion
makes one slot ready and drains the others: the next request of every client connection goes to the
new release, and streams that are open stay where they are until they end.
"""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from llmops_cli.engine.docker import Engine
from llmops_cli.engine.volumes import Entry
from llmops_cli.errors import DeployError
from llmops_cli.rendering import render

#: Inside its container: the port of the runtime API, and that of the staged release.
RUNTIME_PORT, PRIVATE_PORT = 9999, 8081
SLOTS = tuple(f"s{number}" for number in range(1, 9))
STAGED = "candidate"
_ASK = f"exec 3<>/dev/tcp/127.0.0.1/{RUNTIME_PORT}; cat >&3; cat <&3"
_FORCED_MAINTENANCE, _FORCED_DRAIN = 1, 8
_MAP = "/gateway/releases.map"
_NOBODY = "-"
#: A name that the engine always knows. Names that it does not know it passes on to the name servers
#: of its machine, for as long as a slot bears one.
_PARKED = "gateway"
_HOUR = 3600
_SETTLE_SECONDS, _POLL_SECONDS = 10.0, 0.1


@dataclass(frozen=True)
class Slot:
    """A slot, as the gateway tells: ``service`` is empty where it has none; ``idle_since`` counts
    seconds since its state changed.
    """

    name: str
    service: str
    address: str
    admin: int
    idle_since: int

    @property
    def had_traffic(self) -> bool:
        """Whether new requests go here, or went here before."""
        return bool(self.service) and not self.admin & _FORCED_MAINTENANCE

    @property
    def has_traffic(self) -> bool:
        """Whether new requests go here."""
        return bool(self.service) and not self.admin & (_FORCED_MAINTENANCE | _FORCED_DRAIN)


@dataclass(frozen=True)
class Route:
    """Where traffic goes: a release's service, its address and port, and the release's id."""

    service: str
    address: str
    port: int
    release: str


@dataclass(frozen=True)
class Manners:
    """How the gateway treats requests, whichever release has them.

    ``certificate`` is the file of its certificate and key, where it speaks HTTPS; ``trusted`` are
    the proxies before it that are believed; ``request_seconds`` is what the API allows a request.
    """

    stack: str
    port: int
    request_seconds: float
    body_seconds: float
    certificate: str = ""
    trusted: tuple[str, ...] = ()


def configuration(manners: Manners, service: str = "", release: str = "") -> tuple[Entry, ...]:
    """Return the files with which the gateway starts, with the traffic on this release, if any."""
    values = {
        "stack": manners.stack,
        "port": manners.port,
        "body_seconds": round(manners.body_seconds),
        "silent_seconds": round(max(_HOUR, manners.request_seconds * 2)),
        "certificate": manners.certificate,
        "trusted": manners.trusted,
        "slots": SLOTS,
        "service": service,
    }
    names = {SLOTS[0]: release or _NOBODY}
    lines = [f"{slot} {names.get(slot, _NOBODY)}\n" for slot in (*SLOTS, STAGED)]
    return (
        Entry("haproxy.cfg", render("compose/gateway.cfg.j2", values).encode()),
        Entry("releases.map", "".join(lines).encode()),
    )


@dataclass(frozen=True)
class Gateway:
    """A gateway that runs, by its container."""

    engine: Engine
    container: str

    def slots(self) -> list[Slot]:
        """Return the slots of the public side."""
        return _slots(self._ask("show servers state api"))

    def live_service(self) -> str:
        """Return the service that new requests go to, or nothing."""
        return next((slot.service for slot in self.slots() if slot.has_traffic), "")

    def stage(self, route: Route) -> None:
        """Lead the private side to a release, and aim the slot that it will have the traffic by."""
        before = _slots(self._ask("show servers state staged"))[0]
        chosen = _slot_for(route.service, self.slots())
        if chosen.has_traffic:
            raise DeployError(f"{route.service} has the traffic already.")
        self._ask(
            f"set map {_MAP} {STAGED} {route.release}",
            *_aimed(f"staged/{STAGED}", before, route),
            f"set server staged/{STAGED} state ready",
            f"set server api/{chosen.name} state maint",
            *_aimed(f"api/{chosen.name}", chosen, route),
        )
        self._settled("staged", STAGED, route)

    def move(self, route: Route | None) -> None:
        """Lead new requests to a release, or to nobody; those under way stay where they are.

        Raises:
            DeployError: the gateway did not do so; the evidence is what it says of its slots.
        """
        slots = self.slots()
        if route is None:
            self._ask(*(f"set server api/{s.name} state maint" for s in slots if s.has_traffic))
            return
        chosen = _slot_for(route.service, slots)
        if (chosen.service, chosen.address) != (route.service, route.address):
            self._ask(*_aimed(f"api/{chosen.name}", chosen, route))
        # Nothing is led to a slot before its address is known to be the right one.
        self._settled("api", chosen.name, route)
        others = [slot for slot in slots if slot.has_traffic and slot.name != chosen.name]
        self._ask(
            f"set map {_MAP} {chosen.name} {route.release}",
            f"set server api/{chosen.name} state ready",
            *(f"set server api/{slot.name} state drain" for slot in others),
        )
        told = self._ask("show servers state api")
        if [slot.name for slot in _slots(told) if slot.has_traffic] != [chosen.name]:
            raise _astray(route, told)

    def park(self, services: Collection[str]) -> None:
        """Let slots forget services that will end; what is under way in them goes on."""
        slots = [slot for slot in self.slots() if slot.service in services and not slot.has_traffic]
        [staged] = _slots(self._ask("show servers state staged"))
        forgotten = [f"api/{slot.name}" for slot in slots]
        forgotten += [f"staged/{STAGED}"] if staged.service in services else []
        self._ask(
            *(f"set server {server} state maint" for server in forgotten),
            *(f"set server {server} fqdn {_PARKED}" for server in forgotten),
        )

    def _settled(self, backend: str, server: str, route: Route) -> None:
        """Wait until a slot has its address: the name service may take it away for a moment."""
        deadline = time.monotonic() + _SETTLE_SECONDS
        while True:
            told = self._ask(f"show servers state {backend}")
            slot = next(slot for slot in _slots(told) if slot.name == server)
            if (slot.service, slot.address) == (route.service, route.address):
                return
            if time.monotonic() > deadline:
                raise _astray(route, told)
            time.sleep(_POLL_SECONDS)

    def _ask(self, *commands: str) -> str:
        if not commands:
            return ""
        line = ";".join(commands) + "\n"
        words = ("exec", "--interactive", self.container, "bash", "-c", _ASK)
        return self.engine.run(*words, input=line.encode(), seconds=30).decode()


def _aimed(server: str, slot: Slot, route: Route) -> list[str]:
    """Return the commands that aim a slot at a release.

    The address is given along with the name, so that nobody waits for the name service; the name
    lets the gateway follow a container that comes back with another address.
    """
    named = [] if slot.service == route.service else [f"set server {server} fqdn {route.service}"]
    return [
        *named,
        f"set server {server} addr {route.address} port {route.port}",
    ]


def _astray(route: Route, told: str) -> DeployError:
    return DeployError(f"The gateway does not lead to {route.release}.", evidence=told.strip())


def _slot_for(service: str, slots: Sequence[Slot]) -> Slot:
    """Choose the slot that has the service, else one that is free, else the longest idle one."""
    having = [slot for slot in slots if slot.service == service]
    free = [slot for slot in slots if not slot.service]
    idle = sorted((s for s in slots if not s.has_traffic), key=lambda slot: -slot.idle_since)
    return (having + free + idle)[0]


def _slots(told: str) -> list[Slot]:
    """Read the answer to `show servers state`: columns by name, after a line with the version."""
    lines = [line.split() for line in told.splitlines()]
    names = next((line[1:] for line in lines if line[:2] == ["#", "be_id"]), [])
    rows = [dict(zip(names, line, strict=False)) for line in lines if len(line) == len(names) > 0]
    return [
        Slot(
            name=row["srv_name"],
            service="" if row["srv_fqdn"] in (_NOBODY, _PARKED) else row["srv_fqdn"],
            address=row["srv_addr"],
            admin=int(row["srv_admin_state"]),
            idle_since=int(row["srv_time_since_last_change"]),
        )
        for row in rows
    ]
