"""`[targets.NAME.infra]` of a target on AWS: what `llmops infra apply` makes for it."""

from llmops_cli.config.table import Table


class AwsInfra(Table):
    """What is made for a target of kind "aws"."""
