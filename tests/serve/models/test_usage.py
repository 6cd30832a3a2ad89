"""Tokens are found in an answer without parsing it, and reports that only we asked for go."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.serve.models.usage import StreamUsage, Usage, find

REPORT = b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}\n\n'
WORD = b'data: {"choices":[{"delta":{"content":"a"}}],"usage":null}\n\n'
DONE = b"data: [DONE]\n\n"


def test_the_usage_is_found_behind_a_text_that_looks_like_one() -> None:
    text = '"usage": {"prompt_tokens": 999, "completion_tokens": 999}'
    answer = {
        "choices": [{"message": {"content": text}}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
    }
    assert find(json.dumps(answer).encode()) == Usage(3, 4)


@pytest.mark.parametrize("answer", [b"", b"{}", b'{"usage": null}', b'{"usage": {"x": 1}}', b"["])
def test_what_reports_nothing_has_no_usage(answer: bytes) -> None:
    assert find(answer) is None


@given(st.lists(st.integers(1, len(REPORT + WORD + DONE)), max_size=8), st.booleans())
def test_however_a_stream_is_cut_the_report_is_found_and_hidden_only_if_it_is_ours(
    cuts: list[int], hides: bool
) -> None:
    stream = WORD + REPORT + DONE
    usage = StreamUsage(hides=hides)
    places = [0, *sorted(cuts), len(stream)]
    chunks = [stream[start:end] for start, end in itertools.pairwise(places)]
    passed = b"".join(usage.passed(chunk) for chunk in chunks if chunk) + usage.last()
    assert passed == (WORD + DONE if hides else stream)
    assert usage.usage == Usage(3, 4)


def test_an_event_that_never_ends_is_not_held_back_for_ever() -> None:
    usage = StreamUsage(hides=True)
    passed = sum(len(usage.passed(b"x" * 100_000)) for _ in range(30))
    assert passed > 1_000_000
    assert passed + len(usage.last()) == 3_000_000


def test_a_report_with_a_last_word_is_not_hidden() -> None:
    event = b'data: {"choices":[{"delta":{"content":"end"}}],"usage":{"prompt_tokens":1}}\n\n'
    usage = StreamUsage(hides=True)
    assert usage.passed(event) == event
    assert usage.usage == Usage(1, None)
