"""One side of an app, production or its slot, as Azure is asked about it and told to change it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

from llmops_cli.clouds.azure.account import Account, required
from llmops_cli.clouds.azure.trouble import told
from llmops_cli.clouds.pauses import pauses
from llmops_cli.targets.azure_webapp.background import to_its_end

_BUSY_SECONDS = 20.0
_BUSY = 409
#: How things are when a question, or a word in the log, fails outside of a deploy's steps.
_UNCHANGED = "Nothing was changed."


@dataclass
class Clock:
    """What time it is for Azure, whatever this machine's clock says."""

    ahead_seconds: float = 0.0

    def read(self, response: Any) -> None:
        """Take the time from the headers of an answer."""
        text = response.http_response.headers.get("Date")
        if text:
            told_time = parsedate_to_datetime(text).astimezone(UTC)
            self.ahead_seconds = told_time.timestamp() - datetime.now(UTC).timestamp()

    def now(self) -> datetime:
        """Return the time."""
        moment = datetime.now(UTC).timestamp() + self.ahead_seconds
        return datetime.fromtimestamp(moment, UTC)


@dataclass(frozen=True)
class Side:
    """Asks about production, or about the slot that is named. What Azure answers are documents."""

    account: Account
    app: str
    slot: str = ""
    clock: Clock = field(default_factory=Clock, compare=False)

    @property
    def title(self) -> str:
        """What it is called in a sentence."""
        return f"the slot {self.slot}" if self.slot else "production"

    @property
    def group(self) -> str:
        """The resource group of the app."""
        return required(self.account.settings.resource_group, "resource_group")

    @property
    def busy_seconds(self) -> float:
        """Seconds for which a change is tried again while Azure is at another one of the app."""
        return min(_BUSY_SECONDS, self.account.settings.operation_seconds)

    def site(self) -> dict[str, Any] | None:
        """Return the site's document, or None where there is none of that name."""
        return self._found("get", "read the app")

    def configuration(self) -> dict[str, Any]:
        """Return what is configured of the site."""
        return _properties(self._ask("get_configuration", "read the app's configuration"))

    def settings(self) -> dict[str, str]:
        """Return all app settings with their values."""
        found = self._ask("list_application_settings", "read the app's settings")
        return {name: str(value or "") for name, value in _properties(found).items()}

    def references(self) -> dict[str, dict[str, Any]]:
        """Return what became of each setting whose value is kept in a Key Vault, by name."""
        operation = "get_app_settings_key_vault_references"
        found = self._ask_all(operation, "read whether the secrets are resolved")
        return {str(each.get("name") or ""): _properties(each) for each in found}

    def change(self, body: Mapping[str, object]) -> None:
        """Change of the site what the body names."""
        self._tell("update", f"change {self.title}", site_envelope=body)

    def configure(self, body: Mapping[str, object]) -> None:
        """Change of the configuration what the body names."""
        self._tell("update_configuration", f"change what {self.title} runs", site_config=body)

    def replace_settings(self, settings: Mapping[str, str]) -> None:
        """Give the side these app settings and no others."""
        doing = f"change the app settings of {self.title}"
        self._tell("update_application_settings", doing, app_settings={"properties": settings})

    def start(self) -> None:
        """Start it."""
        self._tell("start", f"start {self.title}")

    def stop(self) -> None:
        """Stop it."""
        self._tell("stop", f"stop {self.title}")

    def restart(self) -> None:
        """End its containers and start new ones."""
        self._tell("restart", f"restart {self.title}")

    def log(self) -> list[str]:
        """Return the lines of its containers' log; none where nothing is logged."""
        operation = "get_web_site_container_logs"
        chunks: Iterator[bytes] | None = self._ask(operation, "read the containers' log")
        with told("read the containers' log"):
            return b"".join(chunks or ()).decode(errors="replace").splitlines()

    def entries(self) -> list[dict[str, Any]]:
        """Return the entries of its deployment log."""
        return self._ask_all("list_deployments", "read the deployment log")

    def entry(self, id: str) -> dict[str, Any] | None:
        """Return an entry of its deployment log, or None where there is none of that id."""
        return self._found("get_deployment", "read the deployment log", id=id)

    def add_entry(self, id: str, body: Mapping[str, object]) -> None:
        """Add an entry. One of that id that is there already stays as it is, and nobody says so."""
        from azure.core.exceptions import ResourceExistsError

        with told("write the deployment log", state=_UNCHANGED):
            try:
                self._call("create_deployment", id=id, deployment=body)
            except ResourceExistsError:
                # Where the log is Windows' own, it does say so.
                return

    def remove_entry(self, id: str) -> None:
        """Remove an entry, if there is one of that id."""
        from azure.core.exceptions import ResourceNotFoundError

        with told("write the deployment log"):
            try:
                self._call("delete_deployment", id=id)
            except ResourceNotFoundError:
                return

    def _ask(self, operation: str, doing: str, **named: object) -> Any:
        with told(doing, state=_UNCHANGED):
            return self._call(operation, **named)

    def _ask_all(self, operation: str, doing: str) -> list[dict[str, Any]]:
        with told(doing, state=_UNCHANGED):
            return [each.as_dict() for each in self._call(operation)]

    def _found(self, operation: str, doing: str, **named: object) -> dict[str, Any] | None:
        from azure.core.exceptions import ResourceNotFoundError

        with told(doing, state=_UNCHANGED):
            try:
                found: dict[str, Any] = self._call(operation, **named).as_dict()
            except ResourceNotFoundError:
                return None
        return found

    def _tell(self, operation: str, doing: str, **named: object) -> None:
        with told(doing):
            # An interruption must not leave it to arrive after what takes it back.
            call = partial(self._call, operation, **named)
            when_free(lambda: to_its_end(call), self.busy_seconds)

    def _call(self, operation: str, **named: object) -> Any:
        name = f"{operation}_slot" if self.slot else operation
        slot = {"slot": self.slot} if self.slot else {}
        place = {"resource_group_name": self.group, "name": self.app, **slot}
        call: Callable[..., Any] = getattr(self.account.web.web_apps, name)
        return call(**place, **named, raw_response_hook=self.clock.read)


def when_free(change: Callable[[], Any], seconds: float) -> Any:
    """Make a change, again and again for a while where Azure is busy with another of the app.

    It is made again where only the word of it was lost: twice is as good as once.
    """
    from azure.core.exceptions import HttpResponseError, ServiceResponseError

    looks = pauses(seconds)
    next(looks)
    while True:
        try:
            return change()
        except (HttpResponseError, ServiceResponseError) as error:
            is_lost = isinstance(error, ServiceResponseError)
            is_busy = getattr(error, "status_code", None) == _BUSY
            if not (is_lost or is_busy) or next(looks, None) is None:
                raise


def _properties(document: Any) -> dict[str, Any]:
    found = document if isinstance(document, dict) else document.as_dict()
    return dict(found.get("properties") or {})
