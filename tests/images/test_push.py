"""An image goes to a registry once, over no other, and comes back pinned by its digest."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from llmops_cli.core.image import Image, quiet
from llmops_cli.core.release import Release
from llmops_cli.engine.docker import Engine
from llmops_cli.errors import BuildError, PreflightError
from llmops_cli.images.publish import publish
from llmops_cli.images.published import find_published
from llmops_cli.registries.login import Fixed, Login
from llmops_cli.registries.oci import Registry
from llmops_cli.registries.patience import Patience
from llmops_cli.registries.reference import parse
from tests.engines import needs_engine, needs_registry
from tests.images.small import held, labels_of, release_of, unique
from tests.project import free_port
from tests.registries import servers
from tests.registries.faulty_proxy import Fault, FaultyProxy
from tests.registries.seeded import seed
from tests.registries.servers import RunningRegistry

pytestmark = [needs_engine, needs_registry]
RELEASE = release_of()
QUICK = Patience(first_seconds=0.01)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with servers.running(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture
def proxy(server: RunningRegistry) -> Iterator[FaultyProxy]:
    with FaultyProxy(server.port) as running:
        yield running
        assert not [request for request in running.requests if "latest" in request]


@pytest.fixture
def image(proxy: FaultyProxy) -> Iterator[Image]:
    """An image of the release, in the engine under the name that it will have behind the proxy."""
    with held(f"{proxy.host}/team/{unique()}:c0ffee", labels_of(RELEASE)) as made:
        yield made


def path_of(image: Image) -> str:
    return image.repository.partition("/")[2]


def registry_of(image: Image, login: Login | None = None) -> Registry:
    return Registry(parse(image.repository), Fixed(login), QUICK)


def push(image: Image, release: Release = RELEASE, tell: object = None) -> Image:
    lines = tell if isinstance(tell, list) else []
    told = lines.append
    return publish(Engine(), image, release, registry_of(image), told, patience=QUICK)


def test_a_pushed_image_is_pinned_by_the_digest_that_the_registry_has(
    server: RunningRegistry, image: Image
) -> None:
    lines: list[str] = []
    pushed = push(image, tell=lines)
    assert pushed.digest == server.digest(path_of(image), "c0ffee")
    assert pushed.reference == f"{image.repository}@{pushed.digest}"
    assert any("Pushed" in line for line in lines)
    found = find_published(registry_of(image), image.name, RELEASE)
    assert found is not None
    assert (found.digest, found.id) == (pushed.digest, image.id)


def test_what_is_there_already_is_not_sent_again(proxy: FaultyProxy, image: Image) -> None:
    first = push(image)
    assert proxy.uploaded() > 90_000
    proxy.seen.clear()
    lines: list[str] = []
    assert push(image, tell=lines) == first
    assert lines == ["already there"]
    assert {request.partition(" ")[0] for request in proxy.requests} == {"GET"}


def test_a_free_tag_is_no_image(image: Image) -> None:
    assert find_published(registry_of(image), image.name, RELEASE) is None


OTHERS = {
    "another commit": labels_of(release_of("d" * 40)),
    "other files": labels_of(release_of(tree="e" * 40)),
    "no commit": None,
    "no tree": {"org.opencontainers.image.revision": RELEASE.commit},
}


@pytest.mark.parametrize("labels", OTHERS.values(), ids=OTHERS.keys())
def test_a_tag_of_something_else_is_never_overwritten(
    server: RunningRegistry, image: Image, labels: dict[str, str] | None
) -> None:
    theirs = seed(server.url, path_of(image), "c0ffee", labels)
    for act in (push, lambda one: find_published(registry_of(one), one.name, RELEASE)):
        with pytest.raises(BuildError, match="is taken") as raised:
            act(image)
        assert image.name in raised.value.message
        assert theirs in raised.value.evidence
        assert image.name in raised.value.next_step
    assert server.digest(path_of(image), "c0ffee") == theirs


def test_an_image_of_another_commit_is_not_pushed_for_this_one(
    proxy: FaultyProxy, image: Image
) -> None:
    with pytest.raises(BuildError, match="does not say"):
        push(image, release_of("d" * 40))
    assert proxy.uploaded() == 0


def test_an_image_that_the_engine_does_not_hold_is_no_image(image: Image) -> None:
    with pytest.raises(BuildError, match="does not hold"):
        push(replace(image, id="sha256:" + "0" * 64))


def test_what_was_examined_is_pushed_wherever_the_tag_has_moved(
    server: RunningRegistry, image: Image
) -> None:
    with held(image.name, labels_of(RELEASE)) as newer:
        assert newer.id != image.id
        pushed = push(image)
        found = registry_of(image).find("c0ffee")
    assert found is not None
    assert found.configuration == image.id
    assert found.digest == pushed.digest


PASSING = {
    "cut while asked for the registry": Fault("GET /v2/$"),
    "cut before the manifest": Fault("PUT .*/manifests/"),
    "cut within the manifest": Fault("PUT .*/manifests/", after=100),
    "unavailable": Fault("PUT .*/manifests/", status=503, body=b"try later"),
    "broken gateway": Fault("PUT .*/manifests/", status=502, body=b"<html>502</html>"),
    "two in a row": Fault("PUT .*/manifests/", times=2, status=500),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_a_push_outlives_what_passes(
    server: RunningRegistry, proxy: FaultyProxy, image: Image, fault: Fault
) -> None:
    proxy.faults = [replace(fault)]
    lines: list[str] = []
    pushed = push(image, tell=lines)
    assert pushed.digest == server.digest(path_of(image), "c0ffee")
    assert any("attempt 2 of 4" in line for line in lines)
    sent = [seen for seen in proxy.seen if seen.request.startswith("PATCH")]
    assert sum(seen.length for seen in sent if seen.length > 90_000) < 200_000


def test_a_connection_that_is_always_cut_is_told_after_four_attempts(
    server: RunningRegistry, proxy: FaultyProxy, image: Image
) -> None:
    fault = Fault("PUT .*/manifests/", times=99)
    proxy.faults = [fault]
    with pytest.raises(BuildError, match="could not be pushed") as raised:
        push(image)
    assert fault.times == 95
    assert "EOF" in raised.value.evidence or "reset" in raised.value.evidence
    assert "serving still" in raised.value.state
    assert server.tags(path_of(image)) == []


def test_a_registry_without_room_is_told_and_not_tried_for_a_minute(tmp_path: Path) -> None:
    if not servers.may_mount(tmp_path):
        pytest.skip("needs the right to mount a small disk")
    with (
        servers.without_room(tmp_path / "full", kibibytes=200) as full,
        held(f"{full.host}/team/{unique()}:c0ffee", labels_of(RELEASE), size=400_000) as image,
    ):
        lines: list[str] = []
        with pytest.raises(BuildError, match="has no space left") as raised:
            push(image, tell=lines)
        assert full.host in raised.value.message
        assert len([line for line in lines if "Retrying" in line]) < 5


def test_a_registry_beyond_its_quota_is_told(proxy: FaultyProxy, image: Image) -> None:
    refusal = b'{"errors":[{"code":"DENIED","message":"adding 1 MiB exceeds the quota"}]}'
    proxy.faults = [Fault("PUT .*/manifests/", times=99, status=507, body=refusal)]
    with pytest.raises(BuildError, match="has no space left"):
        push(image)


@pytest.mark.parametrize(
    "body",
    [
        b'{"errors":[{"code":"TAG_INVALID","message":"The image tag already exists in the '
        b'repository and cannot be overwritten because the repository is immutable."}]}',
        b'{"errors":[{"code":"PRECONDITION","message":"configured as immutable"}]}',
    ],
)
@pytest.mark.parametrize("status", [400, 412])
def test_an_immutable_tag_is_told(
    proxy: FaultyProxy, image: Image, body: bytes, status: int
) -> None:
    kind = {"content-type": "application/json"}
    fault = Fault("PUT .*/manifests/", times=99, status=status, body=body, headers=kind)
    proxy.faults = [fault]
    with pytest.raises(BuildError, match="does not let") as raised:
        push(image)
    assert "immutable" in raised.value.evidence
    assert fault.times == 98


@pytest.mark.parametrize("same", [True, False])
def test_a_tag_that_is_taken_meanwhile_is_told_unless_by_the_same_commit(
    server: RunningRegistry, proxy: FaultyProxy, image: Image, same: bool
) -> None:
    digests: list[str] = []
    labels = labels_of(RELEASE if same else release_of("d" * 40))

    def tell(line: str) -> None:
        if "Preparing" in line and not digests:
            digests.append(seed(server.url, path_of(image), "c0ffee", labels))

    body = b'{"errors":[{"code":"TAG_INVALID","message":"the repository is immutable"}]}'
    kind = {"content-type": "application/json"}
    proxy.faults = [Fault("PUT .*/manifests/", times=9, status=400, body=body, headers=kind)]

    def act() -> Image:
        return publish(Engine(), image, RELEASE, registry_of(image), tell, patience=QUICK)

    if same:
        assert [act().digest] == digests
    else:
        with pytest.raises(BuildError, match="is taken"):
            act()
    assert server.digest(path_of(image), "c0ffee") == digests[0]


@pytest.mark.parametrize("same", [True, False])
def test_a_registry_that_has_something_else_after_the_push_is_found_out(
    server: RunningRegistry, proxy: FaultyProxy, image: Image, same: bool
) -> None:
    labels = labels_of(RELEASE if same else release_of("d" * 40))
    theirs = seed(server.url, path_of(image), "other", labels)
    lines: list[str] = []

    def tell(line: str) -> None:
        lines.append(line)
        if "digest: sha256" in line:
            # What comes last is the tag: another push has moved it by now.
            seed(server.url, path_of(image), "c0ffee", labels)

    def act() -> Image:
        return publish(Engine(), image, RELEASE, registry_of(image), tell, patience=QUICK)

    if same:
        assert act().digest == theirs
        assert theirs in lines[-1]
    else:
        with pytest.raises(BuildError, match="is taken"):
            act()


def test_a_registry_that_forgets_the_tag_is_found_out(proxy: FaultyProxy, image: Image) -> None:
    proxy.faults = [Fault("GET .*/manifests/c0ffee", times=99, status=404)]
    with pytest.raises(BuildError, match="does not know it now"):
        push(image)


def test_a_registry_that_goes_away_after_the_push_is_told_as_that(
    proxy: FaultyProxy, image: Image
) -> None:
    def tell(line: str) -> None:
        if "digest: sha256" in line:
            proxy.faults = [Fault("GET ", times=99)]

    with pytest.raises(BuildError, match="does not answer") as raised:
        publish(Engine(), image, RELEASE, registry_of(image), tell, patience=QUICK)
    assert "The image was sent" in raised.value.state


def test_a_layer_that_is_cut_is_sent_again_though_the_registry_was_away(
    server: RunningRegistry, proxy: FaultyProxy, image: Image
) -> None:
    # The first is the engine's, the other is our question what is wrong.
    proxy.faults = [Fault("PATCH ", after=1000), Fault("POST ", times=2)]
    proxy.faults[1].times = 0

    def tell(line: str) -> None:
        if "Retrying in 5" in line:
            proxy.faults[1].times = 1

    pushed = publish(Engine(), image, RELEASE, registry_of(image), tell, patience=QUICK)
    assert pushed.digest == server.digest(path_of(image), "c0ffee")
    assert proxy.faults[1].times == 0


def test_a_tag_that_shows_a_moment_later_is_waited_for(proxy: FaultyProxy, image: Image) -> None:
    proxy.faults = [Fault("GET .*/manifests/c0ffee", times=3, status=404)]
    assert push(image).digest


def test_two_operators_push_the_same_commit_at_once(server: RunningRegistry, image: Image) -> None:
    start = threading.Barrier(2)

    def operator(_: int) -> Image:
        start.wait()
        return push(image)

    with ThreadPoolExecutor(2) as operators:
        first, second = operators.map(operator, range(2))
    assert first == second
    assert first.digest == server.digest(path_of(image), "c0ffee")


def test_an_engine_that_does_not_answer_is_not_taken_for_the_registry(
    image: Image, tmp_path: Path
) -> None:
    engine = Engine(host=f"unix://{tmp_path}/absent.sock")
    with pytest.raises(PreflightError, match="No Docker engine"):
        publish(engine, image, RELEASE, registry_of(image), quiet, patience=QUICK)


def test_a_registry_that_is_not_there_is_told(image: Image) -> None:
    gone = replace(image, name=f"127.0.0.1:{free_port()}/team/x:c0ffee")
    with pytest.raises(BuildError, match="does not answer"):
        push(gone)
