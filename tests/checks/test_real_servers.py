"""The checks against servers that people run: our own API, and llama.cpp's."""

from pathlib import Path

import pytest

from llmops_cli.core.secret import Secret
from llmops_cli.flows.smoke_test import smoke_test
from tests.checks.asking import PASSED, SKIPPED, subject
from tests.checks.faulty_servers import KEY, RELEASE
from tests.checks.processes import llama, our_api
from tests.tiny_gguf import write_tiny_gguf

NOT_OURS = {"tls", "release", "request-id", "body-limit", "session-memory"}


def test_our_own_api_passes_everything_quickly(tmp_path: Path) -> None:
    with our_api(tmp_path) as url:
        report = smoke_test(subject(url, expected_release=RELEASE))
    assert report.ok, report
    skipped = {result.name for result in report.results if result.verdict is SKIPPED}
    assert skipped == {"tls"}
    # 0.2 s on an idle machine.
    assert report.seconds < 3


def test_our_own_api_fails_where_the_key_is_wrong(tmp_path: Path) -> None:
    with our_api(tmp_path) as url:
        report = smoke_test(subject(url, credential=Secret("another-key-0123456789")))
    failed = {result.name for result in report.failed}
    assert failed == {"models", "chat", "streaming", "session-memory"}


@pytest.mark.parametrize("keys", [(), (KEY,)], ids=["open", "with a key"])
def test_llama_cpp_passes_what_applies_to_it(tmp_path: Path, keys: tuple[str, ...]) -> None:
    pytest.importorskip("xllamacpp")
    model = tmp_path / "tiny.gguf"
    write_tiny_gguf(model)
    with llama(model, *keys) as url:
        report = smoke_test(subject(url, credential=None) if not keys else subject(url))
    assert report.ok, report
    assert report.release is None
    skipped = {result.name for result in report.results if result.verdict is SKIPPED}
    access = {"refuses-missing-credential", "refuses-wrong-credential"}
    assert skipped == (NOT_OURS if keys else NOT_OURS | access)
    assert {r.verdict for r in report.results if r.name not in skipped} == {PASSED}
