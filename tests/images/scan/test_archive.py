"""Both layouts of a saved image are read, from a stream, and a damaged one is an error."""

import gzip
import hashlib
import io
import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from llmops_cli.errors import BuildError
from llmops_cli.images.scan.archive import Archive
from llmops_cli.images.scan.layer import search_layer
from tests.images.scan.planted import drawn, search_for


def archive(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for name, to in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, to
            tar.addfile(member)
    return made.getvalue()


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def oci(layers: list[bytes], *, compressed: bool, with_manifest: bool) -> bytes:
    """An image as engines with containerd's store save it: blobs that are named by digest."""
    blobs = [gzip.compress(layer) if compressed else layer for layer in layers]
    diff_ids = [f"sha256:{digest(layer)}" for layer in layers]
    config = json.dumps({"config": {}, "rootfs": {"type": "layers", "diff_ids": diff_ids}}).encode()
    manifest = json.dumps(
        {
            "config": {"digest": f"sha256:{digest(config)}"},
            "layers": [{"digest": f"sha256:{digest(blob)}"} for blob in blobs],
        }
    ).encode()
    inner = json.dumps({"manifests": [{"digest": f"sha256:{digest(manifest)}"}]}).encode()
    index = json.dumps({"manifests": [{"digest": f"sha256:{digest(inner)}"}]}).encode()
    files = {f"blobs/sha256/{digest(blob)}": blob for blob in [*blobs, config, manifest, inner]}
    files |= {"index.json": index, "oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}
    if with_manifest:
        layers_of = [f"blobs/sha256/{digest(blob)}" for blob in blobs]
        config_of = f"blobs/sha256/{digest(config)}"
        listed = json.dumps([{"Config": config_of, "Layers": layers_of}]).encode()
        files["manifest.json"] = listed
    return archive(files)


def search(saved: bytes, value: str, below: tuple[str, ...] = ()) -> dict[str, str]:
    """What is found: the place of each leak by the digest of its layer."""
    looking, read = search_for(value), Archive(below)
    read.read(io.BytesIO(saved), lambda path, layer: search_layer(looking, layer, path))
    digests = read.digests()
    return {digests[leak.layer]: leak.place for leak in looking.leaks.all()}


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("with_manifest", [False, True])
def test_blobs_named_by_digest_are_read(compressed: bool, with_manifest: bool) -> None:
    value = drawn(30)
    first, second = archive({"a.txt": b"nothing"}), archive({"[b].txt": f"x {value}".encode()})
    saved = oci([first, second], compressed=compressed, with_manifest=with_manifest)
    assert search(saved, value) == {f"sha256:{digest(second)}": "[b].txt, line 1"}


def test_the_layers_of_the_base_are_passed_over() -> None:
    value = drawn(30)
    base, own = archive({"base.txt": value.encode()}), archive({"own.txt": value.encode()})
    saved = oci([base, own], compressed=False, with_manifest=True)
    below = (f"sha256:{digest(base)}",)
    assert search(saved, value, below) == {f"sha256:{digest(own)}": "own.txt, line 1"}


def test_links_and_names_and_attributes_are_searched() -> None:
    value = drawn(30)
    for layer in (
        archive({}, {"link": f"/x/{value}"}),
        archive({f"run/{value}/file": b""}),
    ):
        saved = oci([layer], compressed=True, with_manifest=True)
        [(_, place)] = search(saved, value).items()
        assert value not in place


@pytest.mark.parametrize("cut", [0, 100, 700, 1500, 9000, 12_000])
def test_an_archive_that_is_cut_short_is_an_error(cut: int) -> None:
    layer = archive({"a.txt": drawn(3000).encode(), "b.txt": drawn(9000).encode()})
    saved = oci([layer], compressed=False, with_manifest=True)[:cut]
    with pytest.raises(BuildError) as caught:
        search(saved, drawn(20))
    assert "damaged" in caught.value.message
    assert caught.value.next_step


def test_a_compressed_layer_that_is_damaged_is_an_error() -> None:
    layer = archive({"a.txt": drawn(30000).encode()})
    whole = gzip.compress(layer)
    broken = whole[:5000] + b"\xff" * 100 + whole[5100:]
    saved = oci([layer], compressed=True, with_manifest=True).replace(whole, broken)
    with pytest.raises(BuildError):
        search(saved, drawn(20))


def test_a_layer_of_a_compression_that_cannot_be_read_is_an_error() -> None:
    zstd = b"\x28\xb5\x2f\xfd" + b"\0" * 600
    saved = archive({"blobs/sha256/abc": zstd, "manifest.json": b"[]"})
    with pytest.raises(BuildError, match="zstd"):
        search(saved, drawn(20))


def test_the_holes_of_a_sparse_file_are_not_read(tmp_path: Path) -> None:
    value = drawn(30)
    file = tmp_path / "sparse"
    with file.open("wb") as content:
        content.seek(1 << 40)
        content.write(value.encode())
    command = ["tar", "-C", str(tmp_path), "--sparse", "-cf", "-", "sparse"]
    layer = subprocess.run(command, capture_output=True, check=True).stdout
    saved = oci([layer], compressed=False, with_manifest=True)
    assert list(search(saved, value).values()) == ["sparse, line 1"]
