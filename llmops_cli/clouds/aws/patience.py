"""How long AWS has to answer, and how often it is asked again when it does not."""

from typing import TYPE_CHECKING

import llmops_cli

if TYPE_CHECKING:
    from botocore.config import Config

#: Attempts in all; the pauses between them are by chance, and add up to 31 seconds at most.
ATTEMPTS = 6
#: Seconds until a connection is there, and until something comes on it.
CONNECT_SECONDS, READ_SECONDS = 5, 60


def rules() -> "Config":
    """Return what every client is made with.

    The mode "standard" asks again where a request was throttled or came to nothing, and has a
    budget, so that a service in trouble is not made worse. What may be done twice is made safe by
    tokens and conditions in the requests themselves.
    """
    from botocore.config import Config

    return Config(
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        tcp_keepalive=True,
        user_agent_extra=f"llmops/{llmops_cli.__version__}",
    )
