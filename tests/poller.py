"""Asks an address without pause while a test does something else, and remembers every answer."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx2


@dataclass
class Answers:
    """What was answered: releases in the order in which they came, and what went wrong."""

    releases: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.releases)

    @property
    def distinct(self) -> list[str]:
        """The releases without repetition: one for each time the answer changed."""
        before = ["", *self.releases]
        return [new for old, new in zip(before, self.releases, strict=False) if new != old]


@contextmanager
def polled(
    url: str, *, trust: ssl.SSLContext | bool = True, timeout: float = 10, keeps: bool = True
) -> Iterator[Answers]:
    """Poll ``/version`` over new connections until the context ends; and over a kept one.

    None is kept where a server ends idle ones, as nginx does when it reads its sites again.
    """
    answers, ending = Answers(), threading.Event()
    clients = [
        httpx2.Client(base_url=url, timeout=timeout, headers=headers, verify=trust)
        for headers in ({"connection": "close"}, {})[: 1 + keeps]
    ]
    threads = [threading.Thread(target=_poll, args=(client, answers, ending)) for client in clients]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        ending.set()
        for thread in threads:
            thread.join()


def _poll(client: httpx2.Client, answers: Answers, ending: threading.Event) -> None:
    with client:
        while not ending.wait(0.002):
            try:
                answer = client.get("/version")
            except httpx2.HTTPError as error:
                answers.faults.append(f"{type(error).__name__}: {error}")
                continue
            if answer.status_code == 200:
                answers.releases.append(answer.json()["release"])
            else:
                answers.faults.append(str(answer.status_code))
