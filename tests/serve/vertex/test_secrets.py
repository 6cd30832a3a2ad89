"""Secrets that the process fetches itself: by version, checked, and in no variable."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from llmops_cli.serve.settings import SettingsError
from llmops_cli.serve.vertex.crc32c import crc32c
from llmops_cli.serve.vertex.secrets import fetched

KEY = "projects/p/secrets/demo-LLMOPS_API_KEY/versions/3"
VALUE = "a-secret-value-of-some-length"


class Google(ThreadingHTTPServer):
    """The metadata server and Secret Manager, at one address."""

    checksum = 0

    @property
    def variables(self) -> dict[str, str]:
        return {
            "LLMOPS_SECRET_MANAGER": f"http://127.0.0.1:{self.server_port}",
            "LLMOPS_SECRET_REFERENCES": json.dumps({"LLMOPS_API_KEY": KEY}),
        }


class Handler(BaseHTTPRequestHandler):
    server: Google

    def do_GET(self) -> None:
        if self.path.endswith("/service-accounts/default/token"):
            is_asked_well = self.headers["Metadata-Flavor"] == "Google"
            self._say(200 if is_asked_well else 403, {"access_token": "t", "expires_in": 3000})
        elif self.headers["Authorization"] != "Bearer t":
            self._say(401, {})
        elif self.path == f"/v1/{KEY}:access":
            data = base64.b64encode(VALUE.encode()).decode()
            payload = {"data": data, "dataCrc32c": str(self.server.checksum)}
            self._say(200, {"name": KEY, "payload": payload})
        else:
            self._say(403, {"error": {"message": "Permission denied on resource."}})

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""

    def _say(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> Iterator[Google]:
    with Google(("127.0.0.1", 0), Handler) as server:
        server.checksum = crc32c(VALUE.encode())
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("GCE_METADATA_HOST", f"127.0.0.1:{server.server_port}")
        yield server
        server.shutdown()


def test_a_checksum_is_that_of_google() -> None:
    assert crc32c(b"123456789") == 0xE3069283


def test_a_value_is_in_a_file_of_ours_and_gone_at_the_end(google: Google) -> None:
    with fetched(google.variables) as files:
        assert list(files) == ["LLMOPS_API_KEY_FILE"]
        file = Path(files["LLMOPS_API_KEY_FILE"])
        assert file.read_text() == VALUE
        assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert not file.parent.exists()


def test_a_value_that_did_not_come_whole_is_refused(google: Google) -> None:
    google.checksum ^= 1
    with pytest.raises(SettingsError) as refused, fetched(google.variables):
        pass
    assert "checksum" in refused.value.problems[0]
    assert VALUE not in str(refused.value)


def test_google_s_word_is_told_where_it_refuses(google: Google) -> None:
    other = json.dumps({"OTHER_KEY": KEY.replace("3", "4"), "LLMOPS_API_KEY": KEY})
    variables = {**google.variables, "LLMOPS_SECRET_REFERENCES": other}
    with pytest.raises(SettingsError) as refused, fetched(variables):
        pass
    (problem,) = refused.value.problems
    assert problem.startswith("OTHER_KEY: cannot be read from projects/p/secrets")
    assert "403 Permission denied" in problem


@pytest.mark.parametrize(
    "references",
    ["[", "[]", '{"a": "b"}', '{"KEY": "projects/p/secrets/s/versions/latest"}'],
)
def test_what_pins_no_version_is_refused(references: str) -> None:
    with (
        pytest.raises(SettingsError, match="LLMOPS_SECRET_REFERENCES: must map"),
        fetched({"LLMOPS_SECRET_REFERENCES": references}),
    ):
        pass


def test_a_name_that_is_set_as_well_is_refused(google: Google) -> None:
    with (
        pytest.raises(SettingsError, match="which is set as well"),
        fetched({**google.variables, "LLMOPS_API_KEY": "x"}),
    ):
        pass
