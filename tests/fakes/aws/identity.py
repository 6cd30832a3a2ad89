"""Who may ask the fake AWS: keys of access, and what AWS says of those that it does not take."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

ACCOUNT = "123456789012"
REGION = "eu-west-1"
KEY = "AKIALLMOPSFAKE000001"
#: Gives away in whatever text it appears that a secret has leaked.
SECRET = "aws-sentinel+key/9e1f7c2d5a4b3c8d6e7f0a1b"
_SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>\w+)/\d{8}/(?P<region>[\w-]+)/(?P<service>[\w-]+)"
    r"/aws4_request,\s*SignedHeaders=[\w;-]+,\s*Signature=[0-9a-f]{64}"
)


@dataclass
class Identity:
    """The keys that are good: the one that was given out, and those that STS makes for somebody.

    ``expired`` are those that are good no longer.
    """

    seen: set[str] = field(default_factory=set)
    expired: set[str] = field(default_factory=set)

    def expire(self) -> None:
        """Let every key that was used until now be refused."""
        self.expired |= self.seen

    def trouble_with(self, headers: Mapping[str, str], url_query: str) -> tuple[str, str] | None:
        """Return the code and the message with which a request is refused; None for none."""
        signed = signature_of(headers, url_query)
        if signed is None:
            return ("MissingAuthenticationToken", "Request is missing Authentication Token")
        key = signed[0]
        self.seen.add(key)
        if key in self.expired:
            return ("ExpiredToken", "The security token included in the request is expired")
        is_temporary = key.startswith("ASIA") and headers.get("X-Amz-Security-Token")
        if key != KEY and not is_temporary:
            return (
                "InvalidClientTokenId",
                "The security token included in the request is invalid.",
            )
        return None


def signature_of(headers: Mapping[str, str], url_query: str = "") -> tuple[str, str] | None:
    """Return the key and the service that a request is signed for; None where it is not signed."""
    found = _SIGNED.fullmatch(headers.get("Authorization", ""))
    if found:
        return found["key"], found["service"]
    in_url = re.search(
        r"X-Amz-Credential=(\w+)(?:/|%2F)\d{8}(?:/|%2F)[\w-]+(?:/|%2F)([\w-]+)", url_query
    )
    return (in_url[1], in_url[2]) if in_url else None
