"""What is used of Vertex AI's package is loaded without the rest, and nobody else notices."""

import json
import subprocess
import sys
from typing import Any

_COUNT = "sum(name.startswith('google.cloud.aiplatform_v1') for name in sys.modules)"


def run(program: str) -> Any:
    """Run a program in an interpreter of its own; it prints a document."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    )
    return json.loads(done.stdout)


def test_a_part_is_loaded_and_the_rest_when_somebody_else_asks_for_it() -> None:
    found = run(f"""
import json, sys
from llmops_cli.clouds.gcp.lean import client_class, message_class
client = client_class("endpoint_service", "EndpointServiceClient")
message = message_class("endpoint_service", "DeployModelResponse")
few = {_COUNT}
import google.cloud.aiplatform_v1 as whole
from google.cloud.aiplatform_v1.types import Endpoint
same = [whole.EndpointServiceClient is client, whole.DeployModelResponse is message]
same += [whole.types.Endpoint is Endpoint, whole.Endpoint is Endpoint]
print(json.dumps([few, {_COUNT}, same, "JobServiceClient" in dir(whole)]))
""")
    few, all_of_them, same, has_others = found
    assert few < all_of_them / 5
    assert same == [True] * 4
    assert has_others


def test_a_package_of_another_make_is_loaded_as_a_whole() -> None:
    found = run("""
import json, sys
sys.modules["google.cloud.aiplatform_v1.services.endpoint_service.client"] = None
from llmops_cli.clouds.gcp import lean
try:
    lean.client_class("endpoint_service", "EndpointServiceClient")
except ImportError as error:
    print(json.dumps([str(error), type(sys.modules[lean.PACKAGE]).__name__
        if lean.PACKAGE in sys.modules else "gone"]))
""")
    # The same import as without us, with its own error, and nothing of ours in its place.
    assert "client" in found[0]
    assert found[1] == "gone"
