"""Our own clients of a fake Azure, in the process of the test."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from llmops_cli.clouds.azure.account import Account
from llmops_cli.config.azure import Endpoints
from llmops_cli.config.azure_webapp import AzureWebappTarget
from tests.fakes.azure.cloud import AzureCloud
from tests.fakes.azure.entra import TENANT


@contextmanager
def account_at(cloud: AzureCloud, **settings: object) -> Iterator[Account]:
    """Give an account, with settings of a target, that asks the fake; close its clients."""
    own: Mapping[str, object] = {
        "tenant": TENANT,
        "subscription": cloud.subscription,
        "resource_group": "rg-demo",
        "key_vault": cloud.url,
        "endpoints": Endpoints(authority=cloud.url, resource_manager=cloud.url),
    }
    with pytest.MonkeyPatch.context() as patched:
        for name, text in cloud.environment().items():
            patched.setenv(name, text)
        account = Account(AzureWebappTarget.model_validate({**own, **settings}))
        yield account
        for name in ("web", "apps", "registries"):
            if name in vars(account):
                vars(account)[name].close()
