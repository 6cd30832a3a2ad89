"""Requests to one repository, with a login once it is asked for, repeated where that may help."""

from collections.abc import Iterator, Mapping

import httpx2

from llmops_cli.core.secret import Secret
from llmops_cli.errors import BuildError
from llmops_cli.registries import challenge
from llmops_cli.registries.access import Access
from llmops_cli.registries.login import Credentials
from llmops_cli.registries.patience import Patience, retry_after
from llmops_cli.registries.reference import Repository
from llmops_cli.registries.trouble import unexpected, unreachable
from llmops_cli.registries.wire import Answer, NoAnswerError, Request, send, streamed, without

_UNAUTHORIZED = 401
_REFUSED = (401, 403)
_MAY_PASS = (408, 429, 500, 502, 503, 504)


class Session:
    """A client, and what it has learned about showing who we are."""

    def __init__(
        self,
        client: httpx2.Client,
        repository: Repository,
        credentials: Credentials,
        patience: Patience,
    ) -> None:
        self.repository = repository
        self._client = client
        self._credentials = credentials
        self._patience = patience
        self._access: Access | None = None
        self._authorization: Secret | None = None

    def get(self, path: str, *, accept: str) -> Answer:
        """Ask for a path of the repository, or for the registry's root without one.

        Returns an answer that is 200 or 404.

        Raises:
            AccessError: the registry refuses the login.
            BuildError: it does not answer, or with another status.
        """
        answer = self._authorized(Request("GET", self.url(path), {"accept": accept}))
        if answer.status not in (200, 404):
            raise unexpected(self.repository, answer)
        return answer

    def remove(self, path: str) -> Answer:
        """Remove what a path of the repository stands for, and return the answer.

        It is repeated where that may help: what is gone already is gone.

        Raises:
            AccessError: the login may not remove.
            BuildError: the registry does not answer.
        """
        return self._authorized(Request("DELETE", self.url(path)))

    def stream(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of a path of the repository as they come, however many there are.

        Asked for after something else of the repository, so that it is known who asks.

        Raises:
            NoAnswerError: there is no answer, or it is cut short.
        """
        return streamed(self._client, self._signed(Request("GET", self.url(path))))

    def change(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a request once, and return its answer whatever it is.

        Raises:
            AccessError: the registry refuses the login.
            NoAnswerError: there was no answer.
        """
        return self._authorized(Request(method, url, dict(headers), body), repeat=False)

    def expect(self, answer: Answer, status: int) -> Answer:
        """Return the answer if it has that status.

        Raises:
            BuildError: it has another.
        """
        if answer.status != status:
            raise unexpected(self.repository, answer)
        return answer

    def url(self, path: str) -> str:
        """Return the address of a path of the repository."""
        root = f"{self.repository.url}/v2/"
        return f"{root}{self.repository.path}/{path}" if path else root

    def _who(self) -> Access:
        if self._access is None:
            self._access = Access(self.repository, self._credentials.login(), self._patiently)
        return self._access

    def _authorized(self, request: Request, *, repeat: bool = True) -> Answer:
        ask = self._patiently if repeat else self._once
        answer = ask(self._signed(request))
        if answer.status == _UNAUTHORIZED:
            offers = challenge.parse(answer.headers.get_list("www-authenticate"))
            self._authorization = self._who().authorization(offers)
            if self._authorization is not None:
                answer = ask(self._signed(request))
        if answer.status in _REFUSED:
            raise self._who().refused(answer)
        return answer

    def _signed(self, request: Request) -> Request:
        headers = dict(request.headers)
        if self._authorization is not None:
            headers["authorization"] = self._authorization.reveal()
        return Request(request.method, request.url, headers, request.body)

    def _once(self, request: Request) -> Answer:
        answer = send(self._client, request)
        return answer if answer.status < 400 else without(answer, self._secrets(request))

    def _secrets(self, request: Request) -> list[str]:
        # A server, or a proxy before it, may repeat what it was sent; that ends in our errors.
        shown = request.headers.get("authorization", "").partition(" ")[2]
        login = self._access.login if self._access else None
        return [shown, login.password.reveal()] if login else [shown]

    def _patiently(self, request: Request) -> Answer:
        attempt = 1
        while True:
            pause = None
            failure: BuildError
            try:
                answer = self._once(request)
                if answer.status not in _MAY_PASS:
                    return answer
                failure = unexpected(self.repository, answer)
                pause = retry_after(answer.headers.get("retry-after"))
            except NoAnswerError as error:
                failure = unreachable(self.repository, error)
                if not error.may_pass:
                    raise failure from error
            if not self._patience.pause(attempt, pause):
                raise failure
            attempt += 1
