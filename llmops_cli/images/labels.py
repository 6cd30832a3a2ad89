"""The labels of an image: which commit it holds, from where, and what made it."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from llmops_cli import __version__
from llmops_cli.core.release import Release
from llmops_cli.errors import PreflightError
from llmops_cli.source import Source, run_git

_OCI = "org.opencontainers.image"
TREE = "llmops.tree"
MADE_BY = "llmops.version"
#: What the image was made with besides the commit: changes when a newer llmops makes it otherwise.
RECIPE = "llmops.recipe"


def tag_of(release: Release) -> str:
    """Return the tag of a release's image; revisions of a commit, which differ in secrets only,
    share it.
    """
    return release.id.partition(".")[0]


def building_tag_of(release: Release) -> str:
    """Return the tag of an image that a registry has built, until it was searched for secrets.

    `llmops prune` knows it too.
    """
    return f"building-{tag_of(release)}"


def labels_of(project: str, release: Release, source: Source, recipe: str) -> dict[str, str]:
    """Return what is known of an image before its base is."""
    remote = _remote(source)
    return {
        f"{_OCI}.title": project,
        f"{_OCI}.revision": release.commit,
        f"{_OCI}.version": tag_of(release),
        f"{_OCI}.created": release.committed_at.isoformat(),
        **({f"{_OCI}.source": remote} if remote else {}),
        "llmops.project": project,
        "llmops.release": tag_of(release),
        **identity(release, recipe),
    }


def base_labels(name: str, digest: str) -> dict[str, str]:
    """Return the labels that name the base image, which has a digest unless it was made here."""
    return {f"{_OCI}.base.name": name, **({f"{_OCI}.base.digest": digest} if digest else {})}


def identity(release: Release, recipe: str) -> Mapping[str, str]:
    """Return the labels that an image has if, and only if, it is the one of a release."""
    return {TREE: release.tree, MADE_BY: __version__, RECIPE: recipe}


def _remote(source: Source) -> str:
    """Return the address of the repository's origin, without a user or password in it."""
    try:
        asked = run_git(source.directory, ["remote", "get-url", "origin"])
    except PreflightError:
        return ""
    return web_address(asked.decode(errors="replace").strip())


def web_address(remote: str) -> str:
    """Return where people find a repository, or nothing: for a folder there is no such place.

    ``git@example.com:team/chat.git`` is ``https://example.com/team/chat``, as all forges have it.
    """
    scp = re.fullmatch(r"(?:[^@/]+@)?([^:/@]+):(?!/)(.+)", remote)
    url = urlsplit(f"ssh://{scp[1]}/{scp[2]}" if scp and "://" not in remote else remote)
    if url.scheme not in ("http", "https", "ssh", "git") or not url.hostname:
        return ""
    is_web = url.scheme in ("http", "https")
    port = f":{url.port}" if url.port and is_web else ""
    scheme = url.scheme if is_web else "https"
    return f"{scheme}://{url.hostname}{port}{url.path.removesuffix('.git')}"
