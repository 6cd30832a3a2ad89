"""What an infrastructure costs a month, as far as that can be said before there is traffic."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """What one kind of part costs a month, in the estimate's currency; ``basis`` says of what."""

    what: str
    monthly: float
    basis: str


@dataclass(frozen=True)
class Estimate:
    """List prices of all that runs whether or not anybody calls.

    ``left_out`` names what else will cost; ``source`` where the prices are from, and of when;
    ``budget`` is what a month may cost, where the project says; ``savings`` what would cost less.
    """

    costs: tuple[Cost, ...]
    left_out: tuple[str, ...]
    source: str
    currency: str = "USD"
    budget: float | None = None
    savings: tuple[str, ...] = ()

    @property
    def monthly(self) -> float:
        """The sum."""
        return sum(cost.monthly for cost in self.costs)

    @property
    def is_over(self) -> bool:
        """Whether the sum alone is more than a month may cost."""
        return self.budget is not None and self.monthly > self.budget
