"""The services of a profile as containers, with images that stand in for the real ones."""

import io
import json
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmops_cli.stacks.rendered_services import render_services, volumes_of
from llmops_cli.stacks.service import Service, config_volume, secret_volume
from tests.targets.compose.stacks import placed, services

#: Each in the place of its own image: its user, its folders, how it starts. Prometheus is real.
_DOCKERFILE = """\
FROM python:3.13-slim AS base
RUN apt-get update -qq \\
 && apt-get install -y -qq --no-install-recommends prometheus wget >/dev/null \\
 && rm -rf /var/lib/apt/lists/*
COPY stand_in.py /stand_in.py
RUN for name in litellm mlflow text-embeddings-router qdrant grafana api; do \\
      printf '#!/bin/sh\\nexec python3 -c "import sys; sys.argv[0] = \\\\"%s\\\\"; \\
exec(open(\\\\"/stand_in.py\\\\").read())" "$@"\\n' "$name" >"/usr/local/bin/$name"; \\
      chmod 755 "/usr/local/bin/$name"; \\
    done \\
 && mkdir -p /qdrant/storage /prometheus /var/lib/grafana \\
 && printf '#!/bin/sh\\nexec qdrant "$@"\\n' >/qdrant/entrypoint.sh \\
 && chmod 755 /qdrant/entrypoint.sh \\
 && chown -R 1000:1000 /qdrant && chown 65534:65534 /prometheus && chown 472 /var/lib/grafana

FROM base AS qdrant
USER 1000:1000
WORKDIR /qdrant
ENTRYPOINT ["./entrypoint.sh"]

FROM base AS prometheus
USER 65534:65534
ENTRYPOINT ["/usr/bin/prometheus"]

FROM base AS grafana
USER 472
ENTRYPOINT ["grafana"]
"""
#: What Prometheus finds by the name of every release.
_RELEASE = """\
services:
  release:
    image: {image}
    entrypoint: [api]
    networks: {{default: {{aliases: [api]}}}}
    volumes: ["{secret}:/run/secrets/PROMETHEUS_KEY:ro"]
{services}
volumes:
"""
_STAGES = {"qdrant": "qdrant", "prometheus": "prometheus", "grafana": "grafana"}


def docker(*arguments: str, input: bytes = b"") -> str:
    """Run docker, which must succeed."""
    done = subprocess.run(["docker", *arguments], input=input, capture_output=True, check=False)
    assert done.returncode == 0, (arguments, done.stderr.decode()[-2000:])
    return done.stdout.decode()


@dataclass(frozen=True)
class RunningStack:
    """A stack by its name, with what it was made from."""

    name: str
    services: tuple[Service, ...]
    secrets: Mapping[str, str]
    text: str

    @property
    def container_names(self) -> Sequence[str]:
        return [f"{self.name}-{service.name}-1" for service in self.services]

    def up(self) -> None:
        for service in self.services:
            if service.files:
                _fill(config_volume(self.name, service), service.files)
        for name, value in self.secrets.items():
            _fill(secret_volume(self.name, name, "1"), {"value": value})
        self.compose("up", "--detach", "--wait", "--quiet-pull")

    def compose(self, *words: str) -> str:
        command = ("compose", "--project-name", self.name, "--file", "-")
        return docker(*command, *words, input=self.text.encode())

    def inspected(self, service: str) -> dict[str, Any]:
        [found] = json.loads(docker("container", "inspect", f"{self.name}-{service}-1"))
        return found

    def health(self, service: str) -> int:
        """Ask as the engine asks, and return the exit status."""
        _kind, *command = self.inspected(service)["Config"]["Healthcheck"]["Test"]
        asked = ["docker", "exec", f"{self.name}-{service}-1", *command]
        return subprocess.run(asked, capture_output=True, check=False).returncode

    def run(self, service: str, *command: str) -> str:
        return docker("exec", f"{self.name}-{service}-1", *command)

    def remove(self) -> None:
        """Remove what bears the stack's name, and nothing else."""
        self.compose("down", "--volumes", "--timeout", "1")
        names = {
            mount.volume for mount in volumes_of(self.services, placed(self.services, self.name))
        }
        names |= {secret_volume(self.name, name, "1") for name in self.secrets}
        subprocess.run(["docker", "volume", "rm", *names], capture_output=True, check=False)
        images = {service.image for service in self.services}
        subprocess.run(["docker", "image", "rm", *images], capture_output=True, check=False)


def production(name: str, folder: Path, ports: tuple[int, int]) -> RunningStack:
    """Build the images and return the stack of the profile `production`, not yet started."""
    names = [service.name for service in services("production")]
    images = {service: f"{name}:{service}" for service in names}
    (folder / "stand_in.py").write_bytes(Path(__file__).with_name("stand_in.py").read_bytes())
    (folder / "Dockerfile").write_text(_DOCKERFILE)
    for service, image in images.items():
        docker("build", "-q", "--target", _STAGES.get(service, "base"), "-t", image, str(folder))
    listed = ", ".join(f'{service} = "{image}"' for service, image in images.items())
    extra = f"images = {{ {listed} }}"
    found = services("production", extra, ports)
    secrets = {n: f"value-of-{n}-{name}" for n in placed(found).secret_versions}
    place = placed(found, name)
    text = _RELEASE.format(
        image=images["litellm"],
        secret=secret_volume(name, "PROMETHEUS_KEY", "1"),
        services=render_services(found, place),
    )
    for mount in volumes_of(found, place):
        external = "external: true" if mount.is_external else "labels: {}"
        text += f"  {mount.volume}: {{name: {mount.volume}, {external}}}\n"
    return RunningStack(name, found, secrets, text)


def _fill(volume: str, files: Mapping[str, str]) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path, text in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(text.encode()), 0o444
            tar.addfile(entry, io.BytesIO(text.encode()))
    docker("volume", "create", volume)
    command = ("run", "--rm", "-i", "-v", f"{volume}:/volume", "python:3.13-slim")
    docker(*command, "tar", "-x", "-C", "/volume", input=packed.getvalue())
