"""The files that a stack runs a release with, for people to read."""

from llmops_cli.core.release import Release
from llmops_cli.stacks.stack import GATEWAY, service_of
from llmops_cli.targets.compose.records import Record
from llmops_cli.targets.compose.site import Site


def documents_of(site: Site, release: Release) -> dict[str, str]:
    """Return the compose file, and the configuration of each service in a folder of its name."""
    service, beside = service_of(release), site.beside()
    found = {"compose.yaml": site.file(release, service).text()}
    for entry in site.gateway_files(Record(release=release.id, service=service), release):
        found[f"{GATEWAY}/{entry.path}"] = (entry.data or b"").decode()
    for files in beside.files:
        name = files.service
        found |= {f"{name}/{path}": text for path, text in files.texts.items()}
    return found
