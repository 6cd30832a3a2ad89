"""What the tests of the fake Azure have in common."""

import ssl
from collections.abc import Iterator

import httpx2
import pytest

from tests.fakes.azure.cloud import AzureCloud
from tests.project import API_KEY


@pytest.fixture
def browser(azure: AzureCloud) -> Iterator[httpx2.Client]:
    """A client that trusts the fake's authority."""
    context = ssl.create_default_context(cafile=azure.ca_file)
    headers = {"Authorization": f"Bearer {API_KEY}"}
    with httpx2.Client(verify=context, headers=headers, timeout=30) as client:
        yield client
