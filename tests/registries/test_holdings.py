"""All tags of a repository are found, and images taken away for good, in real registries."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from llmops_cli.core.secret import Secret
from llmops_cli.errors import AccessError, BuildError
from llmops_cli.registries.holdings import Removal
from llmops_cli.registries.login import Fixed, Login
from llmops_cli.registries.oci import Registry
from llmops_cli.registries.patience import Patience
from llmops_cli.registries.reference import parse
from tests.engines import needs_registry
from tests.registries import servers
from tests.registries.faulty_proxy import Fault, FaultyProxy
from tests.registries.seeded import index, seed
from tests.registries.servers import PASSWORD, USER, RunningRegistry

pytestmark = needs_registry
QUICK = Patience(first_seconds=0.01)


@pytest.fixture(scope="module")
def deleting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with servers.running(tmp_path_factory.mktemp("deleting"), deletes=True) as registry:
        yield registry


@pytest.fixture
def proxy(deleting: RunningRegistry) -> Iterator[FaultyProxy]:
    with FaultyProxy(deleting.port) as running:
        yield running


def registry_at(host: str, path: str, login: Login | None = None) -> Registry:
    return Registry(parse(f"{host}/{path}"), Fixed(login), QUICK)


def removed(registry: Registry, *digests: str) -> list[Removal]:
    return list(registry.remove(digests))


def test_every_tag_is_found_with_what_it_stands_for(deleting: RunningRegistry) -> None:
    one = seed(deleting.url, "team/all", "v1", {"a": "1"})
    two = seed(deleting.url, "team/all", "v2", {"a": "2"})
    both = index(deleting.url, "team/all", "both", {"linux/amd64": one, "linux/arm64": two})
    found = registry_at(deleting.host, "team/all").holdings()
    assert {tag: published.digest for tag, published in found.items()} == {
        "v1": one,
        "v2": two,
        "both": both,
    }
    assert found["both"].parts == (one, two)
    assert found["v1"].labels == {"a": "1"}


def test_a_list_of_several_pages_is_read_to_its_end(
    deleting: RunningRegistry, proxy: FaultyProxy
) -> None:
    for number in range(3):
        seed(deleting.url, "team/pages", f"v{number}", {"n": str(number)})
    # As registries with small pages answer; the host in the link is not where we ask.
    link = '<https://elsewhere.example/v2/team/pages/tags/list?last=v0&n=2>; rel="next"'
    proxy.lies = [(r"tags/list\?n=500", {"link": link}, b'{"tags": ["v0"]}')]
    found = registry_at(proxy.host, "team/pages").holdings()
    assert sorted(found) == ["v0", "v1", "v2"]


def test_a_list_without_end_is_not_read_for_ever(
    deleting: RunningRegistry, proxy: FaultyProxy
) -> None:
    seed(deleting.url, "team/endless", "v1", {})
    link = '</v2/team/endless/tags/list?last=v1>; rel="next"'
    proxy.lies = [("tags/list", {"link": link}, b'{"tags": null}')]
    with pytest.raises(BuildError, match="cannot be trusted") as caught:
        registry_at(proxy.host, "team/endless").holdings()
    assert "no end" in caught.value.evidence


def test_a_repository_that_is_not_there_holds_nothing(deleting: RunningRegistry) -> None:
    assert registry_at(deleting.host, "team/nothing").holdings() == {}


@pytest.mark.parametrize("body", [b"{}", b"[]", b"no json", b'{"tags": 3}'])
def test_an_answer_that_is_no_list_is_refused(
    deleting: RunningRegistry, proxy: FaultyProxy, body: bytes
) -> None:
    seed(deleting.url, "team/lies", "v1", {})
    proxy.lies = [("tags/list", {}, body)]
    with pytest.raises(BuildError, match="cannot be trusted"):
        registry_at(proxy.host, "team/lies").holdings()


def test_an_image_is_removed_by_its_digest_with_all_its_tags(deleting: RunningRegistry) -> None:
    old = seed(deleting.url, "team/gone", "old", {"a": "1"})
    seed(deleting.url, "team/gone", "older", {"a": "1"})
    kept = seed(deleting.url, "team/gone", "kept", {"a": "2"})
    registry = registry_at(deleting.host, "team/gone")
    assert removed(registry, old, old) == [Removal.DONE, Removal.GONE]
    assert {tag: found.digest for tag, found in registry.holdings().items()} == {"kept": kept}


def test_a_registry_that_allows_no_removal_is_told_apart(tmp_path: Path) -> None:
    with servers.running(tmp_path) as registry:
        digest = seed(registry.url, "team/locked", "v1", {})
        assert removed(registry_at(registry.host, "team/locked"), digest) == [Removal.LOCKED]
        assert registry.tags("team/locked") == ["v1"]


def test_a_removal_that_a_busy_registry_refuses_is_repeated(
    deleting: RunningRegistry, proxy: FaultyProxy
) -> None:
    digest = seed(deleting.url, "team/busy", "v1", {})
    proxy.faults = [Fault("DELETE ", times=2, status=503)]
    assert removed(registry_at(proxy.host, "team/busy"), digest) == [Removal.DONE]


def test_a_token_to_remove_is_asked_for_when_it_is_needed(tmp_path: Path) -> None:
    with servers.with_tokens(tmp_path, deletes=True) as (registry, tokens):
        login = Login(USER, Secret(PASSWORD))
        server = registry_at(registry.host, "team/tokened", login)
        assert server.holdings() == {}
        assert removed(server, f"sha256:{'0' * 64}") == [Removal.GONE]
        scopes = [fields["scope"][0] for _, fields in tokens.asked]
        assert "delete" not in scopes[0]
        assert scopes[-1].endswith("delete")


def test_who_may_not_remove_is_told_so(deleting: RunningRegistry, proxy: FaultyProxy) -> None:
    digest = seed(deleting.url, "team/denied", "v1", {})
    proxy.faults = [Fault("DELETE ", status=403, body=b"no")]
    with pytest.raises(AccessError):
        removed(registry_at(proxy.host, "team/denied"), digest)
    assert deleting.tags("team/denied") == ["v1"]
