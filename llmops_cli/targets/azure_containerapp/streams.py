"""The streams that Azure sends logs in: of a container, and of the platform about an app."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx2

from llmops_cli.checks.http import is_loopback
from llmops_cli.clouds.azure.trouble import told, without_secrets
from llmops_cli.core.secret import Secret
from llmops_cli.errors import DeployError
from llmops_cli.targets.azure_containerapp.place import Place
from llmops_cli.targets.azure_containerapp.template import CONTAINER

#: The most lines that Azure looks back.
MOST_LINES = 300
_CONNECT_SECONDS = 10.0
#: Seconds without a byte; while a log is followed, Azure sends signs of life.
_SILENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Replica:
    """A running copy of a revision: where its container's log comes from, and how it is doing."""

    name: str
    log_url: str = ""
    state: str = ""
    restarts: int = 0


def replicas_of(place: Place, revision: str) -> tuple[Replica, ...]:
    """Return the copies of a revision."""
    with told(f"list the replicas of {revision}"):
        answer = place.client.container_apps_revision_replicas.list_replicas(
            place.group, place.app, revision
        )
        documents = [dict(one.as_dict()) for one in answer.value or ()]
    return tuple(_replica(document) for document in documents)


def token_of(place: Place) -> Secret:
    """Return the token that opens the streams of the app, for an hour."""
    with told(f"get a token for the logs of {place.app}"):
        answer = place.client.container_apps.get_auth_token(place.group, place.app)
    properties = answer.as_dict().get("properties") or {}
    return Secret(str(properties.get("token") or ""))


def lines_of(url: str, token: Secret, lines: int, *, follow: bool) -> Iterator[str]:
    """Yield the last lines of a stream, then, if followed, what comes until the other side ends.

    Raises:
        DeployError: the stream cannot be read.
    """
    parameters = {
        "follow": str(follow).lower(),
        "tailLines": str(min(lines, MOST_LINES)),
        "output": "text",
    }
    timeout = httpx2.Timeout(_CONNECT_SECONDS, read=None if follow else _SILENCE_SECONDS)
    headers = {"authorization": f"Bearer {token.reveal()}", "user-agent": "llmops"}
    transport = httpx2.HTTPTransport() if is_loopback(httpx2.URL(url).host) else None
    try:
        with (
            httpx2.Client(timeout=timeout, transport=transport) as client,
            client.stream("GET", url, params=parameters, headers=headers) as response,
        ):
            if response.status_code != 200:
                raise _unread(f"It answered {response.status_code}.")
            yield from response.iter_lines()
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise _unread(str(error)) from error


def _unread(why: str) -> DeployError:
    return DeployError(
        "Azure's log stream cannot be read.",
        evidence=without_secrets(why),
        next_step="Try again: llmops logs",
    )


def _replica(document: dict[str, object]) -> Replica:
    properties = document.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    found = properties.get("containers") or []
    container = next(
        (one for one in found if one.get("name") == CONTAINER), found[0] if found else {}
    )
    states = [
        properties.get("runningState"),
        container.get("runningState"),
        container.get("runningStateDetails") or properties.get("runningStateDetails"),
    ]
    return Replica(
        str(document.get("name") or ""),
        str(container.get("logStreamEndpoint") or ""),
        " ".join(dict.fromkeys(str(state) for state in states if state)),
        int(container.get("restartCount") or 0),
    )
