"""A secret cannot print itself, and a placeholder is no secret."""

import json
import logging
import traceback
from dataclasses import asdict, dataclass
from string import ascii_letters, digits

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from llmops_cli.core.secret import Secret, first_key, is_placeholder
from llmops_cli.serve import environment

VALUE = "sentinel-4f0c2b9d"


@dataclass(frozen=True)
class Holder:
    """What keeps a secret, as the subject of the checks does."""

    credential: Secret


@pytest.mark.parametrize("template", ["{}", "{!s}", "{!r}", "{!a}", "{:}"])
def test_a_formatted_secret_is_a_word_in_its_place(template: str) -> None:
    assert VALUE not in template.format(Secret(VALUE))
    assert "[secret]" in template.format(Secret(VALUE))
    assert "%s %r" % (Secret(VALUE), Secret(VALUE)) == "[secret] Secret([secret])"  # noqa: UP031


def test_what_holds_a_secret_does_not_show_it() -> None:
    holder = Holder(Secret(VALUE))
    shown = [
        repr(holder),
        str([holder]),
        str(asdict(holder)),
        json.dumps(asdict(holder), default=str),
    ]
    assert not [text for text in shown if VALUE in text]


def test_a_secret_has_no_variables_to_list() -> None:
    with pytest.raises(TypeError):
        vars(Secret(VALUE))
    with pytest.raises(TypeError):
        json.dumps(Secret(VALUE))
    assert VALUE not in str([getattr(Secret(VALUE), name, "") for name in ("_value", "value")])


def test_a_secret_is_in_no_traceback_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(VALUE)
    try:
        raise ValueError(secret)
    except ValueError as error:
        lines = traceback.TracebackException.from_exception(error, capture_locals=True).format()
        assert VALUE not in "".join(lines).replace(f'VALUE = "{VALUE}"', "")
        logging.getLogger("test").exception("It failed with %s", secret)
    assert "It failed with [secret]" in caplog.text
    assert VALUE not in caplog.text


def test_secrets_are_compared_by_value() -> None:
    assert Secret(VALUE) == Secret(VALUE)
    assert Secret(VALUE) != Secret("another")
    assert Secret(VALUE) != VALUE
    assert len({Secret(VALUE), Secret(VALUE)}) == 1
    assert Secret(VALUE).reveal() == VALUE


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("one", "one"),
        ("one,two", "one"),
        (" \n one \ntwo", "one"),
        (",,two", "two"),
        (" , \n", None),
    ],
)
def test_the_first_of_several_keys_is_the_one_to_present(text: str, key: str | None) -> None:
    assert first_key(Secret(text)) == (Secret(key) if key else None)


EXAMPLES = [
    "",
    "   ",
    "...",
    "changeme",
    "Change-Me",
    "CHANGE_ME",
    " change me ",
    "<your key>",
    "your-api-key-here",
    "YOUR_SECRET_KEY_CHANGE_IN_PRODUCTION",
    "sk-1234",
    "xxx",
    "xxxxxxxxxxxxxxxx",
    "0000",
    "api_key",
    "null",
    "change-me-to-a-long-random-string-of-32",
    "replace_with_openssl_rand_hex_32_output",
    "a-string-secret-at-least-256-bits-long",
]


@pytest.mark.parametrize("value", EXAMPLES)
def test_what_example_files_carry_is_a_placeholder(value: str) -> None:
    assert is_placeholder(Secret(value))


@given(st.sampled_from([value for value in EXAMPLES if value.strip()]), st.data())
def test_letter_case_and_separators_hide_no_placeholder(value: str, data: st.DataObject) -> None:
    letters = list(value.strip())
    separators = data.draw(
        st.lists(st.sampled_from(["", "-", "_", ".", " "]), min_size=len(letters))
    )
    flips = data.draw(st.lists(st.booleans(), min_size=len(letters)))
    pieces = zip(letters, separators, flips, strict=False)
    hidden = "".join((c.swapcase() if flip else c) + s for c, s, flip in pieces)
    assert is_placeholder(Secret(hidden.strip(" -_.") if value[0] == "<" else hidden))


@given(st.text(ascii_letters + digits, min_size=24, max_size=64))
def test_a_long_value_is_no_placeholder_unless_it_is_one_character(value: str) -> None:
    assume(not value.lower().startswith("your"))
    assert is_placeholder(Secret(value)) is (len(set(value.lower())) == 1)


@given(
    st.text() | st.sampled_from(EXAMPLES) | st.from_regex(r"(?i)<?your[ _-]?(api)?[ _-]?key.*>?")
)
def test_what_is_stored_is_not_refused_by_the_api_that_it_is_for(value: str) -> None:
    assert is_placeholder(Secret(value)) is environment.is_placeholder(value.strip())
