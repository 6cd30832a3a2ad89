"""A fake Google Cloud on this machine, held to the interfaces that Google describes."""

import threading
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import unquote

from tests.fakes.call import Call, Handler, Reply
from tests.fakes.containers import Containers, Processes
from tests.fakes.fronts import Fronts
from tests.fakes.gcp.address import Address
from tests.fakes.gcp.answers import denied, invalid, not_found, refused, unauthenticated
from tests.fakes.gcp.calls import Rpc
from tests.fakes.gcp.contract import Contract, Method, shape_of
from tests.fakes.gcp.faults import Faults
from tests.fakes.gcp.logging import Logging
from tests.fakes.gcp.obeying import broken, untrue
from tests.fakes.gcp.operations import Operations
from tests.fakes.gcp.registry import Registry
from tests.fakes.gcp.rpc import Written
from tests.fakes.gcp.run import Run
from tests.fakes.gcp.secrets import Secrets
from tests.fakes.gcp.storage import Storage
from tests.fakes.gcp.tokens import NUMBER, PROJECT, Tokens
from tests.fakes.gcp.vertex import Vertex
from tests.fakes.server import Incoming

LOCATION = "europe-west4"
Own = TypeVar("Own", Address, Processes, Registry)
#: Who gives tokens is asked without one.
_WITHOUT_TOKEN = "sts."


