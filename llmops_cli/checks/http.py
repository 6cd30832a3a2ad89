"""One bounded question over HTTP, with words for every way in which a server can fail to answer."""

import ipaddress
import json
import re
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx2

from llmops_cli.checks.carried import CarriedTransport
from llmops_cli.checks.deadline import NoAnswerError, within
from llmops_cli.checks.evidence import one_line, without
from llmops_cli.core.carrier import Carrier
from llmops_cli.core.secret import Secret
from llmops_cli.errors import CheckError

#: Bytes of an answer that are read; no check needs more, and a server may send without end.
MAX_BODY_BYTES = 1024 * 1024
_OWN_HEADERS = {"user-agent": "llmops", "accept-encoding": "identity"}


@dataclass(frozen=True)
class Question:
    """A request. ``seconds`` limits all of it; without it the client's own timeout does.

    With ``fresh`` the connection is not kept for another question.
    """

    method: str
    path: str
    body: bytes | None = None
    credential: Secret | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float | None = None
    fresh: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Answer:
    """A complete answer, with the credential of the question blotted out of it."""

    question: Question
    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def text(self) -> str:
        """The body as text; bytes that are not UTF-8 become replacement characters."""
        return self.body.decode("utf-8", "replace")

    @property
    def said(self) -> str:
        """The question, the status and the beginning of the body, as one line of evidence."""
        return f"{self.question} answered {self.outcome}"

    @property
    def outcome(self) -> str:
        """The status and the beginning of the body, or where a redirect points."""
        detail = one_line(self.headers.get("location") or self.text)
        return f"{self.status}: {detail}" if detail else str(self.status)

    def document(self) -> object:
        """Return the body's JSON.

        Raises:
            CheckError: the body is not JSON.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise CheckError(f"{self.said} (not JSON)") from error


def open_client(
    url: str,
    timeout_seconds: float = 10,
    trusted: str = "",
    carrier: Carrier | None = None,
) -> httpx2.Client:
    """Return a client for ``url``, to be closed by the caller. It follows no redirect.

    With a ``carrier`` that brings the questions to who answers them, and the address is its name
    only.

    ``trusted`` holds certificates (PEM) to trust besides the system's; the host name in the
    server's certificate is compared all the same. A proxy from the environment is not used for a
    loopback address, which it could not reach.

    Raises:
        CheckError: ``trusted`` holds no certificate.
    """
    if carrier is not None:
        return _carried_client(url, timeout_seconds, carrier)
    # A context without certificates: loading them takes longer than a local check.
    is_plain = url.startswith("http://")
    verify = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if is_plain else trusting(trusted)
    return httpx2.Client(
        base_url=url,
        timeout=timeout_seconds,
        headers=_OWN_HEADERS,
        transport=httpx2.HTTPTransport(verify=verify)
        if is_loopback(httpx2.URL(url).host)
        else None,
        verify=verify,
    )


def _carried_client(url: str, seconds: float, carrier: Carrier) -> httpx2.Client:
    base = httpx2.URL(url).raw_path.decode("ascii").rstrip("/")
    transport = CarriedTransport(carrier, base)
    return httpx2.Client(
        base_url=url,
        timeout=seconds,
        headers=_OWN_HEADERS,
        transport=transport,
        # Whoever carries looks at certificates; this one opens no connection.
        verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
    )


def trusting(certificates: str) -> ssl.SSLContext:
    """Return what a client checks servers with: the system's certificates, and these (PEM).

    Raises:
        CheckError: there is a text, and it holds no certificate.
    """
    context = httpx2.create_ssl_context()
    if certificates:
        try:
            context.load_verify_locations(cadata=certificates)
        except (ssl.SSLError, ValueError) as error:
            raise CheckError("What is to be trusted is no certificate in PEM format.") from error
        # A server's own certificate may be trusted too, whoever signed it.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine."""
    try:
        address = ipaddress.ip_address(host)
        return address.is_loopback or address.is_unspecified
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def ask(client: httpx2.Client, question: Question) -> Answer:
    """Ask, and return the complete answer, whatever its status.

    Raises:
        NoAnswerError: there is none within the time and the size allowed.
    """
    seconds = seconds_for(client, question)
    return within(seconds, lambda: _ask(client, question), late=too_late(question, seconds))


def _ask(client: httpx2.Client, question: Question) -> Answer:
    started = time.monotonic()
    with opened(client, question) as response:
        body = read(response, question)
    headers = {
        name: without(question.credential, value) for name, value in response.headers.items()
    }
    return Answer(question, response.status_code, headers, body, time.monotonic() - started)


def read(response: httpx2.Response, question: Question) -> bytes:
    """Return the whole body with the credential blotted out.

    Raises:
        NoAnswerError: it is larger than any check needs.
    """
    body = b""
    for chunk in response.iter_raw():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise NoAnswerError(f"{question} answered with more than {MAX_BODY_BYTES >> 20} MiB")
    return without(question.credential, body.decode("utf-8", "surrogateescape")).encode(
        "utf-8", "surrogateescape"
    )


def seconds_for(client: httpx2.Client, question: Question) -> float:
    """Return the seconds that a question may take."""
    return question.seconds or client.timeout.read or 10


def too_late(question: Question, seconds: float) -> str:
    """Say that time is up."""
    return f"{question}: no complete answer within {seconds:g} s"


@contextmanager
def opened(client: httpx2.Client, question: Question) -> Iterator[httpx2.Response]:
    """Send the question and yield the response with its body unread.

    Raises:
        NoAnswerError: the connection, TLS or the protocol failed, here or while reading.
    """
    seconds = seconds_for(client, question)
    try:
        with client.stream(
            question.method,
            question.path,
            content=question.body,
            headers=_headers(question),
            timeout=seconds,
        ) as response:
            yield response
    except httpx2.TimeoutException as error:
        raise NoAnswerError(too_late(question, seconds)) from error
    except (httpx2.RequestError, httpx2.InvalidURL) as error:
        reason = without(question.credential, _reason(error))
        raise NoAnswerError(f"{question}: {one_line(reason)}") from error


def _headers(question: Question) -> dict[str, str]:
    headers = dict(question.headers)
    if question.body is not None:
        headers["content-type"] = "application/json"
    if question.fresh:
        headers["connection"] = "close"
    if question.credential:
        headers["authorization"] = f"Bearer {_sendable(question.credential)}"
    return headers


def _sendable(credential: Secret) -> str:
    value = credential.reveal()
    if not value.isascii() or not value.isprintable() or " " in value:
        raise NoAnswerError("the credential holds characters that a header cannot carry")
    return value


def _reason(error: Exception) -> str:
    text = re.sub(r"\s*\(_ssl\.c:\d+\)", "", str(error)) or type(error).__name__
    return text.replace("[Errno 111] ", "").replace("[Errno 104] ", "")
