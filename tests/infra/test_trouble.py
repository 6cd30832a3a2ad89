"""What Terraform and Azure complain of becomes an error of its kind, without what is secret."""

import pytest

from llmops_cli.errors import AccessError, LockedError, PreflightError
from llmops_cli.infra.azure import AZURE
from llmops_cli.infra.cloud import About
from llmops_cli.infra.stream import Stream
from llmops_cli.infra.trouble import error_of, without_secrets

_ABOUT = About("azure", "infra/azure", AZURE)
_LOCK = """Error: Error acquiring the state lock

Error message: state blob is already locked
Lock Info:
  ID:        1b2c
  Path:      tfstate/azure.tfstate
  Operation: OperationTypePlan
  Who:       maria@build-7
  Version:   1.11.4
  Created:   2026-11-21 10:00:00 +0000 UTC
"""


@pytest.mark.parametrize(
    "evidence",
    [
        "Error: building account: could not acquire access token to parse claims",
        "AADSTS7000215: Invalid client secret provided.",
        "unexpected status 403 (403 Forbidden) with error: AuthorizationFailed",
        "Error: could not configure AzureCli Authorizer: please run 'az login'",
        "ExpiredAuthenticationToken: The access token expiry UTC time is earlier",
        "StatusCode=401 -- Original Error",
    ],
)
def test_whoever_is_not_let_in_is_told_so(evidence: str) -> None:
    assert isinstance(error_of("plan", evidence, _ABOUT), AccessError)


@pytest.mark.parametrize(
    "evidence",
    ["Error: Unsupported argument on line 403", "QuotaExceeded: 401 cores", "Error: Cycle"],
)
def test_a_number_alone_is_no_refusal(evidence: str) -> None:
    assert isinstance(error_of("plan", evidence, _ABOUT), PreflightError)


def test_the_holder_of_the_lock_is_named() -> None:
    error = error_of("plan", _LOCK, _ABOUT)
    assert isinstance(error, LockedError)
    assert "maria@build-7 since 2026-11-21 10:00:00" in error.message
    assert "Operation: Plan. Lock: 1b2c." in error.evidence
    assert "terraform -chdir=infra/azure force-unlock 1b2c" in error.next_step


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("GET https://x.blob.core.windows.net/a?sv=1&sig=abc%2Fdef&se=2", "abc%2Fdef"),
        ("Authorization: Bearer eyJhbGciOi.J9.x-_y", "eyJhbGciOi"),
        ("AccountName=a;AccountKey=c2VjcmV0;EndpointSuffix=b", "c2VjcmV0"),
    ],
)
def test_signatures_keys_and_tokens_are_blotted_out(text: str, secret: str) -> None:
    shown = without_secrets(text)
    assert secret not in shown
    assert "[secret]" in shown


def test_lines_that_are_not_of_the_stream_are_kept_for_the_report() -> None:
    stream = Stream(lambda line: None)
    for line in ("panic: runtime error", "{not json", "[]", '{"type":"diagnostic"}', "{}"):
        stream.take(line)
    assert stream.other == ["panic: runtime error", "{not json", "[]"]
    assert stream.diagnostics == []