class GcpCloud:
    """Google Cloud with one project, as far as there are handlers for it.

    What a request breaks of the contract is answered INVALID_ARGUMENT and is in ``violations``,
    which a test has to find empty at its end; so is what an answer of a handler breaks.
    """

    def __init__(
        self,
        *,
        address: Address | None = None,
        processes: Processes | None = None,
        registry: Registry | None = None,
    ) -> None:
        self.violations: list[str] = []
        self.requests: list[Call] = []
        self.lock = threading.RLock()
        self._contract = Contract()
        self._handlers: dict[str, Handler] = {}
        self._of_releases: set[str] = set()
        self._own: list[Address | Processes | Registry] = []
        self.address = address or self._owned(Address())
        self._names = names(self.address.calls, self._contract)
        self._before = self.address.take(self)
        self.url = self.address.url
        self.tokens = Tokens(self.url)
        self.faults = Faults(self.tokens)
        self.operations = Operations()
        self.containers = Containers(processes or self._owned(Processes()))
        self.fronts = Fronts(self.address.trust.context)
        self.registry = registry or self._owned(Registry(self.address.trust.context))
        self.registry.renew(self.tokens)
        self.containers.refuses = self.registry.why_not_pulled
        self.secrets, self.storage, self.logging = Secrets(), Storage(), Logging()
        self.vertex, self.run = Vertex(self), Run(self)
        self._register_all()

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
        """Let these answer operations, by the names of their calls or by their ids."""
        self._handlers.update(handlers)

    def environment(self) -> dict[str, str]:
        """Return the variables that lead Google's clients, and ours, here."""
        ca_file = str(self.address.trust.file)
        return {
            "REQUESTS_CA_BUNDLE": ca_file,
            "SSL_CERT_FILE": ca_file,
            "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": ca_file,
            "GOOGLE_APPLICATION_CREDENTIALS": str(self.tokens.write(self.address.folder)),
            # Nobody is to look for a machine of Google's around here.
            "NO_GCE_CHECK": "true",
        }

    def endpoints_toml(self, target: str) -> str:
        """Return the table of a project file that leads a target here."""
        rpc = f"https://{self.address.rpc_host}"
        places = {
            **dict.fromkeys(("aiplatform", "run", "secretmanager"), rpc),
            **dict.fromkeys(("prediction", "storage", "logging"), self.url),
            "registry": f"https://{self.registry.host}",
        }
        lines = "".join(f'{name} = "{place}"\n' for name, place in places.items())
        return f"[targets.{target}.endpoints]\n{lines}"

    @property
    def platform(self) -> dict[str, str]:
        """What is in the environment of everything that runs here, besides its own."""
        return {
            "GCE_METADATA_HOST": self.address.metadata_host,
            "SSL_CERT_FILE": str(self.address.trust.file),
            "LLMOPS_SECRET_MANAGER": self.url,
        }

    def machine_token(self) -> str:
        """Return a token of the account that releases run as."""
        made = self.tokens.token()
        self._of_releases.add(made)
        return made

    @property
    def project(self) -> str:
        """The only project."""
        return PROJECT

    @property
    def location(self) -> str:
        """The only region."""
        return LOCATION

    @contextmanager
    def counting(self) -> "Iterator[Counter[str]]":
        """Count the requests that come meanwhile, by operation; complete at the end."""
        counted: Counter[str] = Counter()
        since = len(self.requests)
        yield counted
        counted.update(call.operation for call in self.requests[since:])

    def called(self, rpc: Rpc, request: Written, metadata: Mapping[str, str]) -> Reply:
        """Answer a call of gRPC."""
        if not request.path:
            return self._violated(f"{rpc.operation}: no rule of Google's fits its names")
        call = Call("", request.verb, request.path, {}, request.query, request.body, metadata)
        return self._answered(call, request.path)

    def asked(self, request: Incoming) -> Reply:
        """Answer a request of HTTP."""
        is_upload = request.path.startswith("/upload/")
        body = request.content if is_upload else request.body
        call = Call(
            "",
            request.method,
            request.path,
            {},
            request.query,
            body,
            request.headers,
            request.content,
            request.raw_query,
        )
        return self._answered(call, request.path)

    def _answered(self, call: Call, path: str) -> Reply:
        found = list(self._contract.matching(call.method, path))
        known = [one for one in found if self._names.get(one[0].id, one[0].id) in self._handlers]
        if not known:
            which = found[0][0].id if found else "nothing"
            return self._violated(
                f"{call.method} {path} is {which}: the fake has no handler for it"
            )
        method, parameters = known[0]
        name = self._names.get(method.id, method.id)
        plain = {key: unquote(text) for key, text in parameters.items()}
        call = replace(call, operation=name, path=unquote(path), parameters=plain)
        return self._guarded(call, method, self._handlers[name])

    def _guarded(self, call: Call, method: Method, handler: Handler) -> Reply:
        """Ask a handler, unless the token or the request is no good, or a mishap is due."""
        if not method.id.startswith((_WITHOUT_TOKEN, "iamcredentials.")):
            trouble = self.tokens.trouble_with(call.headers)
            if trouble is not None:
                return unauthenticated(trouble)
            if refusal := _elsewhere(call):
                return refusal
        with self.lock:
            self.requests.append(call)
            if wrong := "; ".join(broken(call, method)):
                return self._violated(f"{call.operation}: {wrong}")
            self.operations.grow()
            reply = self.faults.instead(call) or self._not_for_releases(call)
            if reply is None:
                reply = self._handled(call, handler)
                self.violations += untrue(reply, method)
                reply = self.faults.afterwards(call) or reply
            return reply

    def _handled(self, call: Call, handler: Handler) -> Reply:
        try:
            return handler(call)
        except Exception:  # noqa: BLE001 - the fake's own failure must be seen.
            self.violations.append(f"the fake's {call.operation}: {traceback.format_exc()}")
            return refused("INTERNAL", "The fake failed.")

    def _not_for_releases(self, call: Call) -> Reply | None:
        """Refuse a release that asks for a secret which it may not read."""
        shown = (call.headers.get("Authorization") or "").partition(" ")[2]
        is_secret = call.operation == "SecretManagerService.AccessSecretVersion"
        if self.secrets.app_may_read or not is_secret or shown not in self._of_releases:
            return None
        return denied("secretmanager.versions.access", call.parameters["name"])

    def _violated(self, message: str) -> Reply:
        self.violations.append(message)
        return invalid(f"Contract violation: {message}")

    def _owned(self, made: Own) -> Own:
        self._own.append(made)
        return made

    def _register_all(self) -> None:
        parts = (self.operations, self.secrets, self.storage, self.logging, self.vertex, self.run)
        for part in parts:
            self.register(part.handlers())
        self.register({"sts.token": self.tokens.exchanged})
        account = "iamcredentials.projects.serviceAccounts.generateAccessToken"
        self.register({account: self.tokens.impersonated})


def names(calls: tuple[Rpc, ...], contract: Contract) -> Mapping[str, str]:
    """Return the names of operations that have calls of gRPC, by their ids in the contract."""
    found = {}
    for one in calls:
        for rule in one.http if one.document else ():
            shape = shape_of(rule["uri"])
            try:
                method = contract.shaped(one.document, rule["method"].upper(), shape)
            except LookupError:
                continue
            found[method.id] = one.operation
    for method in contract.all():
        start, _, end = method.id.rpartition(".operations.")
        if start.startswith(("aiplatform", "run")):
            plural = "s" if end == "list" else ""
            found[method.id] = f"Operations.{end.capitalize()}Operation{plural}"
    return found


def _elsewhere(call: Call) -> Reply | None:
    """Refuse what is asked about another project, or in another region."""
    for place in ("name", "parent", "endpoint", "resource", "model"):
        parts = call.parameters.get(place, "").split("/")
        if parts[0] != "projects" or len(parts) < 2:
            continue
        if parts[1] not in (PROJECT, NUMBER):
            said = f"Permission denied on resource project {parts[1]}."
            return refused("PERMISSION_DENIED", said)
        if len(parts) > 3 and parts[2] == "locations" and parts[3] != LOCATION:
            return not_found(f"Location {parts[3]}")
    return None
