"""What the provider in the tests' own process needs, which only the session `infra` installs."""

import importlib.util
import shutil

import pytest

#: The dependency group `infra`: it wants an older protobuf than the extra gcp.
_PACKAGES = ("tf", "grpc", "msgpack")


def need_provider() -> None:
    """Skip the test where Terraform or one of the packages is missing."""
    if not shutil.which("terraform"):
        pytest.skip("needs terraform on the PATH")
    for name in _PACKAGES:
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"needs {name}, of the dependency group infra: nox -s infra")
