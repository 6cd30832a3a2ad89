"""How a request shows who asks: HTTP's Basic scheme, or a token that another server gives."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx2

from llmops_cli.core.secret import Secret
from llmops_cli.errors import AccessError, BuildError
from llmops_cli.registries.challenge import Challenge
from llmops_cli.registries.login import Login
from llmops_cli.registries.reference import Repository, is_loopback
from llmops_cli.registries.wire import Answer, Request

#: Sends a request, with patience, and returns its answer.
Ask = Callable[[Request], Answer]
_FORBIDDEN = 403
_REFUSED = (400, 401, _FORBIDDEN)
_FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Access:
    """A login at the registry of ``repository``, or none, and how to send requests there."""

    repository: Repository
    login: Login | None
    ask: Ask

    def authorization(self, challenges: Sequence[Challenge]) -> Secret | None:
        """Return the header that answers one of the challenges, or None if there is none to show.

        Raises:
            AccessError: the server that gives tokens refuses the login.
            BuildError: that server gives no token.
        """
        for challenge in challenges:
            if challenge.scheme == "bearer" and challenge.parameters.get("realm"):
                return Secret(f"Bearer {self._token(challenge).reveal()}")
        offers_basic = any(challenge.scheme == "basic" for challenge in challenges)
        if offers_basic and self.login and not self.login.is_token:
            return Secret(f"Basic {self.login.basic.reveal()}")
        return None

    def refused(self, answer: Answer) -> AccessError:
        """Return the error for an answer that says no. It names the user, never the password."""
        host, login = self.repository.host, self.login
        if login is None:
            who, remedy = "without a login", f"docker login {self.repository.login_name}"
            remedy += ", or set [image] username and password_secret in llmops.toml"
        else:
            name = "an identity token" if login.is_token else f"the user {login.username}"
            who = f"from {name}" + (f" ({login.origin})" if login.origin else "")
            remedy = login.remedy or f"docker login {self.repository.login_name}"
        return AccessError(
            f"The registry {host} accepts no request for {self.repository.path} {who}.",
            evidence=answer.said,
            state="Nothing was pushed. What was serving is serving still.",
            next_step=remedy,
        )

    def _token(self, challenge: Challenge) -> Secret:
        realm = httpx2.URL(challenge.parameters["realm"])
        is_near = self.repository.is_loopback and is_loopback(realm.host)
        if realm.scheme != "https" and not (realm.scheme == "http" and is_near):
            raise self._useless(f"it names {realm.scheme}://{realm.host}, which is not safe")
        answer = self._asked(realm, challenge)
        if answer.status in _REFUSED:
            raise self.refused(answer)
        try:
            document = json.loads(answer.body)
            return Secret(str(document.get("token") or document["access_token"]))
        except (ValueError, KeyError, AttributeError, RecursionError) as error:
            raise self._useless(f"{answer.request} answered {answer.status}, no token") from error

    def _asked(self, realm: httpx2.URL, challenge: Challenge) -> Answer:
        named = challenge.parameters.get("scope", "").split()
        answer = self.ask(self._question(realm, challenge, self._scopes(named)))
        # Some servers give nothing to those who may only read and ask for more. A wrong password
        # is not shown twice: who does that too often is locked out.
        may_be_more = answer.status == _FORBIDDEN or self.login is None
        if answer.status in _REFUSED and named and may_be_more:
            return self.ask(self._question(realm, challenge, named))
        return answer

    def _question(self, realm: httpx2.URL, challenge: Challenge, scopes: list[str]) -> Request:
        fields: list[tuple[str, str]] = [("scope", scope) for scope in scopes]
        fields += [("service", challenge.parameters.get("service", ""))]
        if self.login and self.login.is_token:
            fields += [("grant_type", "refresh_token"), ("client_id", "llmops")]
            fields += [("refresh_token", self.login.password.reveal())]
            return Request("POST", str(realm), _FORM, urlencode(fields).encode())
        headers = {}
        if self.login:
            fields += [("account", self.login.username)]
            headers["authorization"] = f"Basic {self.login.basic.reveal()}"
        return Request("GET", str(realm.copy_merge_params(tuple(fields))), headers)

    def _scopes(self, named: list[str]) -> list[str]:
        # Also for reading: some registries deny that an empty repository is there to those who may
        # only read. Who may not push gets a token for what they may.
        own, actions = f"repository:{self.repository.path}:", ["pull", "push"]
        others: list[str] = []
        for scope in named:
            if scope.startswith(own):
                actions += scope.removeprefix(own).split(",")
            else:
                others.append(scope)
        return [own + ",".join(dict.fromkeys(actions)), *others]

    def _useless(self, reason: str) -> BuildError:
        return BuildError(
            f"The registry {self.repository.host} gives no token to work with.",
            evidence=reason,
            state="Nothing was pushed. What was serving is serving still.",
            next_step="Look at the registry's own settings for tokens (its realm).",
        )
