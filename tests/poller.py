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
def polled(url: str, *, trust: ssl.SSLContext | bool = True) -> Iterator[Answers]:
    """Poll ``/version`` over new connections and over a kept one until the context ends."""
    answers, ending = Answers(), threading.Event()
    threads = [
        threading.Thread(target=_poll, args=(url, trust, answers, ending, headers))
        for headers in ({"connection": "close"}, {})
    ]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        ending.set()
        for thread in threads:
            thread.join()


def _poll(
    url: str,
    trust: ssl.SSLContext | bool,
    answers: Answers,
    ending: threading.Event,
    headers: dict[str, str],
) -> None:
    with httpx2.Client(base_url=url, timeout=10, headers=headers, verify=trust) as client:
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
