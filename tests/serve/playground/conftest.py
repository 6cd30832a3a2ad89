"""A headless browser, and pages in it that tell when something went wrong unseen."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.serve.served import KEY, Served

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")

CHROMIUM = shutil.which("chromium")
#: Milliseconds, for a busy machine.
PATIENCE = 20_000

Visit = Callable[..., "PlaygroundVisit"]


class PlaygroundVisit:
    """One visit of the playground, in a browser profile of its own."""

    def __init__(self, browser: Any, address: str, **options: Any) -> None:
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.troubles: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.goto(f"{address}/")

    def _heard(self, message: Any) -> None:
        # An answer that is an error has a line of the browser's own, which is no defect of a page.
        is_status = message.text.startswith("Failed to load resource: the server responded")
        if message.type in ("error", "warning") and not is_status:
            self.troubles.append(message.text)

    def enter(self, key: str = KEY) -> "PlaygroundVisit":
        self.page.get_by_label("API key").fill(key)
        self.page.get_by_role("button", name="Connect").click()
        return self

    def connect(self) -> "PlaygroundVisit":
        self.enter()
        self.page.get_by_label("Message", exact=True).wait_for()
        return self

    def say(self, text: str) -> None:
        self.page.get_by_label("Message", exact=True).fill(text)
        self.page.keyboard.press("Enter")

    def ask(self, text: str) -> Any:
        """Say it, and return the turn with the complete answer."""
        self.say(text)
        turn = self.last
        sync_api.expect(turn).to_have_attribute("aria-busy", "false", timeout=PATIENCE)
        return turn

    @property
    def last(self) -> Any:
        return self.page.locator("article.theirs").last


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("needs chromium")
    options = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    options += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield launched
        launched.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Visit]:
    """Open the playground of an API. In the end, no page may have complained of anything."""
    visits: list[PlaygroundVisit] = []
    with ExitStack() as stack:

        def opened(api: Served, **options: Any) -> PlaygroundVisit:
            made = PlaygroundVisit(browser, api.address, **options)
            stack.callback(made.context.close)
            visits.append(made)
            return made

        yield opened
    assert [trouble for made in visits for trouble in made.troubles] == []
