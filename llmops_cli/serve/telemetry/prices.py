"""What the tokens of a model cost, as the operator says."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from llmops_cli.serve.environment import Environment
from llmops_cli.serve.exchange import Exchange
from llmops_cli.serve.json_list import read_list

VARIABLE = "LLMOPS_PRICES"

_PER = 1_000_000
#: Digits after the point that are kept of a cost: a ten-billionth of a dollar.
_DIGITS = 10


class Price(BaseModel):
    """US dollars for a million tokens of the prompt (``input``) and of the answer (``output``)."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    model: Annotated[str, Field(min_length=1, max_length=200)]
    input: Annotated[float, Field(ge=0)]
    output: Annotated[float, Field(ge=0)]


def read(environment: Environment) -> tuple[Price, ...]:
    """Return the prices, and leave what is wrong with them in ``environment.problems``."""
    found = read_list(environment, VARIABLE, Price)
    if len({price.model for price in found}) < len(found):
        environment.refuse(VARIABLE, "has two prices for one model")
    return tuple(found)


class Prices:
    """The prices by model. A model without one has no cost, which is not a cost of 0."""

    def __init__(self, prices: tuple[Price, ...]) -> None:
        self._prices: Mapping[str, Price] = {price.model: price for price in prices}

    def note(self, exchange: Exchange) -> None:
        """Note the cost of an exchange in US dollars, where its tokens and its price are known."""
        price = self._prices.get(exchange.answering_model or exchange.model)
        if price is None or exchange.prompt_tokens is None or exchange.completion_tokens is None:
            return
        spent = exchange.prompt_tokens * price.input + exchange.completion_tokens * price.output
        exchange.cost = round(spent / _PER, _DIGITS)
