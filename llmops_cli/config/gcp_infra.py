"""`[targets.NAME.infra]` of a target on Google Cloud: what `llmops infra apply` makes for it."""

from llmops_cli.config.table import Table


class GcpInfra(Table):
    """What is made for a target of either kind on Google Cloud."""
