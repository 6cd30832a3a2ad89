"""Whether a registry has the image of a release already, or something else under its tag."""

from collections.abc import Mapping

from llmops_cli.core.image import Image
from llmops_cli.core.release import Release
from llmops_cli.errors import BuildError
from llmops_cli.images.labels import TREE
from llmops_cli.registries.oci import Published, Registry

#: The label that says which commit an image is of.
REVISION = "org.opencontainers.image.revision"
_SERVING = "What was serving is serving still."


def find_published(registry: Registry, name: str, release: Release) -> Image | None:
    """Return the image ``repository:tag`` of a release from the registry, or None for a free tag.

    Raises:
        AccessError: the registry refuses the login.
        BuildError: it does not answer, or the tag holds an image of something else.
    """
    found = registry.find(tag_in(name))
    return None if found is None else of_release(found, name, release)


def of_release(found: Published, name: str, release: Release) -> Image:
    """Return what was found under a name, if it is of the release.

    Raises:
        BuildError: it is of something else.
    """
    if _says(found.labels, release):
        return Image(name, id=found.configuration, digest=found.digest)
    revision = found.labels.get(REVISION)
    holds = f"an image of the commit {revision}" if revision else "an image without a commit"
    if revision == release.commit:
        holds = "an image of the same commit with other files"
    raise BuildError(
        f"The tag {name} is taken: it holds {holds}.",
        evidence=f"{found.digest}: {REVISION}={revision or '(none)'}, "
        f"{TREE}={found.labels.get(TREE) or '(none)'}",
        state=f"The tag was not changed. {_SERVING}",
        next_step=f"Remove {name} from the registry if nobody runs it, set another [image] "
        "repository, or make a new commit.",
    )


def _says(labels: Mapping[str, str], release: Release) -> bool:
    return labels.get(REVISION) == release.commit and labels.get(TREE) == release.tree


def require_labels(labels: Mapping[str, str], name: str, release: Release) -> None:
    """Raise a BuildError unless these are labels of an image of the release."""
    if not _says(labels, release):
        raise BuildError(
            f"The image {name} does not say that it is of the commit {release.commit[:12]}.",
            evidence=f"{REVISION}={labels.get(REVISION, '(none)')}, "
            f"{TREE}={labels.get(TREE, '(none)')}",
            state=f"Nothing was pushed. {_SERVING}",
            next_step="Build it again: llmops build",
        )


def tag_in(name: str) -> str:
    """Return the tag of ``repository:tag``."""
    return name.partition("@")[0].rpartition(":")[2]
