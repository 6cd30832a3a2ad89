"""What one run of llmops knows of a service while it works on it: what it saw, and did."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from llmops_cli.core.carrier import Carrier
from llmops_cli.core.plan import Tell
from llmops_cli.errors import DeployError
from llmops_cli.targets.gcp_run.place import Place, Seen
from llmops_cli.targets.gcp_run.service import Service
from llmops_cli.targets.gcp_run.writing import Wanted, change, finished
from llmops_cli.targets.shelved.book import Book, Entry


@dataclass
class Session:
    """The service as it was seen last, and who has had which traffic.

    ``began`` is the service as it was when the rollout was planned, ``before`` its traffic then,
    and ``moved`` the states of it that we have asked for since; ``address`` is where the staged
    revision answers. ``dropped`` are the entries that are not kept any more. ``introduces``
    makes what asks an address of a service that only those may call whom IAM lets in.
    """

    place: Place
    book: Book
    introduces: Callable[[str], Carrier] | None = None
    seen: Seen | None = None
    began: Seen = field(default_factory=Seen)
    before: Mapping[str, int] = field(default_factory=dict)
    moved: list[Mapping[str, int]] = field(default_factory=list)
    address: str = ""
    dropped: Sequence[Entry] = ()

    def carrier_to(self, address: str) -> Carrier | None:
        """Return what brings questions to an address; None where anybody may ask."""
        return self.introduces(address) if self.introduces else None

    def look(self) -> Seen:
        """Read the service, whatever is known of it."""
        self.seen = self.place.read()
        return self.seen

    def known(self) -> Seen:
        """Return the service as it was seen last, or read it."""
        return self.seen if self.seen is not None else self.look()

    def change(self, doing: str, wanted: Wanted) -> str | None:
        """Change the service, if the lock is ours still, and return the operation's name.

        Raises:
            LockedError: the lock is not ours.
        """
        self.book.require_lock()
        return change(self.place, doing, wanted)

    def changed(self, doing: str, wanted: Wanted, tell: Tell = lambda line: None) -> Service:
        """Change the service, wait until that is done, and return the service as it is then."""
        return finished(self.place, doing, self.change(doing, wanted), tell)

    def require_traffic(self, service: Service, expected: Mapping[str, int]) -> None:
        """Make sure that nobody else has moved the traffic.

        Raises:
            DeployError: somebody has.
        """
        if service.carrying not in (dict(expected), *map(dict, self.moved[-1:])):
            raise DeployError(
                "Somebody else has moved the traffic while this was under way.",
                evidence=f"It was {shown(expected)}, and is {shown(service.carrying)}.",
                next_step="llmops status",
            )


def shown(weights: Mapping[str, int]) -> str:
    """Return shares of the traffic in words."""
    return ", ".join(f"{name} {weight} %" for name, weight in weights.items()) or "nobody's"
