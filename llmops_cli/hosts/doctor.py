"""What `llmops doctor` looks at on hosts."""

from llmops_cli.core.diagnosis import Probe
from llmops_cli.hosts.several import Hosts


def probes(hosts: Hosts) -> list[Probe]:
    """Return the looks at ssh, at every host and at what its bootstrap made."""
    raise NotImplementedError
