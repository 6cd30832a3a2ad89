"""What a tag holds is read from real registries, whatever they want to know first."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmops_cli.core.secret import Secret
from llmops_cli.errors import AccessError, BuildError, LlmopsError
from llmops_cli.registries.login import Fixed, Login
from llmops_cli.registries.oci import Registry, make_registry
from llmops_cli.registries.patience import Patience
from llmops_cli.registries.reference import parse
from tests.engines import needs_registry
from tests.project import free_port
from tests.registries import servers
from tests.registries.faulty_proxy import Fault, FaultyProxy
from tests.registries.seeded import index, seed
from tests.registries.servers import PASSWORD, USER, RunningRegistry
from tests.registries.token_server import IDENTITY_TOKEN, TokenServer

pytestmark = needs_registry
LABELS = {"org.opencontainers.image.revision": "abc", "other": "x"}
QUICK = Patience(first_seconds=0.01)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with servers.running(tmp_path_factory.mktemp("plain")) as registry:
        yield registry


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with servers.with_password(tmp_path_factory.mktemp("locked")) as registry:
        yield registry


@pytest.fixture(scope="module")
def tokened(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[RunningRegistry, TokenServer]]:
    with servers.with_tokens(tmp_path_factory.mktemp("tokened")) as pair:
        yield pair


@pytest.fixture
def proxy(plain: RunningRegistry) -> Iterator[FaultyProxy]:
    seed(plain.url, "team/chat", "v1", LABELS)
    with FaultyProxy(plain.port) as running:
        yield running


def registry_at(host: str, login: Login | None = None, path: str = "team/chat") -> Registry:
    return Registry(parse(f"{host}/{path}"), Fixed(login), QUICK)


def ci(password: str = PASSWORD) -> Login:
    return Login(USER, Secret(password), origin="secret REGISTRY_PASSWORD")


def test_a_tag_is_found_with_its_digest_and_labels(plain: RunningRegistry) -> None:
    digest = seed(plain.url, "team/found", "v1", LABELS)
    registry = registry_at(plain.host, path="team/found")
    for reference in ("v1", digest):
        found = registry.find(reference)
        assert found is not None
        assert (found.digest, found.labels) == (digest, LABELS)


@pytest.mark.parametrize("path", ["team/chat", "nobody/nothing"])
def test_a_tag_that_is_not_there_is_none(plain: RunningRegistry, path: str) -> None:
    seed(plain.url, "team/chat", "v1", LABELS)
    assert registry_at(plain.host, path=path).find("absent") is None


def test_an_image_without_labels_has_none(plain: RunningRegistry) -> None:
    seed(plain.url, "team/bare", "v1", None)
    found = registry_at(plain.host, path="team/bare").find("v1")
    assert found is not None
    assert found.labels == {}


def test_a_list_of_images_has_the_labels_that_all_of_them_have(plain: RunningRegistry) -> None:
    ours = seed(plain.url, "team/list", "amd64", LABELS)
    theirs = seed(plain.url, "team/list", "arm64", {**LABELS, "other": "y"}, architecture="arm64")
    note = seed(plain.url, "team/list", "note", None, architecture="unknown")
    platforms = {"linux/amd64": ours, "linux/arm64": theirs, "unknown/unknown": note}
    digest = index(plain.url, "team/list", "v1", platforms)
    found = registry_at(plain.host, path="team/list").find("v1")
    assert found is not None
    assert found.digest == digest
    assert found.labels == {"org.opencontainers.image.revision": "abc"}


def test_a_password_opens_a_registry_that_asks_for_one(locked: RunningRegistry) -> None:
    digest = seed(locked.url, "team/chat", "v1", LABELS, login=(USER, PASSWORD))
    found = registry_at(locked.host, ci()).find("v1")
    assert found is not None
    assert found.digest == digest
    registry_at(locked.host, ci()).check()


@pytest.mark.parametrize("login", [ci("wrong-sentinel-password"), None])
def test_a_refusal_names_registry_and_user_and_no_password(
    locked: RunningRegistry, login: Login | None
) -> None:
    for ask in (lambda one: one.find("v1"), lambda one: one.check(), lambda one: one.trouble()):
        with pytest.raises(AccessError) as raised:
            ask(registry_at(locked.host, login))
        said = str(raised.value.as_dict())
        assert locked.host in said
        assert "wrong-sentinel-password" not in said
        assert ("the user ci (secret REGISTRY_PASSWORD)" in said) is (login is not None)
        assert "docker login" in raised.value.next_step


def test_a_password_is_changed_for_a_token(tokened: tuple[RunningRegistry, TokenServer]) -> None:
    registry, tokens = tokened
    tokens.asked.clear()
    assert registry_at(registry.host, ci()).find("v1") is None
    ((method, fields),) = tokens.asked
    assert method == "GET"
    assert fields["scope"] == ["repository:team/chat:pull,push"]
    assert fields["service"] == ["test-registry"]
    assert fields["account"] == [USER]
    assert registry_at(registry.host, ci()).trouble() == ""


def test_an_identity_token_is_changed_for_a_token(
    tokened: tuple[RunningRegistry, TokenServer],
) -> None:
    registry, tokens = tokened
    tokens.asked.clear()
    holder = Login("<token>", Secret(IDENTITY_TOKEN), is_token=True)
    assert registry_at(registry.host, holder).find("v1") is None
    ((method, fields),) = tokens.asked
    assert method == "POST"
    assert fields["grant_type"] == ["refresh_token"]


@pytest.mark.parametrize(
    "login",
    [ci("wrong-sentinel-password"), Login("", Secret("wrong-sentinel-token"), is_token=True), None],
)
def test_a_login_that_the_token_server_does_not_know_is_refused(
    tokened: tuple[RunningRegistry, TokenServer], login: Login | None
) -> None:
    registry, _ = tokened
    with pytest.raises(AccessError) as raised:
        registry_at(registry.host, login).find("v1")
    assert "sentinel" not in str(raised.value.as_dict())


def test_who_may_only_read_reads(tokened: tuple[RunningRegistry, TokenServer]) -> None:
    registry, tokens = tokened
    tokens.asked.clear()
    tokens.pushing = 403
    try:
        assert registry_at(registry.host, ci()).find("v1") is None
        with pytest.raises(AccessError):
            registry_at(registry.host, ci()).trouble()
    finally:
        tokens.pushing = None
    assert [fields["scope"] for _, fields in tokens.asked][:2] == [
        ["repository:team/chat:pull,push"],
        ["repository:team/chat:pull"],
    ]


def test_a_wrong_password_is_shown_to_a_token_server_once(
    tokened: tuple[RunningRegistry, TokenServer],
) -> None:
    registry, tokens = tokened
    tokens.asked.clear()
    with pytest.raises(AccessError):
        registry_at(registry.host, ci("wrong-sentinel-password")).find("v1")
    assert len(tokens.asked) == 1


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"[]", b"[" * 100_000])
def test_a_token_server_that_gives_no_token_is_named(
    tokened: tuple[RunningRegistry, TokenServer], body: bytes
) -> None:
    registry, tokens = tokened
    tokens.instead = (200, body)
    try:
        with pytest.raises(BuildError, match="no token"):
            registry_at(registry.host, ci()).find("v1")
    finally:
        tokens.instead = None


@pytest.mark.parametrize(
    "realm", ["http://tokens.example.com/", "ftp://127.0.0.1/", "http://127.0.0.1.example.com/"]
)
def test_a_login_is_shown_to_no_token_server_without_tls(proxy: FaultyProxy, realm: str) -> None:
    header = {"WWW-Authenticate": f'Bearer realm="{realm}",service="x"'}
    proxy.faults = [Fault("GET", status=401, headers=header)]
    with pytest.raises(BuildError) as raised:
        registry_at(proxy.host, ci()).find("v1")
    assert "not safe" in raised.value.evidence


@pytest.mark.parametrize("status", [0, 408, 429, 500, 502, 503, 504])
def test_what_passes_by_itself_is_asked_again(proxy: FaultyProxy, status: int) -> None:
    proxy.faults = [Fault("GET", times=3, status=status, headers={"Retry-After": "0"})]
    assert registry_at(proxy.host).find("v1") is not None


@pytest.mark.parametrize("status", [0, 429, 500, 503])
def test_what_does_not_pass_is_told_after_four_attempts(proxy: FaultyProxy, status: int) -> None:
    fault = Fault("GET", times=99, status=status)
    proxy.faults = [fault]
    with pytest.raises(BuildError) as raised:
        registry_at(proxy.host).find("v1")
    assert fault.times == 95
    assert proxy.host in raised.value.message
    assert not status or str(status) in raised.value.message


def test_a_registry_that_asks_to_stay_away_for_long_is_not_asked_again(proxy: FaultyProxy) -> None:
    fault = Fault("GET", times=99, status=429, headers={"Retry-After": "3600"})
    proxy.faults = [fault]
    with pytest.raises(BuildError, match="429"):
        registry_at(proxy.host).find("v1")
    assert fault.times == 98


def test_a_registry_is_given_the_time_that_it_asks_for(proxy: FaultyProxy) -> None:
    proxy.faults = [Fault("GET", status=503, headers={"Retry-After": "1"})]
    started = time.monotonic()
    assert registry_at(proxy.host).find("v1") is not None
    assert time.monotonic() - started >= 1


def test_a_registry_that_is_not_there_is_named() -> None:
    with pytest.raises(BuildError, match="does not answer"):
        registry_at(f"127.0.0.1:{free_port()}").find("v1")


MANIFEST, CONFIGURATION = "GET .*/manifests/", "GET .*/blobs/"


@pytest.mark.parametrize(
    ("pattern", "headers", "body"),
    [
        (MANIFEST, {"docker-content-digest": "sha256:" + "0" * 64}, None),
        (MANIFEST, {"docker-content-digest": "md5:" + "0" * 32}, None),
        (MANIFEST, {"docker-content-digest": ""}, b"<html>Sign in</html>"),
        (MANIFEST, {"docker-content-digest": ""}, b"{}"),
        (MANIFEST, {"docker-content-digest": ""}, b"[]"),
        (MANIFEST, {"docker-content-digest": ""}, b'{"config": {"digest": "../../evil"}}'),
        (MANIFEST, {"docker-content-digest": ""}, b"[" * 100_000),
        (MANIFEST, {}, b'{"config": {}}'),
        (CONFIGURATION, {}, b'{"config": {"Labels": {}}}'),
        (CONFIGURATION, {}, b"<html>"),
    ],
)
def test_a_registry_that_lies_is_found_out(
    proxy: FaultyProxy, pattern: str, headers: dict[str, str], body: bytes | None
) -> None:
    changed = dict(headers)
    if body is not None:
        changed["content-length"] = str(len(body))
    proxy.lies = [(pattern, changed, body)]
    with pytest.raises(BuildError, match="cannot be trusted"):
        registry_at(proxy.host).find("v1")


def test_without_the_header_the_digest_is_that_of_the_manifest(
    plain: RunningRegistry, proxy: FaultyProxy
) -> None:
    proxy.lies = [(MANIFEST, {"docker-content-digest": ""}, None)]
    found = registry_at(proxy.host).find("v1")
    assert found is not None
    assert found.digest == plain.digest("team/chat", "v1")


def test_an_endless_answer_is_given_up(proxy: FaultyProxy) -> None:
    body = b" " * (5 * 1024 * 1024)
    proxy.lies = [(MANIFEST, {"content-length": str(len(body))}, body)]
    with pytest.raises(BuildError) as raised:
        registry_at(proxy.host).find("v1")
    assert "more than 4 MiB" in raised.value.evidence


def test_a_web_site_is_no_registry(proxy: FaultyProxy) -> None:
    proxy.faults = [Fault("GET", status=405, body=b"<html>", times=9)]
    with pytest.raises(BuildError, match="answered 405") as raised:
        registry_at(proxy.host).find("v1")
    assert "not a web site" in raised.value.next_step


def test_a_registry_of_this_machine_with_tls_is_told(proxy: FaultyProxy) -> None:
    said = b"Client sent an HTTP request to an HTTPS server."
    proxy.faults = [Fault("GET", status=400, body=said)]
    with pytest.raises(BuildError) as raised:
        registry_at(proxy.host).find("v1")
    assert "another name" in raised.value.next_step


def test_an_upload_that_goes_on_elsewhere_is_not_followed_with_the_login(
    locked: RunningRegistry, plain: RunningRegistry
) -> None:
    with FaultyProxy(locked.port) as front, FaultyProxy(plain.port) as elsewhere:
        place = {"location": f"http://{elsewhere.host}/upload"}
        front.lies = [("POST ", place, None)]
        assert registry_at(front.host, ci()).trouble() == ""
        assert any("authorization" in seen.headers for seen in front.seen)
        assert elsewhere.seen == []


def test_a_trial_upload_is_taken_back(plain: RunningRegistry, proxy: FaultyProxy) -> None:
    assert registry_at(proxy.host, path="team/trial").trouble() == ""
    assert [seen.request.partition(" ")[0] for seen in proxy.seen] == ["POST", "PATCH", "DELETE"]
    uploads = plain.storage / "docker/registry/v2/repositories/team/trial/_uploads"
    assert list(uploads.rglob("data")) == []


@pytest.mark.parametrize("status", [500, 507])
def test_a_trial_upload_tells_what_is_wrong(proxy: FaultyProxy, status: int) -> None:
    document = b'{"errors":[{"code":"UNKNOWN","message":"no","detail":{"Enclosed":{"Err":28}}}]}'
    proxy.faults = [Fault("PATCH ", status=status, body=document)]
    assert "no space left" in registry_at(proxy.host).trouble()
    proxy.faults = [Fault("POST ", status=503, body=b"later"), Fault("POST ")]
    assert "503" in registry_at(proxy.host).trouble()
    assert "POST" in registry_at(proxy.host).trouble()


def test_a_login_does_not_follow_to_another_host(
    locked: RunningRegistry, plain: RunningRegistry
) -> None:
    seed(locked.url, "team/chat", "v1", LABELS, login=(USER, PASSWORD))
    seed(plain.url, "team/chat", "v1", LABELS)
    with FaultyProxy(locked.port) as front, FaultyProxy(plain.port) as elsewhere:
        # As a registry does that keeps its layers in a cloud's storage.
        place = f"http://{elsewhere.host}/v2/team/chat/manifests/v1"
        ask = registry_at(front.host, ci())
        front.faults = [Fault("manifests", status=401, headers=_BASIC)]
        front.faults += [Fault("manifests", status=307, headers={"location": place})]
        assert ask.find("v1") is not None
        assert any("authorization" in seen.headers for seen in front.seen)
        assert elsewhere.seen
        assert not any("authorization" in seen.headers for seen in elsewhere.seen)


def test_an_identity_token_does_not_follow_to_another_host(
    tokened: tuple[RunningRegistry, TokenServer], plain: RunningRegistry
) -> None:
    registry, tokens = tokened
    holder = Login("<token>", Secret(IDENTITY_TOKEN), is_token=True)
    with FaultyProxy(tokens.server_port) as front, FaultyProxy(plain.port) as elsewhere:
        there = {"location": f"http://{elsewhere.host}/token"}
        front.faults = [Fault("POST ", status=307, headers=there, times=9)]
        realm = {"WWW-Authenticate": f'Bearer realm="http://{front.host}/token",service="x"'}
        with FaultyProxy(registry.port) as before:
            before.faults = [Fault("GET ", status=401, headers=realm)]
            with pytest.raises(BuildError) as raised:
                registry_at(before.host, holder).find("v1")
        assert "which it is not for" in raised.value.evidence
        assert [seen.request for seen in front.seen] == ["POST /token"]
        assert elsewhere.seen == []


_BASIC = {"WWW-Authenticate": 'Basic realm="x"'}


@pytest.mark.parametrize(
    "place", ["http://example.com/x", "file:///etc/passwd", "ftp://127.0.0.1/"]
)
def test_a_redirect_to_where_there_is_no_tls_is_not_followed(
    proxy: FaultyProxy, place: str
) -> None:
    proxy.faults = [Fault("manifests", status=307, headers={"location": place}, times=9)]
    with pytest.raises(BuildError) as raised:
        registry_at(proxy.host).find("v1")
    assert "not safe" in raised.value.evidence


def test_redirects_without_end_are_given_up(proxy: FaultyProxy) -> None:
    proxy.faults = [Fault("GET", status=302, headers={"location": "/v2/"}, times=99)]
    with pytest.raises(BuildError) as raised:
        registry_at(proxy.host).find("v1")
    assert "5 times" in raised.value.evidence


def test_a_server_that_repeats_the_login_does_not_bring_it_into_the_error(
    proxy: FaultyProxy,
) -> None:
    login = ci()
    said = f"{PASSWORD} {login.basic.reveal()}".encode()
    proxy.faults = [Fault("GET", status=401, headers=_BASIC)]
    proxy.faults += [Fault("GET", status=403, body=said)]
    with pytest.raises(AccessError) as raised:
        registry_at(proxy.host, login).find("v1")
    assert "[secret] [secret]" in raised.value.evidence
    proxy.faults = [Fault("GET", status=401, headers=_BASIC)]
    proxy.faults += [Fault("GET", status=418, body=said)]
    with pytest.raises(LlmopsError) as other:
        registry_at(proxy.host, login).find("v1")
    assert PASSWORD not in str(other.value.as_dict())


def test_making_a_registry_asks_nobody(tmp_path: Path) -> None:
    made = make_registry("registry.invalid/team/chat", USER, Secret(PASSWORD))
    assert made.login() == Login(USER, Secret(PASSWORD))
    assert PASSWORD not in repr(made)
