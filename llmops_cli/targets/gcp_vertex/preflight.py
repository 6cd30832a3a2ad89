"""Looks for what would make a deploy to Vertex AI fail. Changes nothing."""

from collections.abc import Iterator

from llmops_cli.clouds.gcp.registry_login import is_artifact_registry
from llmops_cli.core.release import Release
from llmops_cli.core.target import Problem
from llmops_cli.errors import PreflightError
from llmops_cli.targets.gcp_vertex.place import Place, Seen
from llmops_cli.targets.gcp_vertex.variables import MOST

_INFRA = "llmops infra apply"
#: Variables that we add to those of a release.
_ADDED = 7


def preflight(place: Place, seen: Seen, release: Release) -> Iterator[Problem]:
    """Look at the project file first, then at the endpoint."""
    if not place.is_ours:
        yield Problem(
            "Behind Vertex AI only the API of llmops can be told apart from another release: the "
            "image is of another kind.",
            'Leave [image] dockerfile and image away, or use a target of kind "gcp-run".',
        )
    if release.secret_versions and place.configured.service_account is None:
        yield Problem(
            "The target has no `service_account`, as whom the release reads its secrets.",
            _set("service_account"),
        )
    yield from _of_names(release)
    yield from _of_machines(place)
    if seen.endpoint is not None:
        yield from _of_others(seen)


def require_image(place: Place, image: str) -> None:
    """Make sure that Google can pull an image.

    Raises:
        PreflightError: it is in another registry than Artifact Registry.
    """
    host = image.partition("/")[0]
    # A Google with addresses of its own has registries of other names.
    is_elsewhere = place.configured.endpoints.aiplatform is not None
    if not is_artifact_registry(host) and not is_elsewhere:
        raise PreflightError(
            f"Vertex AI takes images from Artifact Registry only, and {host} is none.",
            next_step=f"{_INFRA}, or set [image] repository in llmops.toml to "
            f"{place.account.location}-docker.pkg.dev/{place.account.project}/… and commit.",
        )


def _of_names(release: Release) -> Iterator[Problem]:
    for name in sorted(set(release.settings) & set(release.secret_versions)):
        yield Problem(
            f"{name} is a secret and a setting as well.", "Rename it in llmops.toml and commit."
        )
    if len(release.settings) + _ADDED > MOST:
        yield Problem(
            f"The release has {len(release.settings) + _ADDED} variables, and Vertex AI takes "
            f"{MOST}.",
            "Make fewer settings in llmops.toml and commit.",
        )
    for name in sorted(name for name in release.settings if name.startswith("AIP_")):
        yield Problem(
            f"{name} is a variable of Vertex AI's own.", "Rename it in llmops.toml and commit."
        )


def _of_machines(place: Place) -> Iterator[Problem]:
    configured = place.configured
    if configured.max_replicas < configured.min_replicas:
        yield Problem(
            f"`max_replicas` is {configured.max_replicas}, less than `min_replicas`.",
            f"Set max_replicas = {configured.min_replicas} or more in llmops.toml and commit.",
        )


def _of_others(seen: Seen) -> Iterator[Problem]:
    assert seen.endpoint is not None
    known = {version.id for version in seen.versions}
    foreign = [one for one in seen.endpoint.deployed if one.version not in known or not one.version]
    carrying = [one for one in foreign if one.id in seen.endpoint.traffic]
    if carrying:
        yield Problem(
            f"{carrying[0].name or carrying[0].id}, which llmops did not deploy, has traffic of "
            "the endpoint.",
            "Set another `endpoint` in llmops.toml, or undeploy it: gcloud ai endpoints "
            f"undeploy-model {seen.endpoint.name} --deployed-model-id={carrying[0].id}",
        )


def _set(key: str) -> str:
    return f"{_INFRA}, or set `{key}` in llmops.toml and commit."
