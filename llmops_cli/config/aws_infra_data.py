"""What holds data for a target on AWS, where the project wants it: database and cache."""

from typing import Annotated, Literal

from pydantic import Field

from llmops_cli.config.fields import Rule
from llmops_cli.config.table import Table


class Postgres(Table):
    """A PostgreSQL server that only the tasks reach; its address becomes a secret."""

    instance: Annotated[
        str, Rule(r"^db\.[a-z0-9]{2,12}\.[a-z0-9]{2,12}$", "a size, such as db.t4g.micro")
    ] = Field(default="db.t4g.micro", description="Size of the server.")
    version: Literal["14", "15", "16", "17"] = Field(
        default="17", description="Major version of PostgreSQL."
    )
    storage_gb: int = Field(
        default=20, ge=20, le=65536, description="Storage in GiB; it grows to five times that."
    )
    backup_days: int = Field(default=7, ge=1, le=35, description="Days that backups are kept.")
    multi_az: bool = Field(
        default=False, description="Whether a standby in another zone takes over."
    )


class Redis(Table):
    """A Valkey that only the tasks reach, by TLS and with a token; its address becomes a secret."""

    node: Annotated[
        str,
        Rule(r"^cache\.[a-z0-9]{2,12}\.[a-z0-9]{2,12}$", "a size, such as cache.t4g.micro"),
    ] = Field(default="cache.t4g.micro", description="Size of each node.")
    replicas: int = Field(default=0, ge=0, le=5, description="Nodes that can take over.")
