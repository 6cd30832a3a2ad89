"""Who we are to Google: which of several ways counts, and how refusals are told."""

import json
import os
from pathlib import Path

import pytest

from llmops_cli.clouds.gcp import trouble
from llmops_cli.clouds.gcp.account import Account
from llmops_cli.clouds.gcp.checksum import crc32c
from llmops_cli.config.gcp import GcpTarget
from llmops_cli.errors import AccessError, PreflightError

_GCLOUD = """#!/bin/sh
echo '{"credential": {"access_token": "ya29.of-gcloud", "token_expiry": "2100-01-01T00:00:00Z"}}'
"""


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine on which nobody is logged in."""
    for name in os.environ:
        if name.startswith(("GOOGLE_", "CLOUDSDK_", "GCE_", "K_SERVICE", "CLOUD_RUN_JOB")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))
    monkeypatch.setenv("NO_GCE_CHECK", "true")


def _account(**settings: str) -> Account:
    return Account(GcpTarget.model_validate({"kind": "gcp", "project": "my-project-1", **settings}))


def _gcloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str = _GCLOUD) -> None:
    program = tmp_path / "bin" / "gcloud"
    program.parent.mkdir()
    program.write_text(script)
    program.chmod(0o755)
    (tmp_path / "gcloud").mkdir()
    (tmp_path / "gcloud" / "credentials.db").write_text("")
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")


def _login(tmp_path: Path) -> Path:
    file = tmp_path / "login.json"
    secret = {"client_id": "id", "client_secret": "secret", "refresh_token": "refresh"}
    file.write_text(json.dumps({"type": "authorized_user", **secret}))
    return file


def test_where_nobody_is_logged_in_every_way_says_why() -> None:
    with pytest.raises(AccessError) as told:
        _ = _account().origin
    for way in ("file:", "login:", "machine:", "gcloud:"):
        assert way in told.value.evidence
    assert told.value.next_step == "gcloud auth application-default login"


def test_a_file_that_is_named_and_not_there_is_no_reason_to_be_somebody_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _gcloud(monkeypatch, tmp_path)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "gone.json"))
    with pytest.raises(AccessError, match=r"gone\.json cannot be used"):
        _ = _account().origin


def test_a_persons_login_uses_the_quota_of_the_project(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(_login(tmp_path)))
    account = _account()
    assert account.credentials.quota_project_id == "my-project-1"
    assert "login" in account.origin


def test_gcloud_gives_tokens_where_nothing_else_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _gcloud(monkeypatch, tmp_path)
    account = _account()
    assert account.token() == "ya29.of-gcloud"
    assert account.origin == "gcloud's login"


def test_gcloud_alone_counts_where_the_project_names_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _gcloud(monkeypatch, tmp_path, "#!/bin/sh\necho 'ERROR: (gcloud) log in again' >&2\nexit 1\n")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(_login(tmp_path)))
    with pytest.raises(AccessError) as told:
        _account(credential="gcloud").token()
    assert "log in again" in told.value.evidence
    assert told.value.next_step == "gcloud auth login"


def test_a_refusal_names_the_permission_and_the_role_that_has_it() -> None:
    from google.api_core import exceptions as google

    said = "Permission 'run.services.get' denied on resource 'projects/p/services/s' (or it may not"
    with pytest.raises(AccessError) as told, trouble.told(trouble.Attempt("look", who="Ada")):
        raise google.PermissionDenied(said)
    assert "Ada" in told.value.message
    assert "run.services.get" in told.value.message
    assert "roles/run.developer" in told.value.next_step


def test_what_has_no_token_is_nobody_and_not_a_service_that_is_down() -> None:
    from google.api_core import exceptions as google

    said = "Getting metadata from plugin failed with error: invalid_grant ya29.secret-part"
    with pytest.raises(AccessError) as told, trouble.told(trouble.Attempt("look")):
        raise google.RetryError("Timeout", google.ServiceUnavailable(said))
    assert "ya29" not in told.value.evidence


def test_other_failures_are_of_the_kind_that_was_asked_for() -> None:
    from google.api_core import exceptions as google

    attempt = trouble.Attempt("look", failure=PreflightError)
    with pytest.raises(PreflightError, match="refused to look"), trouble.told(attempt):
        raise google.FailedPrecondition("not now")


def test_the_checksum_is_the_one_that_is_known_for_these_digits() -> None:
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(b"") == 0
