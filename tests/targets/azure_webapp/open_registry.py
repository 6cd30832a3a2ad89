"""A registry on this machine that anybody may read, without TLS: logins are tested elsewhere."""

from typing import Any

from tests.fakes.azure.registry import AUDIENCE, Registry, Tokens


class _Anybody(Tokens):
    """Lets everybody do everything."""

    def may(self, token: str, repository: str, action: str) -> bool:
        return True


class OpenRegistry(Registry):
    """Keeps images, and is asked over plain HTTP, as registries on loopback addresses are."""

    def __init__(self, context: Any) -> None:
        super().__init__(context, lambda token: AUDIENCE)
        self.tokens = _Anybody(lambda token: AUDIENCE)

    def get_request(self) -> tuple[Any, Any]:
        return self.socket.accept()
