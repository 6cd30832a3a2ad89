"""The site of nginx: TLS, limits and times in step with the API's, and the one upstream."""

from llmops_cli.config.host_target import HostTarget
from llmops_cli.config.model import Config
from llmops_cli.hosts.facts import HostFacts
from llmops_cli.hosts.layout import HostLayout


def site_of(config: Config, settings: HostTarget, layout: HostLayout, facts: HostFacts) -> str:
    """Return the text of the site for a host's version of nginx; no secret is in it."""
    raise NotImplementedError
