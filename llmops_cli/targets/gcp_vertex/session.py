"""What one run of llmops knows of an endpoint while it works on it: what it saw and did."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from llmops_cli.errors import DeployError
from llmops_cli.targets.gcp_vertex.endpoint import Endpoint
from llmops_cli.targets.gcp_vertex.place import Place, Seen
from llmops_cli.targets.shelved.book import Book, Entry

#: Keys of what is noted while a rollout is under way: the release, its version, the names of the
#: operations that make and deploy it, what it is deployed as, and the traffic before.
RELEASE, VERSION, UPLOAD, DEPLOY, DEPLOYED, BEFORE = (
    "release",
    "version",
    "upload",
    "deploy",
    "deployed",
    "before",
)


@dataclass
class Session:
    """The endpoint as it was seen last, what is noted in the book, and the traffic we asked for.

    ``began`` is what was there when the rollout was planned, ``before`` its traffic then; ``moved``
    the states of it that we have asked for since. ``version`` and ``deployed`` are the candidate's,
    and so is ``entry``, with which it is to be on record.
    """

    place: Place
    book: Book
    seen: Seen | None = None
    began: Seen = field(default_factory=Seen)
    before: Mapping[str, int] = field(default_factory=dict)
    moved: list[Mapping[str, int]] = field(default_factory=list)
    version: str = ""
    deployed: str = ""
    pending: dict[str, str] = field(default_factory=dict)
    entry: Entry | None = None

    @property
    def is_settled(self) -> bool:
        """Whether the candidate is on record, even if the word of that has not arrived."""
        mine = self.entry
        if mine is None:
            return False
        ledger = self.book.read_again()
        found = ledger.entry(mine.release) if ledger.live == mine.release else None
        return found is not None and (found.at, found.deployed_at) == (mine.at, mine.deployed_at)

    def look(self) -> Seen:
        """Read endpoint and model, whatever is known of them."""
        self.seen = self.place.read()
        return self.seen

    def known(self) -> Seen:
        """Return what was seen last, or read it."""
        return self.seen if self.seen is not None else self.look()

    def note(self, **found: str) -> None:
        """Note what is under way, for whoever comes after us should we be killed."""
        self.pending.update(found)
        self.book.note(self.pending)

    def endpoint(self) -> Endpoint:
        """Return the endpoint as it is now.

        Raises:
            DeployError: it is gone.
        """
        found = self.place.read_endpoint()
        if found is None:
            raise DeployError(
                f"There is no endpoint {self.place.endpoint_id} any more.",
                next_step="llmops status, then llmops deploy",
            )
        return found

    def require_traffic(self, now: Mapping[str, int], expected: Mapping[str, int]) -> None:
        """Make sure that nobody else has moved the traffic.

        Raises:
            DeployError: somebody has.
        """
        if now not in (dict(expected), *map(dict, self.moved[-1:])):
            raise DeployError(
                "Somebody else has moved the traffic while this was under way.",
                evidence=f"It was {shown(expected)}, and is {shown(now)}.",
                next_step="llmops status",
            )


def shown(weights: Mapping[str, int]) -> str:
    """Return shares of the traffic, for people."""
    return ", ".join(f"{name} {weight} %" for name, weight in weights.items()) or "nobody's"


def weights_text(weights: Mapping[str, int]) -> str:
    """Return shares of the traffic as they are noted."""
    return json.dumps(dict(weights))


def weights_of(text: str) -> dict[str, int]:
    """Read shares of the traffic that were noted; none where nothing was."""
    try:
        return {str(id): int(share) for id, share in json.loads(text).items()}
    except (ValueError, AttributeError, TypeError):
        return {}
