"""What of a value gives it away, and in which forms."""

import base64
import html
import json
import subprocess
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.core.secret import Secret
from llmops_cli.images.scan.exact import values_of
from llmops_cli.images.scan.needles import forms_of, needles_of
from llmops_cli.images.scan.values import parts_of

TEXTS = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x24F, exclude_characters="\x7f"),
    min_size=8,
    max_size=60,
)


def holds(content: bytes, text: str) -> bool:
    return any(form in content for form in forms_of(text))


@given(text=TEXTS, before=st.binary(max_size=7), after=st.binary(max_size=7))
def test_a_value_is_found_inside_longer_base64_of_either_alphabet(
    text: str, before: bytes, after: bytes
) -> None:
    whole = before + text.encode() + after
    assert holds(base64.b64encode(whole), text)
    assert holds(base64.urlsafe_b64encode(whole), text)


@given(text=TEXTS)
def test_a_value_is_found_as_programs_write_it(text: str) -> None:
    for written in (
        text,
        quote(text),
        quote(text, safe=""),
        quote_plus(text),
        quote(quote(text)),
        json.dumps({"key": text}),
        json.dumps(text, ensure_ascii=False),
        html.escape(text),
        text.encode().hex(),
        text.encode().hex().upper(),
    ):
        assert holds(f"x{written}y".encode(), text), written
    assert holds(text.encode("utf-16"), text)


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("first-key-91,second-key-82\n", {"first-key-91", "second-key-82"}),
        ("a\nshort\nlong-enough-1\n", {"long-enough-1"}),
        ("changeme", set()),
        ("short", set()),
    ],
)
def test_keys_in_a_list_are_looked_for_one_by_one(value: str, parts: set[str]) -> None:
    assert parts_of(Secret(value)) == parts


def test_the_password_of_an_address_is_a_secret_of_its_own() -> None:
    address = "postgresql://app:p%40ss4821word@db.internal/app"
    assert {"p%40ss4821word", "p@ss4821word", address} <= parts_of(Secret(address))


def test_the_key_of_a_connection_string_is_a_secret_of_its_own() -> None:
    value = "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=Zm9vYmFyMTIzNDU2Nzg5=="
    assert "Zm9vYmFyMTIzNDU2Nzg5==" in parts_of(Secret(value))
    assert not {"acme", "https"} & parts_of(Secret(value))


def new_key() -> str:
    made = subprocess.run(
        ["openssl", "genpkey", "-algorithm", "ed25519"], capture_output=True, text=True, check=True
    )
    return made.stdout


def test_a_private_key_is_known_by_its_lines_and_a_certificate_beside_it_is_not() -> None:
    key = new_key()
    public = (
        "-----BEGIN CERTIFICATE-----\nMIIBpublicpublicpublic0123456789\n-----END CERTIFICATE-----"
    )
    body = key.splitlines()[1]
    assert parts_of(Secret(f"{public}\n{key}")) == {body}


def test_the_private_key_in_a_json_document_is_known_by_its_lines() -> None:
    key = new_key()
    document = {"type": "service_account", "private_key": key, "client_email": "a@example.com"}
    parts = parts_of(Secret(json.dumps(document)))
    assert parts == {key.splitlines()[1]}
    assert parts == parts_of(Secret(json.dumps(document, indent=2)))


def test_a_needle_does_not_show_its_text() -> None:
    needles = needles_of({"NAME": [Secret("very-secret-value-77")]})
    assert "secret-value" not in repr(needles) + repr(values_of(needles))
