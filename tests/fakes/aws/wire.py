"""How AWS's protocols name an operation, and how each of them words a refusal."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from tests.fakes.aws.identity import signature_of
from tests.fakes.call import Reply
from tests.fakes.server import Incoming

#: Services by the names that requests are signed for.
_SIGNED_FOR = {
    "elasticloadbalancing": "elbv2",
    "monitoring": "cloudwatch",
}
_JSON = {"ecs", "ecr", "secretsmanager", "logs", "application-autoscaling"}
#: Codes that one protocol has other names for than the others.
_OF_JSON = {
    "ExpiredToken": "ExpiredTokenException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "AccessDenied": "AccessDeniedException",
    "Throttling": "ThrottlingException",
}
_OF_S3 = {"InvalidClientTokenId": "InvalidAccessKeyId", "Throttling": "SlowDown"}
_S3 = {
    ("GET", True): "GetObject",
    ("HEAD", True): "HeadObject",
    ("PUT", True): "PutObject",
    ("DELETE", True): "DeleteObject",
    ("POST", True): "PostObject",
    ("GET", False): "ListObjectsV2",
    ("HEAD", False): "HeadBucket",
    ("PUT", False): "CreateBucket",
    ("DELETE", False): "DeleteBucket",
    ("POST", False): "DeleteObjects",
}


@dataclass(frozen=True)
class Refusal:
    """An error of AWS, whatever the protocol: codes are those of the query protocol, or the
    service's own. Status 400 unless it says otherwise.
    """

    code: str
    message: str
    status: int = 400

    def reply(self, service: str) -> Reply:
        """Word it as a service does."""
        if service == "s3":
            code = _OF_S3.get(self.code, self.code)
            status = {"AccessDenied": 403, "SlowDown": 503}.get(code, self.status)
            return _xml(status, f"<Error>{_elements(code, self.message)}</Error>")
        if service in _JSON:
            code = _OF_JSON.get(self.code, self.code)
            headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": code}
            return Reply(self.status, {"__type": code, "message": self.message}, headers)
        status = 403 if self.code in _OF_JSON and self.code != "Throttling" else self.status
        inner = f"<Error><Type>Sender</Type>{_elements(self.code, self.message)}</Error>"
        return _xml(status, f"<ErrorResponse>{inner}<RequestId>r</RequestId></ErrorResponse>")


class RefusedError(Exception):
    """Raised by a handler that refuses a request."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.refusal = Refusal(code, message, status)


def operation_in(asked: Incoming) -> tuple[str, str]:
    """Return the service and the operation that a request is for: ("ecs", "UpdateService")."""
    form = asked.body if isinstance(asked.body, Mapping) else {}
    signed = signature_of(asked.headers, asked.raw_query)
    service = _SIGNED_FOR.get(signed[1], signed[1]) if signed else "sts"
    if target := asked.headers.get("X-Amz-Target"):
        return service, target.rpartition(".")[2]
    if found := re.search(r"/service/\w+/operation/(\w+)", asked.path):
        return service, found[1]
    if service == "s3":
        return service, _of_s3(asked)
    return service, str(form.get("Action") or asked.query.get("Action") or asked.path)


def _of_s3(asked: Incoming) -> str:
    has_key = bool(asked.path.strip("/").partition("/")[2])
    sub = asked.raw_query.partition("=")[0].partition("&")[0]
    known = {"versioning": "BucketVersioning", "encryption": "BucketEncryption"}
    if sub in known:
        return {"GET": "Get", "PUT": "Put"}.get(asked.method, asked.method) + known[sub]
    return _S3.get((asked.method, has_key), asked.method)


def _elements(code: str, message: str) -> str:
    return f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"


def _xml(status: int, body: str) -> Reply:
    return Reply(status, f'<?xml version="1.0"?>\n{body}', {"Content-Type": "text/xml"})
