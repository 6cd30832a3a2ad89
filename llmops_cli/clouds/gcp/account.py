"""The clients of one account of Google Cloud, made at first use, with our rules."""

import importlib.util
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from llmops_cli.clouds.gcp.clients import make_client
from llmops_cli.clouds.gcp.credentials import Chosen, choose
from llmops_cli.clouds.gcp.renewing import Renewing
from llmops_cli.clouds.gcp.trouble import Attempt, told
from llmops_cli.config.gcp import GcpTarget
from llmops_cli.errors import DeployError, LlmopsError, PreflightError

INSTALL = "pip install 'llmops-cli[gcp]'"
_MODULES = (
    "google.auth",
    "google.cloud.aiplatform_v1",
    "google.cloud.run_v2",
    "google.cloud.secretmanager_v1",
    "requests",
)
#: Seconds that Google may take to give a token.
_TOKEN_SECONDS = 20.0


@dataclass(frozen=True)
class Account:
    """What asks Google on behalf of a target. Making one asks nobody anything."""

    settings: GcpTarget
    _clients: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    _open: ExitStack = field(default_factory=ExitStack, repr=False, compare=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)

    @property
    def project(self) -> str:
        """The project of the target's resources.

        Raises:
            PreflightError: the project file does not say.
        """
        return required(self.settings.project, "project")

    @property
    def location(self) -> str:
        """The region of the target's resources.

        Raises:
            PreflightError: the project file does not say.
        """
        return required(self.settings.location, "location")

    @cached_property
    def chosen(self) -> Chosen:
        """How we prove who we are.

        Raises:
            AccessError: nothing on this machine does.
            PreflightError: the packages are not installed.
        """
        require_packages()
        return choose(self.settings)

    @property
    def credentials(self) -> Any:
        """What proves who we are to Google (google.auth.credentials.Credentials).

        Raises:
            AccessError: nothing on this machine does.
        """
        return self.chosen.credential

    def token(self) -> str:
        """Return an access token that is good for some minutes still.

        Raises:
            AccessError: Google gives none.
            DeployError: Google cannot be reached.
        """
        from google.auth.transport.requests import Request

        credential, request = self.credentials, Request()

        def asks(*given: Any, **named: Any) -> Any:
            return request(*given, **{"timeout": _TOKEN_SECONDS, **named})

        with self._lock, self.told("give a token"):
            if not credential.valid:
                credential.refresh(asks)
            return str(credential.token)

    def renewed(self, refused: str) -> str:
        """Return another token than one that Google has refused before its time was over.

        Raises:
            AccessError, DeployError: as `token`.
        """
        with self._lock:
            if self.credentials.token == refused:
                self.credentials.token = None
            return self.token()

    @property
    def origin(self) -> str:
        """Who we are, in words: the account, and where the credentials are from.

        Raises:
            AccessError: nothing on this machine proves who we are.
        """
        return self.chosen.origin

    def client(self, service: str) -> Any:
        """Return the client of a service, such as "endpoints" or "services"; the same each time.

        Raises:
            AccessError: as `token`, which is asked for first: what has none is "unavailable" to the
                clients, which send it again and again.
        """
        with self._lock:
            if service not in self._clients:
                self.token()
                made = make_client(
                    service, self.settings.endpoints, lambda: self.location, self.credentials
                )
                self.closing(made.transport.close)
                self._clients[service] = Renewing(made, self.token, self.renewed)
            return self._clients[service]

    def closing(self, close: Callable[[], None]) -> None:
        """Remember what closes a connection that was made for the account."""
        with self._lock:
            self._open.callback(close)

    def close(self) -> None:
        """Close all connections; the account is not to be used any more."""
        with self._lock:
            self._clients.clear()
            self._open.close()

    def told(
        self, doing: str, *, state: str = "", failure: type[LlmopsError] = DeployError
    ) -> AbstractContextManager[None]:
        """Turn what Google's clients raise into our errors; ``doing`` is as in "read the service".

        Raises:
            AccessError: we are not who may, with who we are and the action that is missing.
            LlmopsError: of the kind ``failure``, for everything else.
        """
        return self._told(doing, state, failure)

    @contextmanager
    def _told(self, doing: str, state: str, failure: type[LlmopsError]) -> Iterator[None]:
        with told(Attempt(doing, state, failure, self.chosen.origin, self.chosen.remedy)):
            yield


def require_packages() -> None:
    """Make sure that the extra `gcp` is installed. Loads none of it.

    Raises:
        PreflightError: it is not, or a part of it is not.
    """
    missing = [name for name in _MODULES if not _is_there(name)]
    if missing:
        raise PreflightError(
            "The packages that targets on Google Cloud need are not installed.",
            evidence=f"There is no {', '.join(missing)}.",
            state="Nothing was changed.",
            next_step=INSTALL,
        )


def required(value: str | None, key: str) -> str:
    """Return a setting that `llmops infra apply` writes, or the operator.

    Raises:
        PreflightError: the project file does not have it.
    """
    if value is None:
        raise PreflightError(
            f"The target has no `{key}`.",
            state="Nothing was changed.",
            next_step=f"llmops infra apply, or set `{key}` in llmops.toml and commit.",
        )
    return value


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
