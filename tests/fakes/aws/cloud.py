"""A fake AWS on this machine, held to the interfaces that the installed botocore speaks."""

import copy
import re
import threading
import traceback
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import unquote

from botocore.model import OperationModel

from tests.fakes.aws import identity
from tests.fakes.aws.autoscaling import AutoScaling
from tests.fakes.aws.balancer import Balancer
from tests.fakes.aws.contract import broken, operation_of, untrue
from tests.fakes.aws.ecs import Ecs
from tests.fakes.aws.faults import Faults
from tests.fakes.aws.identity import Identity
from tests.fakes.aws.place import Place
from tests.fakes.aws.secrets import Secrets
from tests.fakes.aws.task_logs import TaskLogs
from tests.fakes.aws.wire import Refusal, RefusedError, operation_in
from tests.fakes.call import Call, Reply
from tests.fakes.containers import Containers, Processes
from tests.fakes.fronts import Fronts
from tests.fakes.server import Incoming

Own = TypeVar("Own", Place, Processes)
BUCKET = "demo-llmops"
#: Answers a request that keeps to the contract with a document, or raises RefusedError.
Handler = Callable[[dict[str, Any]], Mapping[str, Any]]


class AwsCloud:
    """AWS: ECS, ECR, Secrets Manager and Application Auto Scaling of ours, the rest is moto's.

    What a request breaks of the contract is answered 400 and is in ``violations``, which a test
    has to find empty at its end; so is what an answer of ours breaks.
    """

    def __init__(self, *, place: Place | None = None, processes: Processes | None = None) -> None:
        self.violations: list[str] = []
        self.requests: list[Call] = []
        self.lock = threading.RLock()
        self._own: list[Place | Processes] = []
        self.place = place or self._owned(Place())
        self.place.renew()
        self.address = self.place.address
        self.url = self.moto_url = self.address.url
        self.ca_file = self.address.trust.file
        self.identity = Identity()
        self.faults = Faults(self.identity)
        self.ecr = self.place.ecr
        pool = processes or self._owned(Processes())
        self.containers = Containers(pool, refuses=self.ecr.why_not_pulled)
        self.fronts = Fronts(self.address.trust.context)
        self.secrets = Secrets()
        self.ecs = Ecs(self.containers, self.place, self.secrets)
        self.scaling = AutoScaling(self.ecs)
        self.balancer = Balancer(self.ecs)
        self.logs = TaskLogs(self.ecs)
        self._handlers: dict[str, Handler] = {
            **_named("ecs", self.ecs.handlers()),
            **_named("ecr", self.ecr.handlers()),
            **_named("secretsmanager", self.secrets.handlers()),
            **_named("application-autoscaling", self.scaling.handlers()),
        }
        self._before = self.address.take(self._answer)

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

    def environment(self) -> dict[str, str]:
        """Return the variables that lead AWS's clients, and ours, here."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_CA_BUNDLE": str(self.ca_file),
            "SSL_CERT_FILE": str(self.ca_file),
            "AWS_ACCESS_KEY_ID": identity.KEY,
            "AWS_SECRET_ACCESS_KEY": identity.SECRET,
            "AWS_REGION": identity.REGION,
            "AWS_DEFAULT_REGION": identity.REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }

    @contextmanager
    def counting(self) -> "Iterator[Counter[str]]":
        """Count the requests that come meanwhile, by operation; complete at the end."""
        counted: Counter[str] = Counter()
        since = len(self.requests)
        yield counted
        counted.update(call.operation for call in self.requests[since:])

    def make_bucket(self, name: str = BUCKET) -> str:
        """Make the bucket that keeps locks and histories, as Terraform does."""
        self._privately("PUT", f"/{name}", "s3", _BUCKET)
        return name

    def seeded(self) -> dict[str, Any]:
        """Return all that there is, for another test to begin with."""
        return {
            "ecs": self.ecs.seeded(),
            "secrets": copy.deepcopy(self.secrets.kept),
            "repositories": dict(self.ecr.repositories),
            "images": copy.deepcopy(self.ecr.contents),
            "scaling": copy.deepcopy(self.scaling.targets),
            "shelf": self.shelf(),
        }

    def seed(self, state: Mapping[str, Any]) -> None:
        """Begin with what another cloud had."""
        self.secrets.kept = copy.deepcopy(state["secrets"])
        self.ecr.repositories = dict(state["repositories"])
        self.ecr.contents = copy.deepcopy(state["images"])
        self.scaling.targets = copy.deepcopy(state["scaling"])
        self.make_bucket()
        for key, text in state["shelf"].items():
            self._privately("PUT", f"/{BUCKET}/{key}", "s3", text)
        self.ecs.seed(state["ecs"])

    def shelf(self) -> dict[str, bytes]:
        """Return the texts that the bucket holds, by their keys."""
        listed = self._privately("GET", f"/{BUCKET}", "s3", b"").body or b""
        keys = re.findall(r"<Key>([^<]+)</Key>", listed.decode())
        return {key: self._privately("GET", f"/{BUCKET}/{key}", "s3", b"").body for key in keys}

    def _privately(self, method: str, path: str, service: str, content: bytes) -> Reply:
        signed = (
            f"AWS4-HMAC-SHA256 Credential={identity.KEY}/20261121/{identity.REGION}/{service}"
            f"/aws4_request, SignedHeaders=host, Signature={'0' * 64}"
        )
        headers = {"Host": self.url.removeprefix("https://"), "Authorization": signed}
        return self.place.moto.answer(Incoming(method, path, "", headers, content))

    def _owned(self, made: Own) -> Own:
        self._own.append(made)
        return made

    def _answer(self, asked: Incoming) -> Reply:
        service, name = operation_in(asked)
        body = asked.body
        operation = f"{service}.{name}"
        call = Call(
            operation, asked.method, unquote(asked.path), {}, asked.query, body, asked.headers
        )
        with self.lock:
            self.requests.append(call)
            reply = self._guarded(call, asked)
        worded = reply.reply(service) if isinstance(reply, Refusal) else reply
        # Whom to name to AWS's support.
        return replace(worded, headers={"x-amzn-RequestId": str(uuid.uuid4()), **worded.headers})

    def _guarded(self, call: Call, asked: Incoming) -> Reply | Refusal:
        """Ask a handler, unless the credentials or the request are no good, or a mishap is due."""
        is_open = call.operation.startswith("sts.AssumeRoleWithWebIdentity")
        trouble = None if is_open else self.identity.trouble_with(asked.headers, asked.raw_query)
        if trouble is not None:
            return Refusal(*trouble)
        reply = self.faults.instead(call)
        if reply is None:
            reply = self._handled(call, asked)
            reply = self.faults.afterwards(call) or reply
        return reply

    def _handled(self, call: Call, asked: Incoming) -> Reply | Refusal:
        service, _, name = call.operation.partition(".")
        try:
            if call.operation in self._handlers:
                return self._of_ours(call, operation_of(service, name))
            if service == "elbv2" and name in self.balancer.handlers():
                return self.balancer.handlers()[name](call.body)
            if service in ("ecs", "ecr", "secretsmanager", "application-autoscaling"):
                return self._violated(f"the fake does not know {call.operation}")
            if service == "logs":
                self.logs.write()
            return self.place.moto.answer(asked)
        except RefusedError as error:
            return error.refusal
        except Exception:  # noqa: BLE001 - a handler is a test's; its failure must be seen.
            self.violations.append(f"the fake's {call.operation}: {traceback.format_exc()}")
            return Refusal("InternalFailure", "The fake failed.", 500)

    def _of_ours(self, call: Call, operation: OperationModel | None) -> Reply | Refusal:
        if operation is None:
            return self._violated(f"botocore does not know {call.operation}")
        body = call.body if isinstance(call.body, dict) else {}
        if wrong := broken(operation, body):
            return self._violated(f"{call.operation}: {'; '.join(wrong)}")
        answer = dict(self._handlers[call.operation](body))
        self.violations.extend(
            f"the fake's {call.operation}: {one}" for one in untrue(operation, answer)
        )
        return Reply(200, answer, {"Content-Type": "application/x-amz-json-1.1"})

    def _violated(self, message: str) -> Refusal:
        self.violations.append(message)
        return Refusal("InvalidParameterException", f"ContractViolation: {message}")


_BUCKET = (
    b'<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    b"<LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>"
)


def _named(service: str, handlers: Mapping[str, Handler]) -> dict[str, Handler]:
    return {f"{service}.{name}": handler for name, handler in handlers.items()}
