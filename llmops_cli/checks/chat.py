"""Does the API complete a chat in OpenAI's shape."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from llmops_cli.checks.api import Api
from llmops_cli.checks.documents import dig
from llmops_cli.checks.evidence import duration, one_line
from llmops_cli.checks.http import Answer
from llmops_cli.core.check import Finding, failed, passed
from llmops_cli.errors import CheckError

PATH = "/v1/chat/completions"

#: The limits on an answer's length, in the order in which they are tried. Reasoning models refuse
#: the first by its name, and think before they answer, so they get more.
_LIMITS: tuple[Mapping[str, int], ...] = ({"max_tokens": 64}, {"max_completion_tokens": 1024})

Messages = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Completion:
    """What a model said: its text, and why it stopped ("stop", "length" or another word)."""

    text: str
    finish_reason: str
    model: str
    seconds: float

    @property
    def is_empty(self) -> bool:
        """Whether the model said nothing although nothing cut it off."""
        return not self.text.strip() and self.finish_reason != "length"


def chat(api: Api) -> Finding:
    """Find whether one short question is answered by an assistant's message."""
    completion = _ask_once_more_if_empty(api)
    if completion.is_empty:
        return failed(f"POST {PATH}: the assistant's message is empty, twice")
    said = one_line(completion.text, 40)
    return passed(f"{completion.model} answered in {duration(completion.seconds)}: {said}")


def _ask_once_more_if_empty(api: Api) -> Completion:
    # Models are sampled: now and then even a sound one has nothing to say.
    question = [{"role": "user", "content": "Reply with one word: ready"}]
    first = complete(api, question)
    return complete(api, question) if first.is_empty else first


def complete(api: Api, messages: Messages, *, limited: bool = True) -> Completion:
    """Ask the model once, for a short answer, or for one as long as it likes.

    Raises:
        CheckError: there is no answer, it is not 200, or it does not have OpenAI's shape.
    """
    for body in bodies(api, messages) if limited else [_body(api, messages, {})]:
        answer = api.post(PATH, body, uses_model=True)
        if not refuses_limit(answer):
            break
    return _completion(api.expect_ok(answer))


def bodies(api: Api, messages: Messages, **more: object) -> Iterator[dict[str, object]]:
    """Yield request bodies, the next for a server that refuses how the one before was limited."""
    for limit in _LIMITS:
        yield _body(api, messages, {**limit, **more})


def _body(api: Api, messages: Messages, more: Mapping[str, object]) -> dict[str, object]:
    named = {"model": api.model} if api.model else {}
    return {**named, "messages": list(messages), **more}


def refuses_limit(answer: Answer) -> bool:
    """Whether the answer says that ``max_tokens`` is not a word it knows."""
    return answer.status == 400 and "max_tokens" in answer.text


def _completion(answer: Answer) -> Completion:
    document = answer.document()
    text = dig(document, "choices", 0, "message", "content")
    role = dig(document, "choices", 0, "message", "role")
    if not isinstance(text, str) or role != "assistant":
        raise CheckError(f"{answer.said} (no choices[0].message by the assistant)")
    return Completion(
        text=text,
        finish_reason=str(dig(document, "choices", 0, "finish_reason")),
        model=one_line(str(dig(document, "model")), 60),
        seconds=answer.seconds,
    )
