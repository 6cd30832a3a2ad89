"""The pages that only a registry of Azure has: tokens at /oauth2/."""

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from tests.fakes.registry_pages import Pages

if TYPE_CHECKING:
    from tests.fakes.azure.registry import Registry

_WHY = "authentication required, visit https://aka.ms/acr/authorization for more information."


class AzurePages(Pages):
    """Believes tokens that it has given itself."""

    brand = "AzureContainerRegistry"
    server: "Registry"

    def has_own_page(self) -> bool:
        """Give a token where one is asked for."""
        if not self.path.startswith("/oauth2/"):
            return False
        self._give_token()
        return True

    def is_let_in(self, repository: str, action: str) -> bool:
        """Whether the client's token is good for that."""
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.server.tokens.may(token, repository, action):
            return True
        host = self.server.host
        asked = "pull,push" if action == "push" else action
        scope = f',scope="repository:{repository}:{asked}"' if repository else ""
        error = ',error="insufficient_scope"' if token in self.server.tokens.access else ""
        challenge = f'Bearer realm="https://{host}/oauth2/token",service="{host}"{scope}{error}'
        self.refuse(401, "UNAUTHORIZED", _WHY, {"WWW-Authenticate": challenge})
        return False

    def _give_token(self) -> None:
        form = {**self.query, **dict(parse_qsl(self.body.decode()))}
        tokens = self.server.tokens
        if self.path == "/oauth2/exchange" and self.command == "POST":
            name, token = "refresh_token", tokens.exchanged(form, self.server.host)
        else:
            basic = self.headers.get("Authorization", "").removeprefix("Basic ")
            name, token = "access_token", tokens.given(basic, form)
        if token is None:
            self.refuse(401, "UNAUTHORIZED", f"{_WHY} {self.server.said}".strip())
        else:
            self.say(200, json.dumps({name: token}).encode(), "application/json; charset=utf-8")
