"""A model behind one upstream or several: their order, the retries and the circuits."""

import asyncio
import logging
import math
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import tenacity

from llmops_cli.serve.exchange import current
from llmops_cli.serve.models.chat import (
    ChatAnswer,
    ChatCall,
    CircuitOpenError,
    ModelError,
    ModelLoadingError,
    UpstreamRefusedUsError,
)
from llmops_cli.serve.upstreams.breaker import Breaker
from llmops_cli.serve.upstreams.chunks import Chunks
from llmops_cli.serve.upstreams.resilience import Resilience
from llmops_cli.serve.upstreams.upstream import Attempt

_log = logging.getLogger("llmops.serve")

_TOO_MANY = 429
#: The longest wait between two rounds, in seconds, and how much longer chance may make it.
_LONGEST_WAIT = 16.0
_JITTER = 0.1


class Upstream(Protocol):
    """Something that can be asked once: a server elsewhere, or the engine in this process."""

    @property
    def name(self) -> str: ...

    async def ask(self, call: ChatCall, model: str, deadline: float) -> Attempt:
        """Return the answer. Raises ModelError, at the latest at ``deadline`` (of the loop)."""
        ...


@dataclass(frozen=True)
class Candidate:
    """An upstream that can answer a model, the name it has there, and the upstream's circuit.

    ``seconds`` limits one attempt; 0 is for an equal share of what is left of the budget.
    ``serves`` is the model's name here, which another one may be asked by in an emergency.
    """

    upstream: Upstream
    model: str
    breaker: Breaker
    seconds: float = 0.0
    serves: str = ""


class Failover:
    """Answers with the first candidate that can, in the order in which they are listed.

    One round asks each candidate once. A candidate is passed over for the next when it cannot be
    reached, fails, is too slow, has too much to do (429) or refuses our credential. When a whole
    round has failed by something that may pass, another one follows after a wait, as long as the
    budget of the request lasts. A fault of the caller's is never tried again. It belongs to the
    event loop in which it is made.
    """

    def __init__(self, candidates: Sequence[Candidate], resilience: Resilience) -> None:
        self.owner = candidates[0].upstream.name
        self._candidates = tuple(candidates)
        self._resilience = resilience
        self._loop = asyncio.get_running_loop()

    def answer(self, call: ChatCall) -> "_Answering":
        """Ask. Raises ModelError; leaving the context gives up what is unread."""
        rounds = _Rounds(call, self._candidates, self._loop, self._resilience.budget)
        return _Answering(rounds, self._again)

    async def _again(self, rounds: "_Rounds", error: ModelError) -> Attempt:
        """Have more rounds after the first one, which failed with ``error``."""
        left = rounds.deadline - self._loop.time()
        retrying = tenacity.AsyncRetrying(
            stop=tenacity.stop_any(
                tenacity.stop_after_attempt(self._resilience.retries + 1),
                tenacity.stop_before_delay(max(left, 0.0)),
            ),
            wait=self._wait,
            retry=tenacity.retry_if_exception(_may_pass),
            before_sleep=self._log_retry,
            reraise=True,
        )
        try:
            async for attempt in retrying:
                with attempt:
                    if attempt.retry_state.attempt_number == 1:
                        raise error
                    return await rounds.next()
        except ModelError:
            rounds.give_up()
            raise
        raise AssertionError("tenacity returns or raises")

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """Return seconds: 1, 2, 4 and so on times the setting, or what the upstream asked for."""
        steps = self._resilience.retry_wait * 2.0 ** (state.attempt_number - 1)
        wait = min(steps, _LONGEST_WAIT) * random.uniform(1, 1 + _JITTER)  # noqa: S311
        return max(wait, _error_of(state).retry_after or 0)

    def _log_retry(self, state: tenacity.RetryCallState) -> None:
        total = self._resilience.retries + 1
        wait = state.next_action.sleep if state.next_action else 0
        _log.warning(
            "Attempt %d/%d failed: %s. Retrying in %.2fs...",
            state.attempt_number,
            total,
            type(_error_of(state)).__name__,
            wait,
        )


def _error_of(state: tenacity.RetryCallState) -> ModelError:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, ModelError), "nothing else is retried"
    return error


