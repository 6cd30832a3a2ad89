"""One bounded request to a registry; where it points elsewhere, that is asked without our login."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace

import httpx2

from llmops_cli.registries.reference import is_loopback

#: Seconds for one request from its beginning to the end of its answer, and for each part of it.
SECONDS = 60.0
_PART_SECONDS = 20.0
#: Bytes of an answer; manifests and configurations of images are smaller by specification.
LARGEST = 4 * 1024 * 1024
_REDIRECTS = 5
_OK = 200
_POINTS_ELSEWHERE = (301, 302, 303, 307, 308)


class NoAnswerError(Exception):
    """There was no complete answer. ``may_pass`` tells whether another attempt is of use."""

    def __init__(self, reason: str, *, may_pass: bool = True) -> None:
        super().__init__(reason)
        self.may_pass = may_pass


@dataclass(frozen=True)
class Request:
    """What to ask; ``headers`` hold the login, if one is shown."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.method} {httpx2.URL(self.url).copy_with(query=None)}"


@dataclass(frozen=True)
class Answer:
    """A complete answer to ``request``."""

    request: Request
    status: int
    headers: httpx2.Headers
    body: bytes = field(repr=False)

    @property
    def said(self) -> str:
        """The request, the status and what a registry's error document says, as one line."""
        return " ".join(f"{self.request} answered {self.status} {self._reason()}".split())[:400]

    def _reason(self) -> str:
        text = self.body.decode(errors="replace")
        try:
            errors = json.loads(text)["errors"]
            parts = [str(error[key]) for error in errors for key in ("code", "message")]
        except (ValueError, KeyError, TypeError, RecursionError):
            return text[:200]
        return ", ".join(parts)


def send(client: httpx2.Client, request: Request) -> Answer:
    """Send a request and return the whole answer, whatever its status.

    Raises:
        NoAnswerError: there is none, it is too large, or it points somewhere unsafe.
    """
    deadline = time.monotonic() + SECONDS
    answer = _ask(client, request, deadline)
    for _ in range(_REDIRECTS):
        if answer.status not in _POINTS_ELSEWHERE or "location" not in answer.headers:
            return answer
        answer = _ask(client, _elsewhere(request, answer), deadline)
    raise NoAnswerError(f"{request} was pointed elsewhere {_REDIRECTS} times", may_pass=False)


def streamed(client: httpx2.Client, request: Request) -> Iterator[bytes]:
    """Yield the body of an answer 200 as it comes; it may be large and take its time.

    Raises:
        NoAnswerError: there is none, it has another status, or it is cut short.
    """
    for _ in range(_REDIRECTS):
        with _explained(request), _opened(client, request) as response:
            if response.status_code == _OK:
                yield from response.iter_raw()
                return
            response.read()
            answer = Answer(request, response.status_code, response.headers, response.content)
        if answer.status not in _POINTS_ELSEWHERE or "location" not in answer.headers:
            raise NoAnswerError(f"{request} answered {answer.status}", may_pass=False)
        request = _elsewhere(request, answer)
    raise NoAnswerError(f"{request} was pointed elsewhere {_REDIRECTS} times", may_pass=False)


def without(answer: Answer, secrets: Iterable[str]) -> Answer:
    """Return the answer with these values blotted out of its body."""
    body = answer.body
    for secret in secrets:
        body = body.replace(secret.encode(), b"[secret]") if secret else body
    return replace(answer, body=body)


def _elsewhere(request: Request, answer: Answer) -> Request:
    here = httpx2.URL(answer.request.url)
    there = here.join(answer.headers["location"])
    if there.scheme != "https" and not (there.scheme == "http" and is_loopback(there.host)):
        reason = f"{request} was pointed to {there.scheme}://{there.host}, not safe"
        raise NoAnswerError(reason, may_pass=False)
    headers = dict(answer.request.headers)
    if (there.scheme, there.host, there.port) != (here.scheme, here.host, here.port):
        if request.body:
            reason = f"{request} was pointed to {there.host}, which it is not for"
            raise NoAnswerError(reason, may_pass=False)
        headers.pop("authorization", None)
    return Request(request.method, str(there), headers, request.body)


def _opened(client: httpx2.Client, request: Request) -> AbstractContextManager[httpx2.Response]:
    return client.stream(
        request.method,
        request.url,
        headers=dict(request.headers),
        content=request.body,
        timeout=_PART_SECONDS,
    )


def _ask(client: httpx2.Client, request: Request, deadline: float) -> Answer:
    with _explained(request), _opened(client, request) as response:
        body = _read(response, request, deadline)
        return Answer(request, response.status_code, response.headers, body)


def _read(response: httpx2.Response, request: Request, deadline: float) -> bytes:
    body = b""
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > LARGEST:
            raise NoAnswerError(f"{request}: more than {LARGEST >> 20} MiB", may_pass=False)
        if time.monotonic() > deadline:
            raise NoAnswerError(f"{request}: no complete answer within {SECONDS:g} s")
    return body


@contextmanager
def _explained(request: Request) -> Iterator[None]:
    try:
        yield
    except httpx2.TimeoutException as error:
        raise NoAnswerError(f"{request}: no answer within {_PART_SECONDS:g} s") from error
    except (httpx2.RequestError, httpx2.InvalidURL, httpx2.CloseError) as error:
        reason = str(error) or type(error).__name__
        is_lasting = "CERTIFICATE_VERIFY_FAILED" in reason or "WRONG_VERSION_NUMBER" in reason
        raise NoAnswerError(f"{request}: {reason}", may_pass=not is_lasting) from error
