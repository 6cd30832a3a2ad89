"""What one run of llmops knows of an app while it works on it: what it saw, and that it may."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from llmops_cli.errors import DeployError
from llmops_cli.targets.azure_containerapp.app import App, Revision
from llmops_cli.targets.azure_containerapp.lock import Lease, check, renewed, with_lease
from llmops_cli.targets.azure_containerapp.place import Place, Seen
from llmops_cli.targets.azure_containerapp.writing import change

#: Says what to send of an app that is as it should be.
Body = Callable[[App], Mapping[str, Any] | None]


@dataclass
class Session:
    """The lock, where it is held; the app as it was seen last; and who has had which traffic.

    ``began`` is the app as it was when the rollout was planned, ``before`` its traffic then, and
    ``moved`` the states of it that we have asked for since; ``ready`` is the staged revision.
    """

    place: Place
    lease: Lease | None = None
    seen: Seen | None = None
    began: Seen = field(default_factory=Seen)
    before: Mapping[str, int] = field(default_factory=dict)
    moved: list[Mapping[str, int]] = field(default_factory=list)
    ready: Revision | None = None
    is_given_back: bool = False

    def look(self) -> Seen:
        """Read the app, whatever is known of it."""
        self.seen = self.place.read()
        return self.seen

    def known(self) -> Seen:
        """Return the app as it was seen last, or read it."""
        return self.seen if self.seen is not None else self.look()

    def change(self, doing: str, body: Body) -> App | None:
        """Change the app, if the lock is ours still, and return it as it is then."""

        def checked(app: App) -> Mapping[str, Any] | None:
            self.check(app)
            return body(app)

        return change(self.place, doing, checked)

    def check(self, app: App) -> None:
        """Make sure that the lock is ours still.

        Raises:
            LockedError: it is not.
        """
        if self.lease is not None:
            check(app, self.lease)

    def renewed(self, tags: Mapping[str, str]) -> dict[str, str]:
        """Return all tags, in which the lock holds from now on."""
        if self.lease is None:
            return dict(tags)
        self.lease = renewed(self.place, self.lease)
        return with_lease(self.lease, tags)

    def require_traffic(self, app: App, expected: Mapping[str, int]) -> None:
        """Make sure that nobody else has moved the traffic.

        Raises:
            DeployError: somebody has.
        """
        if app.carrying not in (dict(expected), *map(dict, self.moved[-1:])):
            raise DeployError(
                "Somebody else has moved the traffic while this was under way.",
                evidence=f"It was {_shown(expected)}, and is {_shown(app.carrying)}.",
                next_step="llmops status",
            )


def _shown(weights: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {weight} %" for name, weight in weights.items()) or "nobody's"
