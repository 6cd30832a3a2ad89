"""A book on a shelf in memory, in which a minute is a moment."""

from datetime import UTC, datetime

import pytest

from llmops_cli.core.target import Holder
from llmops_cli.targets.shelved.book import Book
from llmops_cli.targets.shelved.lease import Pace
from tests.targets.shelved.memory import MemoryShelf

QUICK = Pace(lease=0.2, renew=0.02, look=0.01, certain=300)
PREFIX = "demo/aws/"


@pytest.fixture
def shelf() -> MemoryShelf:
    return MemoryShelf()


@pytest.fixture
def book(shelf: MemoryShelf) -> Book:
    return Book(shelf, PREFIX, QUICK)


def holder(process: int = 1, host: str = "elsewhere") -> Holder:
    return Holder("ada", "llmops deploy", datetime.now(UTC), process, host)
