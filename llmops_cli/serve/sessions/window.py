"""How much of a session goes to the model again: by rows, and by an estimate of tokens."""

from collections.abc import Sequence
from dataclasses import dataclass

from llmops_cli.serve.sessions.session import Row

#: Tokenizers of today's models make about one token of four bytes of English, as OpenAI says at
#: https://platform.openai.com/tokenizer. Other scripts have more bytes to a letter and more tokens
#: too, so that bytes are the better measure than letters.
_BYTES_PER_TOKEN = 4
#: What chat templates put around a message: its role and where it begins and ends.
_TOKENS_AROUND = 4


@dataclass(frozen=True)
class Window:
    """What a model gets at most: ``rows`` messages with the new one, and ``tokens`` tokens with the
    system prompt too. No tokens at all means no limit of them.
    """

    rows: int
    tokens: int

    @property
    def kept_rows(self) -> int:
        """How many earlier rows there is room for.

        Whole turns only: many chat templates refuse a history that begins with the assistant.
        """
        return (self.rows - 1) // 2 * 2

    def fitting(self, rows: Sequence[Row], spent: int) -> Sequence[Row]:
        """Return the newest whole turns of ``rows`` that fit beside ``spent`` tokens."""
        if not self.tokens:
            return rows
        first = len(rows)
        while first >= 2:
            spent += rows[first - 2].tokens + rows[first - 1].tokens
            if spent > self.tokens:
                break
            first -= 2
        return rows[first:]


def estimate(text: str) -> int:
    """Return about how many tokens a message with this text takes, without a tokenizer."""
    return -(-len(text.encode()) // _BYTES_PER_TOKEN) + _TOKENS_AROUND
