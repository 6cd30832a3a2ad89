"""A build in a container registry of Azure (ACR Tasks): sources up, a run, its log as it comes.

The package for tasks is a beta; its four requests go through the client for registries.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from llmops_cli.clouds.azure.account import Account
from llmops_cli.clouds.azure.run_log import RunLog
from llmops_cli.clouds.azure.signed import send_file
from llmops_cli.clouds.azure.trouble import told, without_secrets
from llmops_cli.clouds.pauses import pauses
from llmops_cli.core.image import Tell
from llmops_cli.errors import BuildError, PreflightError

#: What the Azure CLI and azd speak; the registry's own interface of that date has no tasks.
VERSION = "2019-06-01-preview"
_STATE = "What was serving is serving still."
_ENDED = frozenset({"succeeded", "failed", "canceled", "error", "timeout"})
#: Seconds that a run may take, as the registry allows them.
_SHORTEST, _LONGEST = 300, 28_800


class Sources(Protocol):
    """What to build: an archive (tar.gz), the Dockerfile's path in it, the image's whole name.

    ``platform`` is as in ``linux/amd64``.
    """

    @property
    def archive(self) -> Path: ...
    @property
    def dockerfile(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def platform(self) -> str: ...
    @property
    def use_cache(self) -> bool: ...


@dataclass(frozen=True)
class RegistryTasks:
    """Builds in the registry ``host``, which a resource of the account's subscription is."""

    account: Account
    host: str

    def build(self, sources: Sources, tell: Tell) -> str:
        """Build and push, and return the digest that the registry says the image has, if it does.

        Raises:
            AccessError: the account may not build there.
            PreflightError: the subscription has no such registry.
            BuildError: a step failed; the evidence is the end of the log.
        """
        registry = self._registry()
        place = self._asked("POST", f"{registry}/listBuildSourceUploadUrl", "upload the sources")
        send_file(str(place["uploadUrl"]), sources.archive)
        order = self._order(sources, str(place["relativePath"]))
        run = self._asked("POST", f"{registry}/scheduleRun", "build in the registry", order)
        return self._watched(f"{registry}/runs/{run['properties']['runId']}", tell)

    def _registry(self) -> str:
        with told("list the registries", failure=BuildError, state=_STATE):
            for found in self.account.registries.registries.list():
                if (found.login_server or "").lower() == self.host.lower():
                    return str(found.id)
        raise PreflightError(
            f"There is no registry {self.host} in the subscription {self.account.subscription}.",
            state=f"Nothing was built. {_STATE}",
            next_step='Set `subscription` to that of the registry, or [image] builder = "docker".',
        )

    def _order(self, sources: Sources, place: str) -> Mapping[str, Any]:
        system, architecture, *variant = sources.platform.split("/")
        seconds = int(min(max(self.account.settings.operation_seconds, _SHORTEST), _LONGEST))
        return {
            "type": "DockerBuildRequest",
            "sourceLocation": place,
            "dockerFilePath": sources.dockerfile,
            "imageNames": [sources.name],
            "isPushEnabled": True,
            "noCache": not sources.use_cache,
            "timeout": seconds,
            "platform": {
                "os": system.capitalize(),
                "architecture": architecture,
                **({"variant": variant[0]} if variant else {}),
            },
        }

    def _watched(self, run: str, tell: Tell) -> str:
        log = RunLog(lambda: self._asked("POST", f"{run}/listLogSasUrl", "read the log"), tell)
        properties: Mapping[str, Any] = {}
        try:
            for _ in pauses(self.account.settings.operation_seconds):
                properties = self._asked("GET", run, "read how the build goes")["properties"]
                log.catch_up()
                if str(properties.get("status")).lower() in _ENDED:
                    break
        except BaseException:
            self._cancel(run)
            raise
        if str(properties.get("status")).lower() not in _ENDED:
            self._cancel(run)
        if str(properties.get("status")).lower() != "succeeded":
            raise _failed(properties, log)
        images = properties.get("outputImages") or [{}]
        return str(images[0].get("digest") or "")

    def _cancel(self, run: str) -> None:
        self._asked("POST", f"{run}/cancel", "cancel the build")

    def _asked(self, method: str, path: str, doing: str, body: object = None) -> Mapping[str, Any]:
        from azure.core.rest import HttpRequest

        request = HttpRequest(method, path, params={"api-version": VERSION}, json=body)
        with told(doing, failure=BuildError, state=_STATE):
            answer = self.account.registries.send_request(request)
            answer.raise_for_status()
        return dict(answer.json()) if answer.content else {}


def _failed(properties: Mapping[str, Any], log: RunLog) -> BuildError:
    status = str(properties.get("status") or "unknown")
    said = without_secrets(str(properties.get("runErrorMessage") or ""))
    is_late = status.lower() not in _ENDED or status.lower() == "timeout"
    why = "took too long and was cancelled" if is_late else f"ended as {status}"
    return BuildError(
        f"The build in the registry {why}.",
        evidence="\n".join(part for part in (log.end, said) if part),
        state=_STATE,
        next_step='Raise `operation_seconds`, or build with [image] builder = "docker".'
        if is_late
        else "Mend what the last lines say, commit, and build again.",
    )
