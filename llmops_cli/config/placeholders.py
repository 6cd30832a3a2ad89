"""Names of hosts that stand in a new project until the operator writes the real ones."""

from llmops_cli.config.host_target import HostTarget
from llmops_cli.errors import PreflightError

#: Reserved for documents (RFC 2606): no host has such a name.
_RESERVED = ("example.com", "example.net", "example.org", "example")


def placeholders(settings: HostTarget) -> tuple[str, ...]:
    """Return the keys of a target that still name hosts which cannot be.

    The name that clients ask may be one where ``public_url`` says how this machine asks instead.
    """
    found = [f'hosts = "{host}"' for host in settings.hosts if _is_reserved(host)]
    if settings.public_url is None and _is_reserved(settings.server_name):
        found.append(f'server_name = "{settings.server_name}"')
    return tuple(found)


def refusal(settings: HostTarget) -> PreflightError | None:
    """Return why no host can be asked: the project still has names that stand for others."""
    found = placeholders(settings)
    if not found:
        return None
    return PreflightError(
        "The project does not name its hosts yet.",
        evidence="\n".join(f"{key} stands for a name of your own" for key in found),
        state="Nothing was changed, and no host was asked.",
        next_step="Set hosts and server_name of the target in llmops.toml.",
    )


def _is_reserved(host: str) -> bool:
    name = host.rpartition("@")[2].lower()
    return any(name == each or name.endswith(f".{each}") for each in _RESERVED)
