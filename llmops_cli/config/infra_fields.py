"""The kinds of values that `[targets.NAME.infra]` holds in every cloud."""

from typing import Annotated

from pydantic import Field

from llmops_cli.config.fields import Rule

GitHubRepository = Annotated[
    str, Rule(r"^[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}$", "owner/name, as on GitHub")
]
GitHubId = Annotated[int, Field(ge=1)]
Environment = Annotated[
    str, Rule(r"^[A-Za-z0-9._ -]{1,255}$", "the name of an environment of GitHub")
]
Email = Annotated[str, Rule(r"^[^@\s]{1,64}@[^@\s]{1,190}$", "an e-mail address")]
Network = Annotated[
    str,
    Rule(
        r"^(10|172|192)(\.[0-9]{1,3}){3}/(1[0-9]|20)$",
        "a private network of at least a /20, such as 10.60.0.0/16",
    ),
]
Cidr = Annotated[
    str,
    Rule(
        r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/([0-9]|[12][0-9]|3[0-2])$",
        "a network, such as 203.0.113.0/24",
    ),
]
DnsName = Annotated[
    str,
    Rule(
        r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.){1,10}[a-z]{2,63}$",
        "a name of the DNS, such as chat.example.com",
    ),
]
