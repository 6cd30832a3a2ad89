"""The fake's gRPC side: calls become requests, as Google's own rules write them."""

from collections.abc import Callable, Mapping
from concurrent import futures
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fakes.call import Reply
from tests.fakes.gcp.calls import Rpc, every


@dataclass(frozen=True)
class Written:
    """A call as a request of HTTP; the path is as it is, not quoted."""

    verb: str
    path: str
    query: dict[str, str]
    body: Any


Asked = Callable[[Rpc, Written, Mapping[str, str]], Reply]


class RpcServer:
    """Serves until it is closed. ``asked`` answers every call."""

    def __init__(self, chain: Path, asked: Asked) -> None:
        import grpc

        self.calls = tuple(every())
        self._asked = asked
        self._server = grpc.server(futures.ThreadPoolExecutor(12))
        self._server.add_generic_rpc_handlers(tuple(self._handlers(grpc)))
        pem = chain.read_bytes()
        key, _, certificate = pem.partition(b"-----BEGIN CERTIFICATE-----")
        pair = (key, b"-----BEGIN CERTIFICATE-----" + certificate)
        credentials = grpc.ssl_server_credentials([pair])
        port = self._server.add_secure_port("localhost:0", credentials)
        self.host = f"localhost:{port}"
        self._server.start()

    def close(self) -> None:
        """Stop at once."""
        self._server.stop(0).wait()

    def _handlers(self, grpc: Any) -> Any:
        for service in {one.service for one in self.calls}:
            found = {
                one.name: self._handler(grpc, one) for one in self.calls if one.service == service
            }
            yield grpc.method_handlers_generic_handler(service, found)

    def _handler(self, grpc: Any, rpc: Rpc) -> Any:
        def answered(message: Any, context: Any) -> Any:
            metadata = {name.title(): text for name, text in context.invocation_metadata()}
            return read(rpc, self._asked(rpc, written(rpc, message), metadata), context)

        return grpc.unary_unary_rpc_method_handler(
            answered, rpc.request.FromString, rpc.response.SerializeToString
        )


def written(rpc: Rpc, message: Any) -> Written:
    """Return a call as a request of HTTP; one that no rule fits has no path."""
    from google.api_core.path_template import transcode

    try:
        found = transcode(list(rpc.http), message=message)
    except ValueError:
        return Written("", "", {}, None)
    body = _plain(found["body"]) if "body" in found else None
    query = {name: _text(value) for name, value in _plain(found["query_params"]).items()}
    return Written(found["method"].upper(), _rooted(found["uri"]), query, body)


def read(rpc: Rpc, reply: Reply, context: Any) -> Any:
    """Return the message of an answer, or end the call as the answer says."""
    import grpc
    from google.protobuf.json_format import ParseDict
    from google.rpc import error_details_pb2, status_pb2
    from grpc_status import rpc_status

    assert error_details_pb2  # What details are made of has to be loaded.
    if reply.status == 0:
        context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")
    if reply.status >= 400:
        from tests.fakes.gcp.answers import CODES

        error = reply.body["error"]
        told = {"code": CODES[error["status"]][0], "message": error["message"]}
        status = ParseDict({**told, "details": error.get("details", [])}, status_pb2.Status())
        context.abort_with_status(rpc_status.to_status(status))
    return ParseDict(reply.body or {}, rpc.response())


def _rooted(path: str) -> str:
    """Return the path of an operation, which begins with the version of its interface."""
    if path.startswith("/"):
        return path
    # Operations of Vertex AI have numbers, and those of Cloud Run have UUIDs.
    last = path.partition(":")[0].rpartition("/")[2]
    return f"/{'v1' if last.isdigit() or last == 'operations' else 'v2'}/{path}"


def _plain(message: Any) -> Any:
    from google.protobuf.json_format import MessageToDict

    return MessageToDict(message) if hasattr(message, "DESCRIPTOR") else message


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
