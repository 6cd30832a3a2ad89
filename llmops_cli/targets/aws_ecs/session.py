"""What one run of llmops knows of a service while it works on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from llmops_cli.targets.aws_ecs.memory import remembered
from llmops_cli.targets.aws_ecs.place import Place
from llmops_cli.targets.aws_ecs.service import Service
from llmops_cli.targets.shelved.book import Book, Ledger


@dataclass(frozen=True)
class Seen:
    """The service at one moment, and what is on record of it; no service where there is none."""

    service: Service | None
    ledger: Ledger


@dataclass
class Session:
    """The service as it was seen last, and how far a rollout has come.

    ``staged`` is the task definition of the candidate, ``is_new`` whether it was made for it, and
    ``deployment`` the deployment that brings it: empty as long as there is none. ``has_asked`` says
    whether AWS may have been asked for one, ``is_settled`` whether the candidate is on record.
    """

    place: Place
    book: Book
    seen: Seen | None = None
    staged: str = ""
    is_new: bool = False
    has_asked: bool = False
    is_settled: bool = False
    deployment: str = ""
    noted: Mapping[str, str] = field(default_factory=dict)

    def look(self) -> Seen:
        """Read the service and what is on record of it, whatever is known."""
        service = self.place.read_service()
        self.seen = Seen(service, remembered(self.place, service, self.book.ledger()))
        return self.seen

    def known(self) -> Seen:
        """Return the service as it was seen last, or read it."""
        return self.seen if self.seen is not None else self.look()

    def begin(self) -> None:
        """Begin anew, as if nothing had been done."""
        self.staged, self.deployment, self.noted = "", "", {}
        self.is_new = self.has_asked = self.is_settled = False

    def note(self, **words: str) -> None:
        """Note more of what is under way, for whoever has to put it in order."""
        self.noted = {**self.noted, **words}
        self.book.note(self.noted)

    def forget(self) -> None:
        """Read what is on record anew when it is needed next."""
        self.seen = None
