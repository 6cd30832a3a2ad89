"""The line of a key is found wherever TOML lets it stand."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.config.lines import line_numbers, line_of

TEXT = '''# comment = 1
name = "a" # [not.a.table]
"quoted key" . 'b.c' = 1
list = [
  "x = 1", # ]
  { k = "]" },
]
long = """
[no]
no = 1 \\"""
"""
[api]   # header
  model = 'm'
[[api.upstreams]]
name = "one"
models = []
[[api.upstreams]]
name = "two"
  [[api.upstreams.deep]]
  key = 1
[targets."o\\u0064d"]
port = 1
'''


def test_keys_are_found_among_comments_strings_and_arrays() -> None:
    tomllib.loads(TEXT)
    assert line_numbers(TEXT) == {
        ("name",): 2,
        ("quoted key", "b.c"): 3,
        ("list",): 4,
        ("long",): 8,
        ("api",): 12,
        ("api", "model"): 13,
        ("api", "upstreams", 0): 14,
        ("api", "upstreams", 0, "name"): 15,
        ("api", "upstreams", 0, "models"): 16,
        ("api", "upstreams", 1): 17,
        ("api", "upstreams", 1, "name"): 18,
        ("api", "upstreams", 1, "deep", 0): 19,
        ("api", "upstreams", 1, "deep", 0, "key"): 20,
        ("targets", "odd"): 21,
        ("targets", "odd", "port"): 22,
    }


def test_a_key_without_a_line_of_its_own_has_the_line_around_it() -> None:
    lines = line_numbers(TEXT)
    assert line_of(("list", 1, "k"), lines) == 4
    assert line_of(("api", "upstreams", 1, "missing"), lines) == 17
    assert line_of(("missing",), lines) is None


KEYS = st.sampled_from(["a", "b-c", '"q\\u0041 ["', "'l=]#'", '""'])
VALUES = st.sampled_from(
    [
        "1",
        '"""\n[x]\n"""',
        "'''\na = 1''\n'''",
        "[\n 1, # ]\n]",
        '{ z = "#" }',
        '["""a"""", "]",\n]',
        '"\\"=" # c',
    ]
)


@given(st.lists(st.tuples(st.booleans(), KEYS, VALUES), max_size=8))
def test_the_line_found_is_the_line_written(rows: list[tuple[bool, str, str]]) -> None:
    text, written, table = "", [], ""
    for number, (is_table, key, value) in enumerate(rows):
        table = f"t{number}" if is_table else table
        text += f"[{table}]\n" if is_table else "# nothing\n\n"
        written.append((table, f"k{number}", text.count("\n") + 1))
        text += f"k{number}.{key} = {value}\n"
    tomllib.loads(text)
    found = {path: line for path, line in line_numbers(text).items() if len(path) > 1}
    for table, key, line in written:
        prefix = (table, key) if table else (key,)
        assert [at for path, at in found.items() if path[: len(prefix)] == prefix] == [line]
