"""Makes sure that a task can pull an image: it is in the registry, for the right processors."""

import json
from collections.abc import Iterator
from typing import Any

from llmops_cli.clouds.aws.registry_login import region_of_registry
from llmops_cli.core.release import Release
from llmops_cli.core.target import Problem
from llmops_cli.errors import PreflightError
from llmops_cli.targets.aws_ecs.place import UNTOUCHED, Place

#: What registries call the processors that ECS knows by another name.
_PROCESSORS = {"x86_64": "amd64", "arm64": "arm64"}
_TYPES = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
]


def require(place: Place, release: Release) -> None:
    """Make sure that the image of a release can be pulled.

    Raises:
        PreflightError: it cannot.
    """
    for problem in problems(place, release.image):
        raise PreflightError(problem.what, next_step=problem.fix)


def problems(place: Place, image: str) -> Iterator[Problem]:
    """Yield what is wrong with an image; one that is not in a registry of AWS is not looked at."""
    host, _, rest = image.partition("/")
    region = region_of_registry(host)
    name, _, digest = rest.partition("@")
    if not image or region is None or region != place.account.region:
        return
    if not digest:
        yield Problem(f"{image} is named by tag, which may be another image tomorrow.", _DEPLOY)
        return
    manifest = _manifest(place, host, name, digest)
    if manifest is None:
        yield Problem(f"The registry has no image {image}.", "llmops image push, or: llmops deploy")
        return
    wanted = _PROCESSORS[place.configured.architecture]
    found = processors_of(manifest)
    if found and wanted not in found:
        yield Problem(
            f"{image} is for {', '.join(sorted(found))}; tasks run on {wanted}.",
            f'Set architecture in llmops.toml, or [image] platform = "linux/{wanted}".',
        )


_DEPLOY = "llmops deploy, which names it by digest"


def _manifest(place: Place, host: str, name: str, digest: str) -> dict[str, Any] | None:
    client = place.account.client("ecr")
    repository = name.partition(":")[0]
    with place.account.told(f"look for the image {digest} in {repository}", state=UNTOUCHED):
        try:
            answer = client.batch_get_image(
                registryId=host.partition(".")[0],
                repositoryName=repository,
                imageIds=[{"imageDigest": digest}],
                acceptedMediaTypes=_TYPES,
            )
        except client.exceptions.RepositoryNotFoundException:
            return None
    found = answer.get("images") or ()
    return json.loads(found[0]["imageManifest"]) if found else None


def processors_of(manifest: dict[str, Any]) -> set[str]:
    """Return the processors that an index has images for; one image does not say its own here."""
    platforms = [one.get("platform") or {} for one in manifest.get("manifests") or ()]
    return {
        str(one["architecture"])
        for one in platforms
        if one.get("architecture") not in (None, "unknown")
    }
