"""Who calls: a name to write into logs, and the tenant whose data it may see."""

from dataclasses import dataclass

#: The tenant of keys that name none, and of anonymous callers.
DEFAULT_TENANT = "default"


@dataclass(frozen=True, slots=True)
class Caller:
    """One that has been let in. ``role`` is empty for keys, which have none.

    Two callers of one tenant see the same sessions; callers of different tenants see nothing of
    each other.
    """

    name: str
    tenant: str = DEFAULT_TENANT
    role: str = ""


#: Whoever calls an API that asks nobody for a credential.
ANONYMOUS = Caller("anonymous")

#: Whoever the platform has let in, such as Google who asks Vertex AI. It does not say who that is.
PLATFORM = Caller("platform")
