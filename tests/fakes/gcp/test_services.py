"""The other services of the fake Google Cloud do what Google's clients expect of them."""

import json
import ssl
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from google.api_core import exceptions
from google.cloud import run_v2 as run
from google.cloud import secretmanager_v1 as secretmanager

from tests.fakes.gcp.cloud import GcpCloud
from tests.fakes.gcp.conftest import MakeClient
from tests.fakes.gcp.crc32c import crc32c
from tests.fakes.gcp.test_vertex import FAST, PARENT, image
from tests.project import API_KEY

SERVICE = f"{PARENT}/services/demo"


@pytest.fixture
def web(gcp: GcpCloud) -> Iterator[httpx2.Client]:
    """A client of HTTP with a good token."""
    trust = ssl.create_default_context(cafile=gcp.address.trust.file)
    shown = {"Authorization": f"Bearer {gcp.tokens.token()}"}
    with httpx2.Client(verify=trust, headers=shown, base_url=gcp.url) as made:
        yield made


def template(uri: str, *, release: str = "one", revision: str = "") -> Any:
    """A template of a release whose key is in Secret Manager."""
    key = run.SecretKeySelector(secret="key", version="1")
    env = [
        run.EnvVar(name="LLMOPS_RELEASE", value=release),
        run.EnvVar(name="LLMOPS_API_KEY", value_source=run.EnvVarSource(secret_key_ref=key)),
    ]
    container = run.Container(image=uri, env=env, ports=[run.ContainerPort(container_port=8080)])
    return run.RevisionTemplate(containers=[container], revision=revision)


def share(revision: str, percent: int = 0, tag: str = "") -> Any:
    """A share of the traffic."""
    kind = run.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION
    return run.TrafficTarget(type_=kind, revision=revision, percent=percent, tag=tag)


def test_a_revision_is_asked_by_its_tag_before_it_has_traffic(
    gcp: GcpCloud, client: MakeClient, web: httpx2.Client
) -> None:
    gcp.secrets.put("key", API_KEY)
    services = client(run.ServicesClient)
    wanted = run.Service(template=template(image(gcp), revision="demo-one"))
    request = {"parent": PARENT, "service": wanted, "service_id": "demo"}
    made = services.create_service(request).result(polling=FAST)
    assert (gcp.run.serving, made.reconciling) == ("one", False)
    # Google lets in nobody, unless it is told to.
    assert web.get(f"{made.uri}/version").status_code != 200
    binding = {"role": "roles/run.invoker", "members": ["allUsers"]}
    services.set_iam_policy({"resource": SERVICE, "policy": {"bindings": [binding]}})
    assert web.get(f"{made.uri}/version").json()["release"] == "one"
    made.template = template(image(gcp), release="two", revision="demo-two")
    made.traffic = [share("demo-one", 100), share("demo-two", tag="next")]
    after = services.update_service(service=made).result(polling=FAST)
    tagged = [one.uri for one in after.traffic_statuses if one.tag == "next"]
    assert web.get(f"{tagged[0]}/version").json()["release"] == "two"
    assert web.get(f"{made.uri}/version").json()["release"] == "one"
    with pytest.raises(exceptions.Aborted, match="Conflict"):
        services.update_service(service=made)
    with pytest.raises(exceptions.FailedPrecondition, match="serving traffic"):
        client(run.RevisionsClient).delete_revision(name=f"{SERVICE}/revisions/demo-one")


@pytest.mark.parametrize("trouble", ["disabled", "crashes", "gone"])
def test_a_revision_that_never_gets_ready_leaves_the_traffic(
    gcp: GcpCloud, client: MakeClient, trouble: str
) -> None:
    gcp.run.placeholder()
    version = gcp.secrets.put("key", API_KEY)
    if trouble == "disabled":
        version.state = "DISABLED"
    if trouble == "crashes":
        gcp.containers.script("demo", "crashes")
    uri = "localhost:1/no@sha256:aa" if trouble == "gone" else image(gcp)
    services = client(run.ServicesClient)
    service = services.get_service(name=SERVICE)
    service.template = template(uri)
    operation = services.update_service(service=service)
    said = {"disabled": "secret", "crashes": "failed to start", "gone": "not found"}[trouble]
    with pytest.raises(exceptions.FailedPrecondition, match=said):
        operation.result(polling=FAST)
    after = services.get_service(name=SERVICE)
    assert after.latest_created_revision != after.latest_ready_revision
    assert after.terminal_condition.state.name == "CONDITION_FAILED"
    assert (after.generation, after.observed_generation) == (2, 2)


