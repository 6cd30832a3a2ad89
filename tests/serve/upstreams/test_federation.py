"""An upstream of Google's, asked from Azure: the app's own Entra identity is what Google trusts."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmops_cli.serve.environment import Environment
from llmops_cli.serve.upstreams.federation import applies, read, sourced
from tests.serve.conftest import Start, in_front_of
from tests.serve.scripted_upstream import ScriptedUpstream
from tests.serve.upstreams import google_federation
from tests.serve.upstreams.google_federation import ACCOUNT, CLIENT, HEADER, Federation

pytest.importorskip("google.auth", reason="needs the google extra")


@pytest.fixture
def google() -> Iterator[Federation]:
    with google_federation.running() as federation:
        yield federation


def through(
    google: Federation, upstream: ScriptedUpstream, folder: Path, **more: object
) -> dict[str, str]:
    (folder / "google.json").write_text(json.dumps(google.document(**more)))
    settings = in_front_of(upstream.base_url)
    entry = json.loads(settings["LLMOPS_UPSTREAMS"])[0]
    del entry["secret"]
    entry |= {"auth": "google", "federation": str(folder / "google.json")}
    variables = {"LLMOPS_UPSTREAMS": json.dumps([entry]), "LLMOPS_REQUEST_SECONDS": "20"}
    return {**settings, **variables, **google.variables()}


def test_the_identity_of_the_app_is_exchanged_for_a_token_of_google(
    start: Start, upstream: ScriptedUpstream, google: Federation, tmp_path: Path
) -> None:
    api = start(**through(google, upstream, tmp_path))
    assert api.chat("Hello").status_code == 200
    assert api.chat("Again").status_code == 200
    assert google.issued == ["google-token-0-federated"]
    sent = {call.headers["Authorization"] for call in upstream.calls}
    assert sent == {"Bearer google-token-0-federated"}


def test_a_service_account_is_impersonated_where_the_file_names_one(
    start: Start, upstream: ScriptedUpstream, google: Federation, tmp_path: Path
) -> None:
    address = f"{google.url}/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken"
    more = {"service_account_impersonation_url": address}
    api = start(**through(google, upstream, tmp_path, **more))
    assert api.chat("Hello").status_code == 200
    assert upstream.calls[0].headers["Authorization"] == "Bearer google-token-1-impersonated"


def test_an_identity_that_google_does_not_trust_gets_nothing_and_nothing_is_repeated(
    start: Start, upstream: ScriptedUpstream, google: Federation, tmp_path: Path
) -> None:
    google.trusts = "aaaaaaaa-0000-0000-0000-000000000002"
    api = start(**through(google, upstream, tmp_path))
    answer = api.chat("Hello")
    assert answer.status_code == 502
    assert google.refused
    assert upstream.calls == []
    for text in (answer.text, api.output.read_text()):
        assert HEADER not in text
        assert "eyJ" not in text


def test_a_user_assigned_identity_is_named_and_another_one_is_not_taken(
    start: Start, upstream: ScriptedUpstream, google: Federation, tmp_path: Path
) -> None:
    google.identities = {"cccccccc-0000-0000-0000-000000000001": google_federation.OBJECT}
    api = start(**through(google, upstream, tmp_path))
    assert api.chat("Hello").status_code == 502
    assert upstream.calls == []


def test_the_query_of_the_identity_endpoint_is_kept(google: Federation) -> None:
    variables = {**google.variables(), "IDENTITY_ENDPOINT": "http://localhost:42/msi/token?x=1"}
    url = sourced(google.document(), variables)["credential_source"]["url"]
    assert url.startswith(
        "http://localhost:42/msi/token?x=1&api-version=2019-08-01&resource=api%3A"
    )
    assert url.endswith(f"&client_id={CLIENT}")


def test_elsewhere_than_in_azure_the_file_is_used_as_it_is(google: Federation) -> None:
    assert sourced(google.document(), {}) == google.document()
    another = google.document(credential_source={"file": "/run/token"})
    assert sourced(another, google.variables()) == another


def test_a_developer_who_is_logged_in_is_asked_as_instead(tmp_path: Path) -> None:
    (tmp_path / "application_default_credentials.json").write_text("{}")
    logged_in = {"CLOUDSDK_CONFIG": str(tmp_path)}
    assert not applies(logged_in)
    assert not applies({"CLOUDSDK_CONFIG": "/nonexistent", "GOOGLE_APPLICATION_CREDENTIALS": "x"})
    assert applies({"CLOUDSDK_CONFIG": "/nonexistent"})
    assert applies({**logged_in, "IDENTITY_ENDPOINT": "http://localhost:42/msi/token"})


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"type": "service_account"}, "service_account"),
        ({"audience": ""}, "without audience"),
        ({"credential_source": {"executable": {"command": "id"}}}, "runs a program"),
        ({"credential_source": {"url": "http://169.254.169.254/x"}}, "no resource"),
        ({"token_url": "http://sts.example.com/v1/token"}, "token_url is not https://"),
        ({"service_account_impersonation_url": "http://x.example"}, "is not https://"),
    ],
)
def test_a_file_that_is_no_safe_description_is_refused(
    google: Federation, tmp_path: Path, change: dict[str, object], why: str
) -> None:
    (tmp_path / "google.json").write_text(json.dumps(google.document(**change)))
    environment = Environment({})
    assert read(environment, "LLMOPS_UPSTREAMS[0].federation", f"{tmp_path}/google.json") is None
    assert why in environment.problems[0]


@pytest.mark.parametrize(("text", "why"), [(None, "cannot be read"), ("{", "not JSON")])
def test_a_file_that_is_not_there_or_no_json_is_refused(
    tmp_path: Path, text: str | None, why: str
) -> None:
    if text is not None:
        (tmp_path / "google.json").write_text(text)
    environment = Environment({})
    assert read(environment, "place", f"{tmp_path}/google.json") is None
    assert why in environment.problems[0]
