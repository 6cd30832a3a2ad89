"""Does a stream arrive as it is written, or does a hop on the way hold it back."""

from collections.abc import Mapping

import httpx2

from llmops_cli.checks.api import Api
from llmops_cli.checks.chat import PATH, bodies, refuses_limit
from llmops_cli.checks.evidence import duration, one_line
from llmops_cli.checks.http import Answer, is_loopback
from llmops_cli.checks.stream import Stream, listen
from llmops_cli.core.check import Finding, failed, passed

#: Long enough for a buffer to be seen, short enough to cost next to nothing.
_PROMPT = "Count to 10"

#: A stream whose chunks all arrive within this part of the time that it took came in one piece.
_ONE_PIECE = 0.05
_FEWEST_CHUNKS = 5
#: Seconds of waiting, beyond one round trip, below which nothing can be told.
_SHORTEST_WAIT = 0.05


def streaming(api: Api) -> Finding:
    """Find whether a chat streams: the time to the first chunk, the gaps, and a proper end."""
    heard = _listen(api)
    if isinstance(heard, Answer):
        answer = api.expect_ok(heard)
        return failed(f"{answer.said} (not an event stream)")
    if not heard.chunks:
        return failed(f"POST {PATH}: the stream holds no chunk with choices; {_seen(heard)}")
    if not heard.ended:
        return failed(f"POST {PATH}: the stream broke off without [DONE]; {_seen(heard)}")
    if _is_held_back(api, heard):
        return failed(f"{_seen(heard)}: {_hint(heard.headers)}")
    return passed(_seen(heard))


def _listen(api: Api) -> Stream | Answer:
    for body in bodies(api, [{"role": "user", "content": _PROMPT}], stream=True):
        heard = listen(api.client, api.posting(PATH, body, uses_model=True))
        if not (isinstance(heard, Answer) and refuses_limit(heard)):
            break
    return heard


def _seen(heard: Stream) -> str:
    if not heard.chunks:
        return f"it lasted {duration(heard.seconds)}"
    parts = [
        f"first token after {duration(heard.first_token)}" if heard.first_token else "no text",
        f"{len(heard.chunks)} chunks",
        f"longest gap {duration(heard.longest_gap)}",
        f"all within {duration(heard.seconds)}",
    ]
    return ", ".join(parts)


def _is_held_back(api: Api, heard: Stream) -> bool:
    if len(heard.chunks) < _FEWEST_CHUNKS or not _has_hop(api.subject.url, heard.headers):
        return False
    # The wait for the first chunk contains a round trip, which is not the stream's.
    round_trip = api.liveness.seconds if isinstance(api.liveness, Answer) else 0.0
    wait = heard.chunks[0] - round_trip
    spread = heard.chunks[-1] - heard.chunks[0]
    return wait >= _SHORTEST_WAIT and spread < _ONE_PIECE * (wait + spread)


def _has_hop(url: str, headers: Mapping[str, str]) -> bool:
    # With nothing in between, a burst is the model's own way of answering.
    return "via" in headers or _is_nginx(headers) or not is_loopback(httpx2.URL(url).host)


def _is_nginx(headers: Mapping[str, str]) -> bool:
    return "nginx" in headers.get("server", "").lower()


def _hint(headers: Mapping[str, str]) -> str:
    who = "nginx in front" if _is_nginx(headers) else "a proxy on the way"
    if "via" in headers:
        who = f"a proxy on the way ({one_line(headers['via'], 40)})"
    return f"{who} holds the stream back; nginx needs proxy_buffering off, proxy_http_version 1.1"
