"""The fake Vertex AI does what Google's own client expects of it, and refuses what it must."""

import ssl
from typing import Any

import httpx2
import pytest
from google.api_core import exceptions
from google.api_core.future import polling
from google.cloud import aiplatform_v1 as vertex
from google.protobuf.field_mask_pb2 import FieldMask

from tests.fakes.gcp.answers import denied, throttled
from tests.fakes.gcp.cloud import GcpCloud
from tests.fakes.gcp.conftest import MakeClient
from tests.fakes.gcp.operations import Failure
from tests.fakes.gcp.vertex_endpoints import NOT_READY
from tests.project import API_KEY

PARENT = "projects/demo-project/locations/europe-west4"
ENDPOINT = f"{PARENT}/endpoints/demo"
FAST = polling.DEFAULT_POLLING.with_delay(0.02, 0.05, 1.5).with_timeout(20)


def image(gcp: GcpCloud, tag: str = "one") -> str:
    """Put an image into the registry, and return its reference."""
    return f"{gcp.registry.host}/demo@{gcp.registry.put_image('demo', tag)}"


def upload(client: MakeClient, uri: str, **more: Any) -> Any:
    """Upload a model, and return Google's answer."""
    own = {"LLMOPS_RELEASE": more.pop("release", "one"), "LLMOPS_API_KEY": API_KEY}
    spec = vertex.ModelContainerSpec(
        image_uri=uri,
        predict_route="/predict",
        health_route="/health",
        ports=[vertex.Port(container_port=8080)],
        env=[vertex.EnvVar(name=name, value=text) for name, text in own.items()],
    )
    aliases = more.pop("aliases", [])
    model = vertex.Model(display_name="demo", container_spec=spec, version_aliases=aliases)
    asked = vertex.UploadModelRequest(parent=PARENT, model=model, **more)
    return client(vertex.ModelServiceClient).upload_model(asked).result(polling=FAST)


def deploy(client: MakeClient, model: str, split: dict[str, int]) -> Any:
    """Deploy a version, and return the operation."""
    machine = vertex.MachineSpec(machine_type="n2-standard-2")
    resources = vertex.DedicatedResources(machine_spec=machine, min_replica_count=1)
    deployed = vertex.DeployedModel(model=model, dedicated_resources=resources)
    asked = {"endpoint": ENDPOINT, "deployed_model": deployed, "traffic_split": split}
    return client(vertex.EndpointServiceClient).deploy_model(asked)


def test_versions_of_a_model_share_its_aliases(gcp: GcpCloud, client: MakeClient) -> None:
    first = upload(client, image(gcp), model_id="demo")
    assert first.model_version_id == "1"
    parent = f"{PARENT}/models/demo"
    upload(client, image(gcp), parent_model=parent, aliases=["r-two"])
    third = upload(client, image(gcp), parent_model=parent, aliases=["default", "r-three"])
    models = client(vertex.ModelServiceClient)
    assert models.get_model(name=parent).version_id == third.model_version_id == "3"
    found = list(models.list_model_versions(name=parent))
    assert [list(one.version_aliases) for one in found] == [["default", "r-three"], ["r-two"], []]
    models.merge_version_aliases(name=f"{parent}@r-two", version_aliases=["default", "-r-two"])
    assert models.get_model(name=parent).version_id == "2"
    with pytest.raises(exceptions.FailedPrecondition, match="default version"):
        models.delete_model_version(name=f"{parent}@2")
    models.delete_model_version(name=f"{parent}@1").result(polling=FAST)
    with pytest.raises(exceptions.NotFound):
        models.get_model(name=f"{parent}@1")


def test_an_image_that_is_not_there_is_told_by_the_operation(client: MakeClient) -> None:
    with pytest.raises(exceptions.NotFound, match="no such host"):
        upload(client, "elsewhere.example/demo@sha256:aa")


