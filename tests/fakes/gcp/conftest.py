"""Google's own clients of a fake Google Cloud, in the process of the test."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.fakes.gcp.cloud import GcpCloud

MakeClient = Callable[[Any], Any]


@pytest.fixture
def client(gcp: GcpCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeClient]:
    """What makes a client of a class, with a token that is good."""
    from google.api_core.client_options import ClientOptions
    from google.oauth2.credentials import Credentials

    monkeypatch.setenv("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", str(gcp.address.trust.file))
    made = []

    def make(kind: Any) -> Any:
        options = ClientOptions(api_endpoint=gcp.address.rpc_host)
        made.append(kind(credentials=Credentials(gcp.tokens.token()), client_options=options))
        return made[-1]

    assert os.environ["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"]
    yield make
    for one in made:
        one.transport.close()
