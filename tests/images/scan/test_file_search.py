"""A file is searched whole, however it comes, and what is told of it holds no value."""

import base64
import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.images.scan.planted import drawn, in_base64, leaks_in, search_for, told


def zipped(name: str, content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return made.getvalue()


def tarred(content: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        member = tarfile.TarInfo("inner.txt")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return made.getvalue()


@pytest.mark.parametrize("chunk", [1, 7, 4096])
def test_a_value_is_found_across_chunks_and_its_line_is_told(chunk: int) -> None:
    value = drawn(40)
    content = b"line\n" * 300 + f"here: {value}\n".encode() + b"more\n" * 300
    [leak] = leaks_in(content, value, chunk=chunk)
    assert (leak.what, leak.place) == ("S0", "app/file.txt, line 301")


def test_a_value_is_found_after_megabytes_of_other_bytes() -> None:
    value = drawn(24)
    content = b"\0" * 5_000_000 + value.encode() + b"\0" * 3_000_000
    [leak] = leaks_in(content, value)
    assert leak.place == "app/file.txt"


@pytest.mark.parametrize(
    "compress",
    [
        gzip.compress,
        bz2.compress,
        lzma.compress,
        tarred,
        lambda data: zipped("a/b.txt", data),
        lambda data: gzip.compress(zipped("b.txt", data)),
        lambda data: zipped("b.gz", gzip.compress(data)),
        lambda data: gzip.compress(b"first\n") + gzip.compress(data),
    ],
)
def test_a_value_is_found_inside_compressed_files(compress: object) -> None:
    value, key = drawn(24), f"ghp_{drawn(36)}"
    content = b"x" * 3_000_000 + f"\n{value}\n{key}\n".encode()
    leaks = leaks_in(compress(content), value, chunk=1000)  # type: ignore[operator]
    # A key that is seen in two parts may be known by another rule first.
    assert [leak.what == "S0" for leak in leaks] == [True, False]


@pytest.mark.parametrize("start", [b"\x1f\x8b", b"BZh9", b"\xfd7zXZ\x00", b"PK\x03\x04"])
def test_a_file_that_only_begins_as_a_compressed_one_is_searched_as_it_is(start: bytes) -> None:
    value = drawn(24)
    [leak] = leaks_in(start + b"\0junk" + value.encode(), value)
    assert leak.what == "S0"


def test_a_bomb_is_not_inflated_for_ever() -> None:
    bomb = gzip.compress(gzip.compress(b"\0" * 50_000_000))
    assert leaks_in(bomb, drawn(20)) == []


def test_base64_that_is_broken_into_lines_is_looked_into() -> None:
    value, key = drawn(40), f"ghp_{drawn(36)}"
    for hidden in (value, key):
        text = base64.encodebytes(f"A={'x' * 30}\nKEY={hidden}\nB={'y' * 30}\n".encode())
        [leak] = leaks_in(b"data:\n" + text, value)
        assert leak.what == ("S0" if hidden is value else "the shape of a github-pat, in base64")


def test_a_value_in_a_path_is_found_and_not_shown() -> None:
    value = drawn(20)
    leaks = leaks_in(b"", value, path=f"app/{value}/{value}.txt")
    assert [leak.what for leak in leaks] == ["S0"]
    assert value not in told(leaks)
    across = leaks_in(b"", "abc7/def8/ghi9", path="x/abc7/def8/ghi9")
    assert "def8" not in told(across)
    assert across


def test_text_with_two_bytes_a_letter_is_searched() -> None:
    value, key = drawn(20), f"sk-ant-api03-{drawn(80)}AA"
    leaks = leaks_in(f"VALUE={value}\nKEY={key}\n".encode("utf-16"), value)
    assert {leak.what for leak in leaks} > {"S0"}


def test_rules_pass_over_installed_packages_and_ignored_files_but_values_are_found_there() -> None:
    value, key = drawn(30), f"ghp_{drawn(36)}"
    for path in ("venv/lib/python3.13/site-packages/a.py", "docs/keys.md"):
        search = search_for(value, ignored=("docs/*.md",))
        search.file(path, iter([f"{key}\n{value}\n".encode()]))
        assert [leak.what for leak in search.leaks.all()] == ["S0"]
    assert leaks_in(key.encode())


def test_a_common_word_is_no_leak_in_a_package_but_in_a_file_of_the_project() -> None:
    package = "venv/lib/python3.13/site-packages/a.py"
    assert leaks_in(b"# in production", "production", path=package) == []
    assert [leak.what for leak in leaks_in(b"in production", "production")] == ["S0"]


def test_a_value_that_is_known_is_told_by_its_name_only() -> None:
    value = f"ghp_{drawn(36)}"
    [leak] = leaks_in(f"token = '{value}'\n".encode(), value)
    assert leak.what == "S0"


@settings(max_examples=30, deadline=None)
@given(
    value=st.text("abcdefghijkmnopqrstuvwxyzABCDEFGH23456789-_/+=%&\"' ", min_size=12, max_size=50),
    form=st.sampled_from(["raw", "base64", "name", "variable"]),
)
def test_no_part_of_a_value_is_ever_told(value: str, form: str) -> None:
    value = value.strip()
    search = search_for(value)
    written = in_base64(value) if form == "base64" else value
    path = f"0/{value}" if form == "name" else "0"
    search.file(path, iter([f"1: {written}\n".encode()]), "2")
    search.text(f"ENV {value}" if form == "variable" else "ENV 3", written, "2")
    said = told(search.leaks.all())
    own = "S0 the shape of a value set for secret [secret] (its name), line 1 in base64 ENV"
    pieces = {value[at : at + 5] for at in range(len(value) - 4)}
    assert not [piece for piece in pieces if piece in said and piece not in own]
