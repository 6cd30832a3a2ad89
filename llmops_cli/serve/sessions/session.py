"""The words of a session: whose it is, what was said in it, and why it may not be there."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SessionKey:
    """Names a session. Nobody finds it under another tenant than the one that made it."""

    tenant: str
    id: str


@dataclass(frozen=True, slots=True)
class Row:
    """One message. ``created_at`` is UTC, ISO 8601 with a Z; ``tokens`` is an estimate."""

    role: str
    content: str
    created_at: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a session stands in the list of its tenant: by age, then by id."""

    created_at: str
    id: str


@dataclass(frozen=True, slots=True)
class Summary:
    """A session without what was said in it."""

    id: str
    created_at: str
    is_active: bool

    @property
    def place(self) -> Place:
        """Its place in the list of the tenant."""
        return Place(self.created_at, self.id)


@dataclass(frozen=True, slots=True)
class Session:
    """A session with all that was said in it, oldest first."""

    summary: Summary
    rows: tuple[Row, ...]


class SessionNotFoundError(Exception):
    """No such session, or it has ended, expired, or is another tenant's: the caller cannot tell."""


class StoreError(Exception):
    """The sessions cannot be kept where the settings say. The message says why, in one line."""


class StoreUnavailableError(Exception):
    """The store does not answer now, and may again later. The message is safe to show."""
