"""An image that starts as LiteLLM's does, and answers as it does."""

import io
import secrets
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.engines import BASE
from tests.targets.compose.running_stack import docker

_STAND_IN = Path(__file__).parents[1] / "compose" / "stand_in.py"
_DOCKERFILE = f"""\
FROM {BASE}
COPY stand_in.py /stand_in.py
RUN printf '#!/bin/sh\\nexec python3 -c "import sys; sys.argv[0] = \\\\"litellm\\\\"; \\
exec(open(\\\\"/stand_in.py\\\\").read())" "$@"\\n' >/usr/local/bin/litellm \\
 && chmod 755 /usr/local/bin/litellm
"""


@contextmanager
def stand_in_image() -> Iterator[str]:
    """Make the image, yield its name, and remove it."""
    name = f"llmops-test-{secrets.token_hex(4)}:1"
    docker("build", "-q", "-t", name, "-", input=_context())
    try:
        yield name
    finally:
        subprocess.run(["docker", "image", "rm", name], capture_output=True, check=False)


def _context() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, data in (
            ("Dockerfile", _DOCKERFILE.encode()),
            ("stand_in.py", _STAND_IN.read_bytes()),
        ):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return packed.getvalue()
