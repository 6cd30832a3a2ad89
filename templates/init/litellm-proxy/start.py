"""Starts LiteLLM as a release: it names the release, wants a key, and takes keys from files too."""

import atexit
import hmac
import json
import os
import sys
import tempfile
from pathlib import Path

#: The release that this process is; every answer says so.
RELEASE = os.environ.get("LLMOPS_RELEASE", "")
#: Open to everybody: probes that call no model and show nothing.
OPEN = frozenset(
    {"/", "/robots.txt", "/health/liveliness", "/health/liveness", "/health/readiness"}
)
#: Where callers of the various dialects put their key.
KEY_HEADERS = frozenset(
    {b"authorization", b"x-litellm-api-key", b"api-key", b"x-api-key", b"x-goog-api-key"}
)
#: Settings of LiteLLM by which others than it decide who may call.
OTHER_LOCKS = ("custom_auth", "enable_jwt_auth", "enable_oauth2_auth", "enable_oauth2_proxy_auth")
ROBOTS = b"User-agent: *\nDisallow: /\n"


class Door:
    """What every request passes before LiteLLM: ASGI middleware, so streams stay streams.

    The first of ``keys`` is the master key; those after it are older ones, good until they are
    dropped. Without a database there are no other keys, and LiteLLM would answer a wrong one with
    400 or 500: the door says 401.
    """

    def __init__(self, app, keys, is_locked_elsewhere):
        self.app, self.keys, self.is_locked_elsewhere = app, keys, is_locked_elsewhere

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            await self.ask(scope, receive, naming(send))
        elif scope["type"] == "lifespan" or self.admits(scope):
            await self.app(self.renewed(scope), receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def ask(self, scope, receive, send):
        if scope["path"] == "/robots.txt":
            await answer(send, 200, b"text/plain", ROBOTS)
        elif self.admits(scope):
            await self.app(self.renewed(scope), receive, send)
        else:
            error = {"message": "Invalid API key.", "type": "auth_error", "param": None}
            body = json.dumps({"error": {**error, "code": "401"}}).encode()
            await answer(send, 401, b"application/json", body)

    def admits(self, scope):
        """Whether LiteLLM is asked: without a key of ours it is not, where there are no others."""
        has_more_keys = self.is_locked_elsewhere or os.environ.get("DATABASE_URL")
        is_open = scope["path"] in OPEN or scope.get("method") == "OPTIONS"
        return bool(has_more_keys or is_open or self.shown(scope))

    def shown(self, scope):
        """Return the key of ours that a request shows, if it shows one."""
        headers = scope.get("headers", ())
        given = [bare(value) for name, value in headers if name in KEY_HEADERS]
        # All are compared, so that the time tells nobody which one was nearly right.
        found = [key for key in self.keys for value in given if hmac.compare_digest(key, value)]
        return found[0] if found else None

    def renewed(self, scope):
        """Put the master key in the place of an older one, which LiteLLM does not know."""
        if self.shown(scope) in (None, self.keys[0]):
            return scope
        headers = [
            (name, b"Bearer " + self.keys[0] if name == b"authorization" else self.keys[0])
            if name in KEY_HEADERS and bare(value) in self.keys
            else (name, value)
            for name, value in scope["headers"]
        ]
        return {**scope, "headers": headers}


def bare(value):
    """Return a key without the word that may stand before it."""
    word, _, key = value.strip().partition(b" ")
    return key.strip() if word.lower() == b"bearer" else value.strip()


def naming(send):
    """Return a way to answer that adds the name of the release."""

    async def named(message):
        if message["type"] == "http.response.start" and RELEASE:
            headers = [*message.get("headers", ()), (b"x-release", RELEASE.encode())]
            message = {**message, "headers": headers}
        await send(message)

    return named


async def answer(send, status, kind, body):
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def read_secret_files():
    """Make variables of secrets that are files: NAME_FILE leads to a folder NAME."""
    for name, place in [*os.environ.items()]:
        secret = name.removesuffix("_FILE")
        if secret != name and Path(place).parent.name == secret and secret not in os.environ:
            os.environ[secret] = Path(place).read_text(encoding="utf-8").strip()


def master_keys():
    keys = os.environ.get("LITELLM_MASTER_KEY", "").replace(",", " ").split()
    if not keys:
        sys.exit("LITELLM_MASTER_KEY is empty: without it, LiteLLM would answer anybody.")
    os.environ["LITELLM_MASTER_KEY"] = keys[0]
    return tuple(key.encode() for key in keys)


def canned(document):
    """Return settings with which every model answers with a text, without database and cache."""
    models = document.get("model_list") or []
    for entry in models:
        text = f"This is {entry['model_name']}. No model was asked: it is a test."
        entry["litellm_params"]["mock_response"] = text
    return {"model_list": models}


def written(document):
    """Return a file that holds settings, for as long as this process runs."""
    file, name = tempfile.mkstemp(suffix=".yaml")
    atexit.register(os.unlink, name)
    with os.fdopen(file, "w") as output:
        json.dump(document, output)  # JSON is YAML, too
    return name


def main():
    import yaml

    read_secret_files()
    keys = master_keys()
    config = os.environ.get("LITELLM_FILE") or str(Path(__file__).with_name("litellm.yaml"))
    document = yaml.safe_load(Path(config).read_text(encoding="utf-8"))
    if os.environ.get("LLMOPS_STAND_ALONE") == "on":
        document = canned(document)
        config = written(document)

    from litellm.proxy import proxy_server
    from litellm.proxy.proxy_cli import run_server

    general = document.get("general_settings") or {}
    locked = any(general.get(name) for name in OTHER_LOCKS)
    proxy_server.app.add_middleware(Door, keys=keys, is_locked_elsewhere=locked)
    port = os.environ.get("PORT", "4000")
    host = "0.0.0.0"  # noqa: S104 - inside a container
    # One process: the door is in this one, and more of them are more tasks or containers.
    run_server(["--config", config, "--host", host, "--port", port, "--num_workers", "1"])


if __name__ == "__main__":
    main()
