"""Who we are at a registry, and the protocol of everything that knows it."""

import base64
from dataclasses import dataclass
from typing import Protocol

from llmops_cli.core.secret import Secret


@dataclass(frozen=True)
class Login:
    """A user and a password; or, with ``is_token``, an identity token instead of a password.

    ``origin`` says where it is from and ``remedy`` is the command that renews it, for errors.
    """

    username: str
    password: Secret
    is_token: bool = False
    origin: str = ""
    remedy: str = ""

    @property
    def basic(self) -> Secret:
        """The credentials as HTTP's Basic scheme and Docker's files write them."""
        text = f"{self.username}:{self.password.reveal()}"
        return Secret(base64.b64encode(text.encode()).decode())


class Credentials(Protocol):
    """Where a login comes from: a file of Docker's, a secret, a cloud.

    ``login`` is called anew for every push, so that what it returns may be short-lived; None means
    that nobody is logged in. It raises AccessError or PreflightError. A cloud's registry needs
    nothing more than a class with this method.
    """

    def login(self) -> Login | None: ...


@dataclass(frozen=True)
class Fixed:
    """A login that is known, or none."""

    known: Login | None = None

    def login(self) -> Login | None:
        """Return it."""
        return self.known
