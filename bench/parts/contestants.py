"""The gateways that are compared: what starts each of them in front of one upstream."""

import json
import os
import secrets
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.project import free_port

KEY = "bench-key-4d1c9b7e02aa51f3"
MODEL = "m"

_NGINX = """
daemon off; master_process off; worker_processes 1;
pid %(folder)s/nginx-%(port)d.pid; error_log %(folder)s/error.log;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 10000000;
  client_body_temp_path %(folder)s/t1; proxy_temp_path %(folder)s/t2;
  fastcgi_temp_path %(folder)s/t3; uwsgi_temp_path %(folder)s/t4; scgi_temp_path %(folder)s/t5;
  %(body)s
}
"""
_ANSWER = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": MODEL,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello there, how are you today?"},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 9, "completion_tokens": 8, "total_tokens": 17},
    },
    separators=(",", ":"),
)


@dataclass(frozen=True)
class Contestant:
    """How a server is started, where it takes chats, and what each request carries besides."""

    name: str
    command: tuple[str, ...]
    port: int
    ready: str = "/"
    environment: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where chat completions are posted."""
        return f"http://127.0.0.1:{self.port}/v1/chat/completions"


def upstream(folder: Path) -> Contestant:
    """An nginx that always gives the same answer."""
    port = free_port()
    body = (
        f"server {{ listen 127.0.0.1:{port} backlog=4096; location / {{"
        f" default_type application/json; return 200 '{_ANSWER}'; }} }}"
    )
    return Contestant("direct", _nginx(folder, port, body), port)


def nginx(folder: Path, upstream_port: int) -> Contestant:
    """An nginx that passes everything on: what a proxy in C costs."""
    port = free_port()
    body = (
        f"upstream u {{ server 127.0.0.1:{upstream_port}; keepalive 64; }}"
        f"server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ proxy_pass http://u;"
        ' proxy_http_version 1.1; proxy_set_header Connection ""; } }'
    )
    return Contestant("nginx proxy", _nginx(folder, port, body), port)


def llmops(folder: Path, upstream_port: int) -> Contestant:
    """Our API with everything on: keys, limits, metrics, circuit breaker, and its log in a file."""
    port = free_port()
    entry = {
        "name": "upstream",
        "base_url": f"http://127.0.0.1:{upstream_port}/v1",
        "auth": "none",
        "models": [MODEL],
    }
    environment = {
        "LLMOPS_API_KEY": KEY,
        "LLMOPS_UPSTREAMS": json.dumps([entry]),
        "LLMOPS_MODEL": MODEL,
        "LLMOPS_RATE_LIMIT": "1000000",
        "LLMOPS_MAX_CONCURRENT": "5000",
        "LLMOPS_DATA_DIR": str(folder / "data"),
        "PORT": str(port),
    }
    command = (sys.executable, "-m", "llmops_cli.serve")
    headers = {"Authorization": f"Bearer {KEY}"}
    return Contestant("llmops", command, port, "/health", environment, headers)


def litellm(folder: Path, upstream_port: int) -> Contestant | None:
    """LiteLLM's proxy, where the program is installed: on the PATH, or named by $LITELLM."""
    program = os.environ.get("LITELLM") or shutil.which("litellm")
    if not program:
        return None
    port = free_port()
    config = folder / "litellm.json"
    parameters = {
        "model": f"openai/{MODEL}",
        "api_base": f"http://127.0.0.1:{upstream_port}/v1",
        "api_key": "none",
    }
    config.write_text(
        json.dumps({"model_list": [{"model_name": MODEL, "litellm_params": parameters}]})
    )
    command = (program, "--config", str(config), "--port", str(port), "--host", "127.0.0.1")
    key = f"sk-{KEY}-{secrets.token_hex(16)}"
    environment = {
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_LOG": "ERROR",
        "LITELLM_MASTER_KEY": key,
    }
    headers = {"Authorization": f"Bearer {key}"}
    return Contestant("LiteLLM", command, port, "/health/liveliness", environment, headers)


def portkey(folder: Path, upstream_port: int) -> Contestant | None:
    """Portkey's gateway, where $PORTKEY names the start-server.js of its npm package."""
    script, node = os.environ.get("PORTKEY"), shutil.which("node")
    if not script or not node:
        return None
    port = free_port()
    headers = {
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": f"http://127.0.0.1:{upstream_port}/v1",
        "Authorization": "Bearer none",
    }
    command = (node, script, f"--port={port}", "--headless")
    environment = {"NODE_ENV": "production"}
    return Contestant("Portkey", command, port, "/", environment, headers)


#: All that can stand between wrk and the upstream.
GATEWAYS = (nginx, llmops, litellm, portkey)


def _nginx(folder: Path, port: int, body: str) -> tuple[str, ...]:
    config = folder / f"nginx-{port}.conf"
    config.write_text(_NGINX % {"folder": folder, "port": port, "body": body})
    return ("nginx", "-c", str(config), "-p", str(folder))
