"""A fake Azure on this machine, held to the interfaces that the installed packages speak."""

import re
import threading
import traceback
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import unquote

from tests.fakes.azure import dirty, entra
from tests.fakes.azure.address import Address
from tests.fakes.azure.contract import ARM, VAULT, Contract, Operation
from tests.fakes.azure.entra import Entra
from tests.fakes.azure.faults import Faults
from tests.fakes.azure.obeying import broken, untrue
from tests.fakes.azure.operations import PATH, SUBSCRIPTION, Operations
from tests.fakes.call import Call, Handler, Reply, refusal
from tests.fakes.containers import Containers, Processes
from tests.fakes.fronts import Fronts
from tests.fakes.server import Incoming

Own = TypeVar("Own", Address, Processes)


@dataclass(frozen=True)
class Route:
    """What answers requests that are none of the contract's."""

    operation: str
    pattern: re.Pattern[str]
    handler: Handler
    audience: str | None


class AzureCloud:
    """Azure, as far as handlers for it are registered.

    What a request breaks of the contract is answered 400 and is in ``violations``, which a test
    has to find empty at its end; so is what an answer of a handler breaks.
    """

    def __init__(
        self,
        *,
        address: Address | None = None,
        processes: Processes | None = None,
        cache: Path | None = None,
        is_dirty: bool = True,
    ) -> None:
        self.violations: list[str] = []
        self.requests: list[Call] = []
        self.is_dirty = is_dirty
        self.lock = threading.RLock()
        self._handlers: dict[str, tuple[Operation, Handler]] = {}
        self._routes: list[Route] = []
        self._contract = Contract(cache) if cache else Contract()
        self._own: list[Address | Processes] = []
        self.address = address or self._owned(Address())
        self._before = self.address.take(self._answer)
        self.url = self.address.url
        self.ca_file = self.address.trust.file
        self.entra = Entra(self.url)
        self.faults = Faults(self.entra)
        self.operations = Operations(self.url, self.violations)
        self.containers = Containers(processes or self._owned(Processes()))
        self.fronts = Fronts(self.address.trust.context)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End everything that was started, but leave what was lent."""
        self.address.take(self._before)
        self.fronts.close()
        self.containers.close()
        for own in self._own:
            own.close()

    def register(self, handlers: Mapping[str, Handler]) -> None:
        """Let these answer operations of the contract, by their names there."""
        for name, handler in handlers.items():
            self._handlers[name] = (self._contract.operation(name), handler)

    def route(
        self,
        prefix: str | re.Pattern[str],
        handler: Handler,
        *,
        operation: str | None = None,
        audience: str | None = None,
    ) -> None:
        """Let a handler answer all paths that begin so, or that match a pattern wholly.

        Its named groups are the parameters. With an audience, a token for it is demanded.
        """
        is_text = isinstance(prefix, str)
        pattern = re.compile(re.escape(prefix) + ".*") if is_text else prefix
        name = operation or (prefix if is_text else prefix.pattern)
        self._routes.append(Route(name, pattern, handler, audience))

    def environment(self) -> dict[str, str]:
        """Return the variables that lead Azure's clients, and ours, here."""
        return {
            "REQUESTS_CA_BUNDLE": str(self.ca_file),
            "SSL_CERT_FILE": str(self.ca_file),
            "AZURE_TENANT_ID": entra.TENANT,
            "AZURE_CLIENT_ID": entra.CLIENT,
            "AZURE_CLIENT_SECRET": self.entra.client_secret,
        }

    def endpoints_toml(self, target: str) -> str:
        """Return the table of a project file that leads a target here."""
        return (
            f"[targets.{target}.endpoints]\n"
            f'authority = "{self.url}"\nresource_manager = "{self.url}"\n'
        )

    @property
    def subscription(self) -> str:
        """The only subscription."""
        return SUBSCRIPTION

    @contextmanager
    def counting(self) -> "Iterator[Counter[str]]":
        """Count the requests that come meanwhile, by operation; complete at the end."""
        counted: Counter[str] = Counter()
        since = len(self.requests)
        yield counted
        counted.update(call.operation for call in self.requests[since:])

    def _owned(self, made: Own) -> Own:
        self._own.append(made)
        return made

    def _answer(self, asked: Incoming) -> Reply:
        reply = self._found(asked)
        # Whom to name to Azure's support.
        traced = {"x-ms-request-id": str(uuid.uuid4()), **reply.headers}
        return replace(reply, headers=traced)

    def _found(self, asked: Incoming) -> Reply:
        call = Call(
            "", asked.method, unquote(asked.path), {}, asked.query, asked.body, asked.headers
        )
        if asked.path.startswith(PATH):
            kind = asked.path.removeprefix(PATH).partition("/")[0]
            call = replace(call, operation=f"operation_{kind}")
            return self._guarded(call, lambda made: self._operation(made, asked.raw_query), ARM)
        for route in self._routes:
            if found := route.pattern.fullmatch(asked.path):
                parameters = {name: unquote(text or "") for name, text in found.groupdict().items()}
                call = replace(call, operation=route.operation, parameters=parameters)
                return self._guarded(call, route.handler, route.audience)
        if "/oauth2/v2.0/" in asked.path or "/.well-known/" in asked.path:
            name = "entra_token" if asked.method == "POST" else "entra_configuration"
            return self._guarded(replace(call, operation=name), self.entra.answer, None)
        return self._of_contract(asked, call)

    def _operation(self, call: Call, raw_query: str) -> Reply:
        return self.operations.answer(call, raw_query)

    def _guarded(
        self,
        call: Call,
        handler: Handler,
        audience: str | None,
        operation: Operation | None = None,
    ) -> Reply:
        """Ask a handler, unless the token or the request is no good, or a mishap is due."""
        if audience is not None and (refused := self._refused(call, audience)):
            return refused
        with self.lock:
            self.requests.append(call)
            if operation and (wrong := "; ".join(broken(call, operation))):
                return self._violated(f"{operation.name}: {wrong}")
            reply = self.faults.instead(call)
            if reply is None:
                reply = self._handled(call, handler)
                reply = self.faults.afterwards(call) or reply
            return reply

    def _handled(self, call: Call, handler: Handler) -> Reply:
        try:
            return handler(call)
        except Exception:  # noqa: BLE001 - a handler is a test's; its failure must be seen.
            self.violations.append(f"the fake's {call.operation}: {traceback.format_exc()}")
            return refusal(500, "InternalServerError", "The fake failed.")

    def _refused(self, call: Call, audience: str) -> Reply | None:
        trouble = self.entra.trouble_with(call.headers, audience)
        if trouble is None:
            return None
        authority_url = f"{self.url}/{entra.TENANT}"
        challenge = f'Bearer authorization_uri="{authority_url}"'
        if audience == VAULT:
            # The clients of a vault ask without a token first, to be told whom it must be for.
            challenge = f'Bearer authorization="{authority_url}", resource="{VAULT}"'
        elif call.headers.get("Authorization"):
            challenge += f', error="invalid_token", error_description="{trouble[1]}"'
        return refusal(401, *trouble, {"WWW-Authenticate": challenge})

    def _of_contract(self, asked: Incoming, call: Call) -> Reply:
        found = self._match(asked)
        if found is None:
            nearest = self._contract.nearest(asked.method, asked.path)
            return self._violated(f"{asked.method} {asked.path}: {nearest}")
        operation, handler, texts = found
        parameters = dict(zip(operation.names, map(unquote, texts), strict=True))
        call = replace(call, operation=operation.name, parameters=parameters)

        def told(made: Call) -> Reply:
            return self._tidied(handler(made), operation)

        return self._guarded(call, told, operation.audience, operation)

    def _match(self, asked: Incoming) -> tuple[Operation, Handler, tuple[str, ...]] | None:
        """Return the operation with the fewest parameters that the path can be one of."""
        found = [
            (operation, handler, matched.groups())
            for operation, handler in self._handlers.values()
            if operation.method == asked.method
            and (matched := operation.pattern.fullmatch(asked.path))
        ]
        return min(found, key=lambda one: len(one[2]), default=None)

    def _tidied(self, reply: Reply, operation: Operation) -> Reply:
        """Hold an answer of a handler to the contract, and make it as untidy as Azure's."""
        self.violations.extend(untrue(reply, operation))
        is_error = reply.status >= 400 or not isinstance(reply.body, dict)
        if is_error or not self.is_dirty or operation.audience != ARM:
            return reply
        return replace(reply, body=dirty.soiled(reply.body, operation))

    def _violated(self, message: str) -> Reply:
        self.violations.append(message)
        return refusal(400, "ContractViolation", message)