def _may_pass(error: BaseException) -> bool:
    """Whether the same request may succeed in a moment."""
    lasting = (UpstreamRefusedUsError, CircuitOpenError, ModelLoadingError)
    return isinstance(error, ModelError) and not isinstance(error, lasting)


class _Answering:
    """The context in which an answer is read. A class, for it is entered by every request."""

    def __init__(
        self, rounds: "_Rounds", again: Callable[["_Rounds", ModelError], Awaitable[Attempt]]
    ) -> None:
        self._rounds = rounds
        self._again = again
        self._attempt: Attempt | None = None

    async def __aenter__(self) -> ChatAnswer:
        try:
            self._attempt = await self._rounds.next()
        except ModelError as error:
            self._attempt = await self._again(self._rounds, error)
        return self._attempt.answer

    async def __aexit__(self, *error: object) -> None:
        assert self._attempt is not None, "it has been entered"
        self._attempt.close()
        self._rounds.report(self._attempt.answer)


class _Rounds:
    """The attempts that are made for one request, and what they tell the circuits.

    A circuit counts failed requests, not failed attempts: a moment of trouble that a retry gets
    over opens nothing.
    """

    def __init__(
        self,
        call: ChatCall,
        candidates: tuple[Candidate, ...],
        loop: asyncio.AbstractEventLoop,
        budget: float,
    ) -> None:
        self.deadline = loop.time() + budget
        self._loop = loop
        self._call = call
        self._candidates = candidates
        self._failed: set[Breaker] = set()
        self._answering: Breaker | None = None
        self._exchange = current.get()

    async def next(self) -> Attempt:
        """Ask the candidates in order. Raises the ModelError of the round."""
        errors: list[ModelError] = []
        last = len(self._candidates) - 1
        limited: Attempt | None = None
        for index, candidate in enumerate(self._candidates):
            if not candidate.breaker.admits():
                continue
            try:
                attempt = await self._ask(candidate, last - index + 1)
            except ModelError as error:
                self._note(candidate.breaker, error)
                errors.append(error)
                continue
            self._answering = candidate.breaker
            if attempt.answer.status != _TOO_MANY or index == last:
                return attempt
            limited = attempt
            candidate.breaker.succeeded()
        if limited is not None:
            return limited
        raise self._worst(errors)

    async def _ask(self, candidate: Candidate, still_to_ask: int) -> Attempt:
        if self._exchange is not None:
            self._exchange.upstream = candidate.upstream.name
            self._exchange.answering_model = candidate.serves
            self._exchange.attempts += 1
        now = self._loop.time()
        share = candidate.seconds or (self.deadline - now) / still_to_ask
        try:
            return await candidate.upstream.ask(
                self._call, candidate.model, min(self.deadline, now + share)
            )
        except ModelError:
            raise
        except BaseException:
            candidate.breaker.abandoned()
            self.give_up()
            raise

    def _note(self, breaker: Breaker, error: ModelError) -> None:
        if not _may_pass(error):
            # It answered, if only to refuse us; or it is ours and still loading.
            breaker.succeeded()
            breaker.is_refusing_us = isinstance(error, UpstreamRefusedUsError)
        elif breaker.state == "closed":
            self._failed.add(breaker)
        else:
            breaker.failed()

    def _worst(self, errors: list[ModelError]) -> ModelError:
        passing = [error for error in errors if _may_pass(error)]
        if errors:
            return (passing or errors)[-1]
        wait = math.ceil(min(candidate.breaker.wait for candidate in self._candidates)) or 1
        return CircuitOpenError("Circuit breaker is open", retry_after=wait)

    def report(self, answer: ChatAnswer) -> None:
        """Tell the circuits how the request went that was answered."""
        assert self._answering is not None, "there is an answer"
        self._failed.discard(self._answering)
        self.give_up()
        chunks = answer.chunks
        if isinstance(chunks, Chunks) and chunks.failure is not None:
            self._answering.failed()
        elif isinstance(chunks, Chunks) and not chunks.is_over:
            self._answering.abandoned()
        else:
            self._answering.succeeded()
            self._answering.is_refusing_us = False

    def give_up(self) -> None:
        """Tell the circuits of the upstreams that failed."""
        for breaker in self._failed:
            breaker.failed()
        self._failed.clear()
