"""Reads what a local target is doing, from its supervisor and its processes."""

import importlib.util
import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llmops_cli.core.release import Release, State
from llmops_cli.core.target import Problem
from llmops_cli.targets.local.channel import Channel, NoAnswerError
from llmops_cli.targets.local.client import Client
from llmops_cli.targets.local.instance import address_of, url_of
from llmops_cli.targets.local.layout import Layout
from llmops_cli.targets.local.store import Store

#: Modules of the extras that a release process imports.
_SERVE_MODULES = ("fastapi", "uvicorn", "httptools", "tenacity", "orjson")
_ENGINE_MODULE = "xllamacpp"


def inspect(layout: Layout, client: Client, configured: Mapping[str, str]) -> State:
    """Say what serves, what should, and what is wrong where they differ.

    ``configured`` is what the project file says of the address, for when nothing was deployed.
    """
    store = Store(layout)
    recorded = store.live()
    release = store.read(recorded.release) if recorded else None
    previous = store.previous_of(recorded.release) if recorded else None
    url = url_of(release.settings if release else configured)
    try:
        told = client.ask("state")
    except NoAnswerError:
        live, trouble, remedy = _without_supervisor(layout, store, release)
        if recorded and recorded.is_stopped:
            trouble, remedy = "It was stopped by an operator.", "llmops start"
        return State(url, live, release, previous, trouble, remedy)
    live = store.read(told["live"]) if told["live"] and told["running"] else None
    url = url_of(live.settings) if live else url
    facts = {"supervisor": str(told["pid"]), "restarts": str(told["restarts"])}
    trouble = _trouble(told, release)
    remedy = "llmops logs" if trouble else ""
    return State(url, live, release, previous, trouble, remedy, facts)


def preflight(layout: Layout, client: Client, release: Release) -> Sequence[Problem]:
    """Look for a missing extra and a taken port, without changing anything."""
    return [*_missing_extras(release), *_taken_port(layout, client, release)]


def orphans(layout: Layout) -> Iterator[dict[str, Any]]:
    """Yield the status of every release process that answers, for when no supervisor does."""
    for path in sorted(layout.run.glob("*.instance")) if layout.run.is_dir() else ():
        try:
            channel = Channel(path, timeout=2)
        except NoAnswerError:
            continue
        try:
            yield channel.ask("status")
        except NoAnswerError:
            continue
        finally:
            channel.close()


def _without_supervisor(
    layout: Layout, store: Store, recorded: Release | None
) -> tuple[Release | None, str, str]:
    serving = next((found for found in orphans(layout) if found["accepting"]), None)
    if serving is not None:
        trouble = (
            f"The supervisor is not running. {serving['release']} serves by itself "
            f"(process {serving['pid']}); nobody restarts it if it ends."
        )
        return store.read(serving["release"]), trouble, "llmops start"
    if recorded is not None:
        return None, "The supervisor is not running and nothing serves.", "llmops start"
    return None, "", ""


def _trouble(told: dict[str, Any], recorded: Release | None) -> str:
    if recorded is None:
        return f"The folder of {told['live']} is missing or damaged." if told["live"] else ""
    if not told["running"]:
        return f"{recorded.id} is not running; it ended with status {told['exit_code']}."
    if told["restarts"]:
        return f"{recorded.id} was restarted {told['restarts']} times of late."
    if told["live"] != recorded.id:
        return f"{told['live']} has the traffic, and a deploy has not settled yet."
    return ""


def _missing_extras(release: Release) -> Iterator[Problem]:
    if not all(importlib.util.find_spec(name) for name in _SERVE_MODULES):
        yield Problem(
            "The packages that serve the API are not installed.",
            "pip install 'llmops-cli[serve]'",
        )
    upstreams = json.loads(release.settings.get("LLMOPS_UPSTREAMS", "[]"))
    needs_engine = any("gguf" in upstream for upstream in upstreams)
    if needs_engine and importlib.util.find_spec(_ENGINE_MODULE) is None:
        yield Problem("The local engine is not installed.", "pip install 'llmops-cli[engine]'")


def _taken_port(layout: Layout, client: Client, release: Release) -> Iterator[Problem]:
    address = address_of(release)
    reason = _why_not_free(address)
    if reason and address not in _own_addresses(layout, client):
        yield Problem(
            f"{address} cannot be listened on: {reason}.",
            "Stop what uses it, or set another `port` in llmops.toml and commit.",
        )


def _own_addresses(layout: Layout, client: Client) -> set[str]:
    """Return the addresses that are ours already: the supervisor's, or without one those of the
    processes that it left.
    """
    try:
        return set(client.ask("state")["addresses"])
    except NoAnswerError:
        serving = (found["release"] for found in orphans(layout) if found["accepting"])
        releases = (Store(layout).read(release) for release in serving)
        return {address_of(release) for release in releases if release is not None}


def _why_not_free(address: str) -> str:
    host, _colon, port = address.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, int(port)), family=family).close()
    except OSError as error:
        return error.strerror or str(error)
    return ""
