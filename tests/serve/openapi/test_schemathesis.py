"""Schemathesis sends what the document allows and what it forbids, and judges every answer."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serve.access import logins
from tests.serve.conftest import Start
from tests.serve.scripted_upstream import (
    DONE,
    ScriptedUpstream,
    answers,
    dies_after,
    event,
    hangs,
    hangs_up,
    says,
    streams,
)
from tests.serve.served import KEY, Served, clean_environment

if importlib.util.find_spec("schemathesis") is None:
    pytest.skip("needs schemathesis", allow_module_level=True)

#: Cases for each route and phase; 200 find nothing more, in ten times the time.
MOST_CASES = 15
SECONDS = 110

#: All checks that schemathesis 4 has apply, but these to who has no key: nothing that is sent can
#: be right or wrong when all of it is refused alike.
WITHOUT_KEY = "negative_data_rejection,positive_data_acceptance"


#: Where a model is named in a body, one that is not served is refused. Under /v1 that is a 404,
#: which schemathesis takes for granted; here it is not.
CONFIG = """
[[operations]]
include-path = "/llm/generate"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "401", "429", "5xx"]
"""


def checked(api: Served, folder: Path, *options: str) -> str:
    """Run it over the document that ``api`` serves, and return what it says."""
    # It reads the document from a file, because without a key the server does not give it away.
    document = folder / "openapi.json"
    document.write_text(json.dumps(api.get("/openapi.json").json()))
    config = folder / "schemathesis.toml"
    config.write_text(CONFIG)
    command = [Path(sys.executable).with_name("st"), "--config-file", config, "run", document]
    command += ["--url", api.address]
    command += ["--checks", "all", "--phases", "examples,coverage,fuzzing,stateful"]
    command += ["--max-examples", str(MOST_CASES), "--generation-deterministic", "--no-color"]
    done = subprocess.run(
        [*map(str, command), *options],
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def cases(said: str) -> int:
    found = re.search(r"(\d+) generated, (\d+) passed", said)
    assert found, said
    assert found[1] == found[2], said
    print(f"{found[1]} cases, all passed")  # noqa: T201
    return int(found[1])


def test_with_a_key_every_answer_is_as_the_document_says(demo: Served, tmp_path: Path) -> None:
    said = checked(demo, tmp_path, "--header", f"Authorization: Bearer {KEY}")
    assert cases(said) > 300


def test_without_a_key_every_answer_is_as_the_document_says(demo: Served, tmp_path: Path) -> None:
    print(f"Left out, because every request is refused alike: {WITHOUT_KEY}")  # noqa: T201
    said = checked(demo, tmp_path, "--exclude-checks", WITHOUT_KEY)
    assert cases(said) > 100


def test_where_anybody_may_call_every_answer_is_as_the_document_says(
    start: Start, tmp_path: Path
) -> None:
    assert cases(checked(start(LLMOPS_AUTH="none"), tmp_path)) > 300


def test_where_users_log_in_every_answer_is_as_the_document_says(
    start: Start, tmp_path: Path
) -> None:
    only = ["--include-path-regex", "^/(auth/|token)", "--header", f"Authorization: Bearer {KEY}"]
    assert cases(checked(start(**logins.VARIABLES), tmp_path, *only)) > 30


@pytest.mark.parametrize(
    ("act", "status"),
    [
        (answers("Hello."), 200),
        (streams(event("Hello."), DONE), 200),
        (dies_after(event("Hello.")), 200),
        (says(400, b'{"error": {"message": "No."}}'), 400),
        (says(418, b"teapot"), 418),
        (says(422, b'{"error": {"message": "No.", "code": 7}}'), 422),
        (says(429, b"{}", Retry_After="7"), 429),
        (says(401), 502),
        (says(500), 502),
        (hangs_up, 502),
        (hangs, 504),
    ],
)
def test_what_an_upstream_does_is_described_too(
    gateway: Served, upstream: ScriptedUpstream, act: object, status: int
) -> None:
    import schemathesis
    from schemathesis.checks import not_a_server_error

    document = gateway.get("/openapi.json").json()
    operation = schemathesis.openapi.from_dict(document)["/v1/chat/completions"]["POST"]
    upstream.script.append(act)  # type: ignore[arg-type]
    headers = {"Authorization": f"Bearer {KEY}"}
    case = operation.Case(
        body={
            "model": "m",
            "messages": [{"role": "user", "content": "Hello"}],
            "stream": True,
        },
        media_type="application/json",
        headers=headers,
    )
    response = case.call(base_url=gateway.address)
    assert response.status_code == status
    # A failure of the upstream is not one of ours.
    excluded = [not_a_server_error]
    case.validate_response(response, headers=headers, excluded_checks=excluded)