def test_versions_of_a_secret_have_states_and_checksums(gcp: GcpCloud, client: MakeClient) -> None:
    secrets = client(secretmanager.SecretManagerServiceClient)
    parent = f"projects/{gcp.project}"
    request = {"parent": parent, "secret_id": "key", "secret": {"replication": {"automatic": {}}}}
    name = secrets.create_secret(request).name
    payload = {"data": b"value", "data_crc32c": crc32c(b"value")}
    first = secrets.add_secret_version({"parent": name, "payload": payload})
    told = secrets.access_secret_version(name=first.name).payload
    assert (told.data, told.data_crc32c) == (b"value", crc32c(b"value"))
    with pytest.raises(exceptions.InvalidArgument, match="checksum"):
        secrets.add_secret_version({"parent": name, "payload": {**payload, "data_crc32c": 1}})
    secrets.disable_secret_version(name=first.name)
    with pytest.raises(exceptions.FailedPrecondition, match="DISABLED"):
        secrets.access_secret_version(name=f"{name}/versions/latest")
    for _ in range(4):
        gcp.secrets.put("key", "more")
    assert len(list(secrets.list_secret_versions(parent=name))) == 5


def test_objects_change_only_in_the_generation_that_was_meant(
    gcp: GcpCloud, web: httpx2.Client
) -> None:
    place = f"/upload/storage/v1/b/{gcp.storage.bucket}/o?uploadType=media&name=a/b.json"

    def put(text: str, generation: str) -> httpx2.Response:
        return web.post(f"{place}&ifGenerationMatch={generation}", content=text.encode())

    first = put("one", "0").json()
    assert put("two", "0").status_code == 412
    assert put("two", first["generation"]).status_code == 200
    read = web.get(f"/storage/v1/b/{gcp.storage.bucket}/o/a%2Fb.json?alt=media")
    assert read.text == "two"
    stale = f"?ifGenerationMatch={first['generation']}"
    where = f"/storage/v1/b/{gcp.storage.bucket}/o/a%2Fb.json"
    assert web.delete(where + stale).status_code == 412
    now = f"?ifGenerationMatch={read.headers['x-goog-generation']}"
    assert web.delete(where + now).status_code == 204
    assert web.get(where).status_code == 404


def test_a_workload_identity_is_given_tokens(gcp: GcpCloud, web: httpx2.Client) -> None:
    file = json.loads(gcp.tokens.write(gcp.address.folder).read_text())
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "subject_token_type": file["subject_token_type"],
        "audience": file["audience"],
        "subject_token": gcp.tokens.proof,
    }
    given = web.post(file["token_url"], data=form).json()
    assert gcp.tokens.trouble(given["access_token"]) is None
    assert web.post(file["token_url"], data={**form, "subject_token": "x"}).status_code == 400


def test_images_are_pulled_with_a_token_as_password(gcp: GcpCloud, web: httpx2.Client) -> None:
    uri = image(gcp).replace("@", "/manifests/").replace("/demo/", "/v2/demo/")
    login = httpx2.BasicAuth("oauth2accesstoken", gcp.tokens.token())
    assert web.get(f"https://{uri}", auth=login).status_code == 200
    wrong = httpx2.BasicAuth("oauth2accesstoken", "wrong")
    assert web.get(f"https://{uri}", auth=wrong).status_code == 401
    gcp.registry.rights.discard("pull")
    assert "downloadArtifacts" in web.get(f"https://{uri}", auth=login).text
