"""A container registry of Azure: its tokens, what it keeps, and how it shows as a resource."""

import json
import secrets as chance
import ssl
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.azure.entra import Entra
from tests.fakes.azure.registry_pages import AzurePages
from tests.fakes.call import Call, Handler, Reply, refusal
from tests.fakes.registry import RegistryServer

#: Whom tokens for registries are for, in every cloud.
AUDIENCE = "https://containerregistry.azure.net"
ARM_AUDIENCE = "https://management.azure.com"
#: The user that stands for "the password is a token".
USER = "00000000-0000-0000-0000-000000000000"
_ACTIONS = {"AcrPull": {"pull"}, "AcrPush": {"pull", "push"}, "AcrDelete": {"delete"}}


@dataclass
class Tokens:
    """Who may do what: tokens of Entra ID become refresh tokens, and those become access tokens.

    ``roles`` are those of the caller at this registry. ``takes_arm_tokens`` is the registry's
    policy `azureADAuthenticationAsArm`, which careful people turn off.
    """

    entra: Entra
    roles: set[str] = field(default_factory=lambda: {"AcrPush", "AcrDelete"})
    takes_arm_tokens: bool = False
    refresh: set[str] = field(default_factory=set)
    access: dict[str, set[str]] = field(default_factory=dict)
    exchanges: int = 0

    def exchanged(self, form: Mapping[str, str], host: str) -> str | None:
        """Return a refresh token for a token of Entra ID, or None."""
        self.exchanges += 1
        audiences = [AUDIENCE, *([ARM_AUDIENCE] if self.takes_arm_tokens else [])]
        is_asked = form.get("grant_type") == "access_token" and form.get("service") == host
        shown = {"Authorization": f"Bearer {form.get('access_token', '')}"}
        is_good = any(self.entra.trouble_with(shown, one) is None for one in audiences)
        if not (is_asked and is_good and self.roles):
            return None
        token = _token({"grant_type": "refresh_token"}, hours=3)
        self.refresh.add(token)
        return token

    def given(self, basic: str, form: Mapping[str, str]) -> str | None:
        """Return an access token for a refresh token, with what the caller's roles let it do."""
        shown = form.get("refresh_token", "")
        if basic:
            user, _, shown = b64decode(basic).decode().partition(":")
            shown = shown if user == USER else ""
        if shown not in self.refresh:
            return None
        may = set().union(*(_ACTIONS[role] for role in self.roles))
        token = _token({"grant_type": "access_token"}, hours=1)
        asked = [scope.rpartition(":") for scope in form.get("scope", "").split()]
        self.access[token] = {
            f"{name}:{action}" for name, _, each in asked for action in set(each.split(",")) & may
        }
        return token

    def may(self, token: str, repository: str, action: str) -> bool:
        """Whether an access token is good for something."""
        granted = self.access.get(token)
        if granted is None or not repository:
            return granted is not None
        return f"repository:{repository}:{action}" in granted


class Registry(RegistryServer):
    """A registry whose tokens are those of an Entra ID.

    ``said`` is a text that it adds to what it says of a token that it does not take.
    """

    tokens: Tokens
    said: str

    def __init__(self, context: ssl.SSLContext, entra: Entra) -> None:
        super().__init__(context, AzurePages)
        self.renew(entra)

    def renew(self, entra: Entra) -> None:
        """Forget everything, and believe the tokens of another Entra ID, for the next test."""
        self.empty()
        self.tokens = Tokens(entra)
        self.said = ""

    def handlers(self, name: str = "crdemo") -> Mapping[str, Handler]:
        """Return what Resource Manager answers about it, where it has that name."""

        def get(call: Call) -> Reply:
            if call.parameters["registryName"].lower() != name:
                said = f"The Resource 'Microsoft.ContainerRegistry/registries/{name}' was not found"
                return refusal(404, "ResourceNotFound", said)
            return Reply(200, self._resource(name, call))

        def listed(call: Call) -> Reply:
            return Reply(200, {"value": [self._resource(name, call)], "nextLink": None})

        return {
            "registries_get": get,
            "registries_list": listed,
            "registries_list_by_resource_group": listed,
        }

    def _resource(self, name: str, call: Call) -> dict[str, Any]:
        group = call.parameters.get("resourceGroupName", "rg-demo")
        subscription = call.parameters["subscriptionId"]
        return {
            "id": f"/subscriptions/{subscription}/resourceGroups/{group}/providers/"
            f"Microsoft.ContainerRegistry/registries/{name}",
            "name": name,
            "type": "Microsoft.ContainerRegistry/registries",
            "location": "westeurope",
            "sku": {"name": "Standard", "tier": "Standard"},
            "properties": {
                "loginServer": self.host,
                "adminUserEnabled": False,
                "anonymousPullEnabled": False,
                "provisioningState": "Succeeded",
                "roleAssignmentMode": "LegacyRegistryPermissions",
                "policies": {
                    "azureADAuthenticationAsArmPolicy": {
                        "status": "enabled" if self.tokens.takes_arm_tokens else "disabled"
                    }
                },
            },
        }


def _token(claims: Mapping[str, str], hours: int) -> str:
    whole = {**claims, "jti": chance.token_hex(8), "exp": int(time.time()) + 3600 * hours}
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256", "typ": "JWT"}, whole)]
    return ".".join([*(urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "c2ln"])
