"""An image in a real registry is searched layer by layer; what its base has is passed over."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping, Sequence

import httpx2
import pytest

from llmops_cli.core.image import Leak
from llmops_cli.core.secret import Secret
from llmops_cli.errors import BuildError
from llmops_cli.images.scan.published import Wanted, scan_published
from llmops_cli.registries.login import Fixed
from llmops_cli.registries.oci import Registry
from llmops_cli.registries.patience import Patience
from llmops_cli.registries.reference import parse
from tests.engines import needs_registry
from tests.images.scan.planted import drawn
from tests.registries import servers
from tests.registries.faulty_proxy import FaultyProxy
from tests.registries.seeded import OCI_MANIFEST, put, upload
from tests.registries.servers import RunningRegistry

pytestmark = needs_registry
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_PLATFORM = "linux/amd64"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with servers.running(tmp_path_factory.mktemp("registry")) as registry:
        yield registry


def layer_of(files: Mapping[str, str]) -> bytes:
    """A layer with these files, not compressed."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return plain.getvalue()


def put_image(url: str, tag: str, layers: Sequence[bytes], variables: Sequence[str] = ()) -> None:
    """Put an image of these layers there, compressed, as builders do."""
    packed = [gzip.compress(layer, mtime=0) for layer in layers]
    diff_ids = [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Env": list(variables)},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": [{"created_by": "step"} for _ in layers],
    }
    body = json.dumps(config).encode()
    parts = [
        {"mediaType": _LAYER, "size": len(one), "digest": upload(url, "scan", one)}
        for one in packed
    ]
    about = {"mediaType": _CONFIG, "size": len(body), "digest": upload(url, "scan", body)}
    manifest = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": about, "layers": parts}
    put(url, "scan", tag, manifest, OCI_MANIFEST)


def found(host: str, base: str | None, value: str) -> list[Leak]:
    registry = Registry(parse(f"{host}/scan"), Fixed(), Patience(first_seconds=0.01))
    below = None
    if base is not None:
        with registry.opened(base, _PLATFORM) as opened:
            assert opened is not None
            below = opened.contents
    with registry.opened("image", _PLATFORM) as opened:
        assert opened is not None
        return list(scan_published(opened, below, Wanted({"KEY": [Secret(value)]})))


def test_what_is_above_the_base_is_searched_also_where_a_later_layer_hides_it(
    running: RunningRegistry,
) -> None:
    value = drawn(40)
    base = layer_of({"usr/known.txt": f"{value}\n"})
    own = layer_of({"app/one.txt": f"the key is {value}\n"})
    hidden = layer_of({"app/.wh.one.txt": ""})
    put_image(running.url, "base", [base])
    put_image(running.url, "image", [base, own, hidden])
    assert [(leak.what, leak.place) for leak in found(running.host, "base", value)] == [
        ("KEY", "app/one.txt, line 1")
    ]
    places = {leak.place for leak in found(running.host, None, value)}
    assert places == {"usr/known.txt, line 1", "app/one.txt, line 1"}


def test_a_base_that_it_is_not_on_hides_nothing(running: RunningRegistry) -> None:
    value = drawn(40)
    put_image(running.url, "base", [layer_of({"usr/other.txt": "another"})])
    put_image(running.url, "image", [layer_of({"usr/known.txt": value})])
    assert [leak.place for leak in found(running.host, "base", value)] == ["usr/known.txt, line 1"]


def test_a_value_in_a_variable_is_found(running: RunningRegistry) -> None:
    value = drawn(40)
    put_image(running.url, "image", [layer_of({"a": "b"})], [f"TOKEN={value}"])
    assert [leak.place for leak in found(running.host, None, value)] == ["ENV TOKEN"]


@pytest.mark.parametrize(
    "body",
    [b"", b"no layer at all", gzip.compress(layer_of({"a": "b"}), mtime=0)],
    ids=["nothing", "no layer", "another layer"],
)
def test_a_layer_that_is_not_the_promised_one_is_no_reason_for_peace(
    running: RunningRegistry, body: bytes
) -> None:
    value = drawn(40)
    layer = gzip.compress(layer_of({"app/one.txt": value}), mtime=0)
    put_image(running.url, "image", [layer_of({"app/one.txt": value})])
    digest = f"sha256:{hashlib.sha256(layer).hexdigest()}"
    assert httpx2.get(f"{running.url}/v2/scan/blobs/{digest}").status_code == 200
    with FaultyProxy(running.port) as proxy:
        proxy.lies = [(f"GET .*blobs/{digest}", {}, body)]
        with pytest.raises(BuildError):
            found(proxy.host, None, value)