def test_a_model_is_asked_by_its_share_of_the_traffic(gcp: GcpCloud, client: MakeClient) -> None:
    parent = f"{PARENT}/models/demo"
    upload(client, image(gcp), model_id="demo")
    upload(client, image(gcp), parent_model=parent, release="two")
    first = deploy(client, f"{parent}@1", {"0": 100}).result(polling=FAST).deployed_model.id
    assert gcp.vertex.serving == "one"
    split = {"0": 0, first: 100}
    second = deploy(client, f"{parent}@2", split).result(polling=FAST).deployed_model.id
    assert (gcp.vertex.serving, gcp.vertex.deployed) == ("one", {"one", "two"})
    endpoints = client(vertex.EndpointServiceClient)
    with pytest.raises(exceptions.FailedPrecondition, match="has traffic"):
        endpoints.undeploy_model(endpoint=ENDPOINT, deployed_model_id=first)
    stale = endpoints.get_endpoint(name=ENDPOINT)
    changed = vertex.Endpoint(name=ENDPOINT, traffic_split={first: 50, second: 50}, etag=stale.etag)
    mask = FieldMask(paths=["traffic_split"])
    endpoints.update_endpoint(endpoint=changed, update_mask=mask)
    with pytest.raises(exceptions.Aborted):
        endpoints.update_endpoint(endpoint=changed, update_mask=mask)
    trust = ssl.create_default_context(cafile=gcp.address.trust.file)
    heads = {"Authorization": f"Bearer {gcp.tokens.token()}"}
    with httpx2.Client(verify=trust, headers=heads) as asking:
        url = f"{gcp.url}/v1/{ENDPOINT}:rawPredict"
        served = [
            asking.post(url, json={}).headers["X-Vertex-AI-Deployed-Model-Id"] for _ in "1234"
        ]
    assert set(served) == {first, second}


@pytest.mark.parametrize("manner", ["crashes", "hangs"])
def test_a_container_that_never_answers_fails_its_deployment(
    gcp: GcpCloud, client: MakeClient, manner: Any
) -> None:
    gcp.containers.script("demo", manner)
    upload(client, image(gcp), model_id="demo")
    operation = deploy(client, f"{PARENT}/models/demo", {"0": 100})
    assert operation.metadata.deployment_stage.name == "STARTING_DEPLOYMENT"
    with pytest.raises(exceptions.FailedPrecondition, match=NOT_READY[:40]):
        operation.result(polling=FAST)
    assert gcp.vertex.deployed == set()


def test_an_operation_goes_on_while_nobody_looks_and_can_fail_late(
    gcp: GcpCloud, client: MakeClient
) -> None:
    gcp.vertex.next("UploadModel", Failure("INTERNAL", "It failed."), steps=3)
    model = vertex.Model(
        display_name="demo", container_spec=vertex.ModelContainerSpec(image_uri=image(gcp))
    )
    models = client(vertex.ModelServiceClient)
    operation = models.upload_model(parent=PARENT, model=model)
    for _ in range(4):
        assert list(models.list_models(parent=PARENT)) == []
    assert operation.operation.name in gcp.operations.running
    assert gcp.operations.running[operation.operation.name].is_over
    with pytest.raises(exceptions.GoogleAPICallError, match="It failed"):
        operation.result(polling=FAST)


def test_machines_are_limited(gcp: GcpCloud, client: MakeClient) -> None:
    gcp.vertex.quota["n2-standard-2"] = 0
    upload(client, image(gcp), model_id="demo")
    with pytest.raises(exceptions.ResourceExhausted, match="custom_model_serving_n2_cpus"):
        deploy(client, f"{PARENT}/models/demo", {"0": 100})


def test_refusals_have_the_details_that_google_gives(gcp: GcpCloud, client: MakeClient) -> None:
    endpoints = client(vertex.EndpointServiceClient)
    gcp.faults.on("EndpointService.GetEndpoint", denied("aiplatform.endpoints.get", "x"))
    with pytest.raises(exceptions.PermissionDenied) as refused:
        endpoints.get_endpoint(name=ENDPOINT)
    assert 'value: "aiplatform.endpoints.get"' in str(refused.value.details)
    gcp.faults.on("EndpointService.GetEndpoint", throttled("7s"))
    with pytest.raises(exceptions.ResourceExhausted) as throttling:
        endpoints.get_endpoint(name=ENDPOINT)
    assert any("seconds: 7" in str(one) for one in throttling.value.details)
    gcp.faults.lose("EndpointService.GetEndpoint")
    with pytest.raises(exceptions.ServiceUnavailable):
        endpoints.get_endpoint(name=ENDPOINT)
    gcp.faults.expire_tokens()
    with pytest.raises(exceptions.Unauthenticated, match="expired"):
        endpoints.get_endpoint(name=ENDPOINT)


@pytest.mark.parametrize(
    ("request_", "what"),
    [
        ({"parent": PARENT, "model": {"container_spec": {"image_uri": "x"}}}, "model.displayName"),
        (
            {"parent": PARENT, "model": {"display_name": "x", "create_time": {"seconds": 1}}},
            "createTime",
        ),
        ({"parent": "nowhere", "model": {"display_name": "x"}}, "no rule"),
    ],
)
def test_a_request_that_breaks_the_contract_is_a_violation(
    gcp: GcpCloud, client: MakeClient, request_: Any, what: str
) -> None:
    with pytest.raises(exceptions.InvalidArgument):
        client(vertex.ModelServiceClient).upload_model(request_)
    (told,) = gcp.violations
    assert what in told
    gcp.violations.clear()
