"""Logging in with a name and a password; loaded only where there are users who can."""

import logging
from collections.abc import Callable
from typing import Annotated
from urllib.parse import parse_qs

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from llmops_cli.serve.access.caller import Caller
from llmops_cli.serve.access.passwords import Passwords, TooManyLoginsError
from llmops_cli.serve.access.settings import LoginSettings
from llmops_cli.serve.access.tokens import LIFETIME, Tokens
from llmops_cli.serve.exchange import current
from llmops_cli.serve.routing import TemplatedRoute

_log = logging.getLogger("llmops.serve")

_WRONG = {"detail": "Incorrect username or password"}
_BUSY = {"detail": "Too many logins at once: try again in a moment"}
#: Fields of a form; a login has two, and OAuth 2 a few more.
_MOST_FIELDS = 20


class Credentials(BaseModel):
    """What a user logs in with."""

    username: Annotated[str, Field(min_length=1, max_length=50)]
    password: Annotated[str, Field(min_length=1, max_length=100, repr=False)]


def routes(login: LoginSettings) -> list[TemplatedRoute]:
    """Return the two ways to log in: with JSON, and with a form as OAuth 2 has it."""
    logins = _Logins(login)
    return [
        TemplatedRoute("/auth/login", logins.by_json, methods=["POST"]),
        TemplatedRoute("/token", logins.by_form, methods=["POST"]),
    ]


class _Logins:
    def __init__(self, login: LoginSettings) -> None:
        self._passwords = Passwords(login.users.every)
        self._tokens = Tokens(login)

    async def by_json(self, request: Request) -> Response:
        # Whatever the Content-Type says: curl without a header says that it is a form.
        body = await request.body()
        return await self._answer(_valid(lambda: Credentials.model_validate_json(body)))

    async def by_form(self, request: Request) -> Response:
        fields = _fields(await request.body())
        return await self._answer(_valid(lambda: Credentials.model_validate(fields)))

    async def _answer(self, given: Credentials) -> Response:
        try:
            caller = await self._passwords.caller(given.username, given.password)
        except TooManyLoginsError:
            return JSONResponse(_BUSY, 503, {"Retry-After": "1"})
        if caller is None:
            self._note_failure(given.username)
            return JSONResponse(_WRONG, 401, {"WWW-Authenticate": "Bearer"})
        _note(caller)
        return JSONResponse(
            {
                "access_token": self._tokens.issue(caller),
                "token_type": "bearer",
                "expires_in": LIFETIME,
                "user": {"username": caller.name, "role": caller.role},
            }
        )

    def _note_failure(self, name: str) -> None:
        # People type passwords into the field of the name: only a name that is one is written.
        user = name if self._passwords.is_user(name) else "(unknown)"
        _log.warning("Login failed", extra={"fields": {"user": user}})


def _note(caller: Caller) -> None:
    exchange = current.get()
    if exchange is not None:
        exchange.caller = caller


def _fields(body: bytes) -> dict[str, str]:
    try:
        form = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        # Too many fields, or bytes that are no text.
        return {}
    return {name: values[0] for name, values in form.items()}


def _valid(parse: Callable[[], Credentials]) -> Credentials:
    try:
        return parse()
    except ValidationError as error:
        # Without the input, which FastAPI would repeat: it holds a password.
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError(
            [{**problem, "loc": ("body", *problem["loc"])} for problem in problems]
        ) from None
