"""How a verb ends that did not do what was asked."""


class RefusedError(Exception):
    """It was not done; ``why`` is one of the words of `hosts.session`."""

    def __init__(self, message: str, *, why: str = "invalid", evidence: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.why = why
        self.evidence = evidence


class LostError(Exception):
    """Who asked is gone: what is not settled is to be put back."""
