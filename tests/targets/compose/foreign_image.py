"""An image of a server that is not ours: an OpenAI-compatible API that names no release."""

import io
import secrets
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.checks.faulty_servers import KEY
from tests.engines import BASE
from tests.targets.compose.stack_project import docker

__all__ = ["KEY", "foreign_image"]

_CHECKS = Path(__file__).parents[2] / "checks"
_MAIN = """\
import os, sys
from http.server import ThreadingHTTPServer
from tests.checks import faulty_servers as servers
from tests.checks.good_api import GoodApi
answer = GoodApi(key=os.environ.get("LITELLM_MASTER_KEY") or servers.KEY, release=None)
answer.faults["GET /health/liveliness"] = lambda asked: servers.as_json("alive")
class Handler(servers._Handler):
    def answer(self, one):
        return answer(one)
class Server(ThreadingHTTPServer):
    request_queue_size = 1024
Server(("", int(os.environ.get("SERVE_AT", "9000"))), Handler).serve_forever()
"""
_DOCKERFILE = f"""\
FROM {BASE}
COPY . /opt
WORKDIR /opt
RUN printf '#!/bin/sh\\nSERVE_AT=4000 exec python3 /opt/main.py\\n' > /usr/local/bin/litellm \\
    && chmod 755 /usr/local/bin/litellm
ENV PYTHONPATH=/opt PYTHONDONTWRITEBYTECODE=1
USER 4242:4242
CMD ["python3", "/opt/main.py"]
"""


@contextmanager
def foreign_image() -> Iterator[str]:
    """Make the image, yield its name, and remove it. It stands in for LiteLLM's, too."""
    name = f"llmops-test-{secrets.token_hex(4)}:1.0"
    docker("build", "--tag", name, "-", input=_context())
    try:
        yield name
    finally:
        docker("image", "rm", "--force", name)


def _context() -> bytes:
    files = {"Dockerfile": _DOCKERFILE, "main.py": _MAIN}
    files |= {"tests/__init__.py": "", "tests/checks/__init__.py": ""}
    for module in ("faulty_servers.py", "good_api.py"):
        files[f"tests/checks/{module}"] = (_CHECKS / module).read_text()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path, text in files.items():
            info = tarfile.TarInfo(path)
            info.size, info.mode = len(text.encode()), 0o644
            tar.addfile(info, io.BytesIO(text.encode()))
    return packed.getvalue()
