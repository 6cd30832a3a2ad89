"""Takes the text out of a chat completion."""

import json

from llmops_cli.serve.models.chat import ChatAnswer, UpstreamAnswerError


def text_of(answer: ChatAnswer) -> str:
    """Return the text of the first choice of an answer that is whole.

    Raises UpstreamAnswerError when there is none.
    """
    try:
        content = json.loads(answer.body)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise UpstreamAnswerError("The upstream's answer is not a chat completion") from error
    if not isinstance(content, str):
        raise UpstreamAnswerError("The upstream's answer holds no text")
    return content
