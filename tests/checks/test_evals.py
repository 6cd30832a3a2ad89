"""Golden prompts: read strictly, judged safely, counted against a threshold."""

import time
from pathlib import Path

import pytest

from llmops_cli.checks.evals import Eval, Prompt, load_evals
from llmops_cli.checks.expectations import Contains, Expectation, JsonSchema, Matches, objection
from llmops_cli.errors import CheckError, ConfigError
from tests.checks.asking import FAILED, PASSED, asked, subject
from tests.checks.faulty_servers import as_json, serving
from tests.checks.good_api import GoodApi, completion

CHAT = "POST /v1/chat/completions"
CATASTROPHE = r"^(a+)+$"
CITY = {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}}

GOOD = """
threshold = 0.5
[[prompt]]
name = "greeting"
prompt = "Say hello."
contains = "hello"
[[prompt]]
name = "number"
prompt = "How many?"
system = "Be brief."
matches = "[0-9]+"
[[prompt]]
name = "shape"
prompt = "As JSON."
[prompt.json_schema]
type = "object"
"""


def write(folder: Path, text: str, name: str = "basics.toml") -> Path:
    (folder / name).write_text(text)
    return folder


def test_a_file_becomes_an_eval_named_after_it(tmp_path: Path) -> None:
    (found,) = load_evals(write(tmp_path, GOOD))
    assert found == Eval(
        "basics",
        (
            Prompt("greeting", "Say hello.", Contains("hello")),
            Prompt("number", "How many?", Matches("[0-9]+"), "Be brief."),
            Prompt("shape", "As JSON.", JsonSchema({"type": "object"})),
        ),
        0.5,
    )


def test_files_are_read_in_the_order_of_their_names_and_others_are_left_alone(
    tmp_path: Path,
) -> None:
    for name in ("b.toml", "a.toml", "notes.md"):
        write(tmp_path, GOOD, name)
    assert [found.name for found in load_evals(tmp_path)] == ["a", "b"]


def test_a_project_without_the_folder_has_none(tmp_path: Path) -> None:
    assert load_evals(tmp_path / "evals") == ()


ONE = '[[prompt]]\nname = "a"\nprompt = "b"\n'


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", "[[prompt]]"),
        ("prompt = 3", "[[prompt]]"),
        ("prompt = [3]", "prompt[0]"),
        ("= nonsense", "cannot be read"),
        (GOOD.replace("threshold", "treshold"), "treshold"),
        (GOOD.replace("0.5", "1.5"), "threshold"),
        (GOOD.replace("0.5", "true"), "threshold"),
        (GOOD.replace("0.5", "nan"), "threshold"),
        (GOOD.replace("0.5", '"x"'), "threshold"),
        (ONE, "exactly one of contains, matches, json_schema"),
        (ONE + 'contains = "x"\nmatches = "y"', "exactly one of"),
        (ONE + 'contain = "x"', "prompt[0].contain is not a known key"),
        (ONE + 'contains = ""', "prompt[0].contains"),
        (ONE + "contains = 3", "prompt[0].contains"),
        (ONE + 'matches = "("', "prompt[0].matches"),
        (ONE + 'json_schema = "{}"', "prompt[0].json_schema"),
        (ONE + 'json_schema = {type = "objekt"}', "prompt[0].json_schema"),
        (ONE.replace('"a"', '" "') + 'contains = "x"', "prompt[0].name"),
        (ONE.replace('"b"', "5") + 'contains = "x"', "prompt[0].prompt"),
        ((ONE + 'contains = "x"\n') * 2, "prompt[1].name 'a' is used twice"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_the_file_and_the_key(
    tmp_path: Path, text: str, names: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        load_evals(write(tmp_path, text))
    assert "basics.toml" in refused.value.message
    assert names in refused.value.message


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "basics.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"basics\.toml"):
        load_evals(tmp_path)


@pytest.mark.parametrize(
    ("answer", "expects", "wrong"),
    [
        ("Well, HELLO there", Contains("hello"), ""),
        ("Goodbye", Contains("hello"), "lacks"),
        ("there are 42", Matches(r"\b[0-9]+\b"), ""),
        ("there are many", Matches(r"\b[0-9]+\b"), "does not match"),
        ("\ud800 42", Matches("42"), ""),
        ('{"city": "Bern"}', JsonSchema(CITY), ""),
        ('{"city": 5}', JsonSchema(CITY), "properties/city/type"),
        ("{}", JsonSchema(CITY), "required"),
        ("Bern", JsonSchema(CITY), "is not JSON"),
        ("[" * 100_000, JsonSchema(CITY), "is not JSON"),
    ],
)
def test_an_answer_is_judged_by_what_is_expected(
    answer: str, expects: Expectation, wrong: str
) -> None:
    found = objection(answer, expects)
    assert bool(found) is bool(wrong)
    assert wrong in found


@pytest.mark.parametrize(
    "expects", [Matches(CATASTROPHE), JsonSchema({"type": "string", "pattern": CATASTROPHE})]
)
def test_a_pattern_that_takes_for_ever_is_stopped(expects: Expectation) -> None:
    answer = "a" * 5000 + "b"
    started = time.monotonic()
    with pytest.raises(CheckError, match="could not be judged within"):
        objection(f'"{answer}"' if isinstance(expects, JsonSchema) else answer, expects, 0.5)
    assert time.monotonic() - started < 5


def test_a_schema_that_refers_to_an_address_downloads_nothing() -> None:
    with serving(lambda _: as_json(CITY)) as server:
        with pytest.raises(CheckError, match="could not be judged"):
            objection("{}", JsonSchema({"$ref": f"{server.url}/city.json"}))
    assert server.asked == []


def prompts(*expected: str) -> tuple[Prompt, ...]:
    return tuple(Prompt(f"p{at}", "q", Contains(text)) for at, text in enumerate(expected))


def eval_of(golden: Eval, answer: str):
    api = GoodApi(faults={CHAT: lambda _: as_json(completion(answer))})
    with serving(api) as server:
        return asked(subject(server.url, evals=(golden,)), f"eval-{golden.name}"), server.asked


def test_enough_good_answers_pass_and_those_that_are_not_are_named() -> None:
    golden = Eval("basics", prompts("blue", "blue", "green"), threshold=0.6)
    results, _ = eval_of(golden, "The sky is blue.")
    result = results["eval-basics"]
    assert result.verdict is PASSED
    assert result.evidence == "2 of 3 passed; not passed: p2"


def test_too_few_good_answers_fail_with_names_and_no_more_than_80_characters_of_an_answer() -> None:
    golden = Eval("basics", prompts("blue", "green"))
    answer = "The sky is blue. " + "x" * 500
    result = eval_of(golden, answer)[0]["eval-basics"]
    assert result.verdict is FAILED
    assert "1 of 2 passed, 100% have to; failed: p1" in result.evidence
    assert "The sky is blue." in result.evidence
    assert "x" * 70 not in result.evidence


def test_a_prompt_is_asked_once_with_its_system_prompt_and_without_a_limit() -> None:
    golden = Eval("basics", (Prompt("p", "Why?", Contains("sky"), "Be brief."),))
    _, seen = eval_of(golden, "sky")
    (chat,) = [one.fields for one in seen if one.path == "/v1/chat/completions"]
    assert chat["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Why?"},
    ]
    assert not {"max_tokens", "max_completion_tokens"} & chat.keys()


def test_an_error_of_the_server_fails_the_prompt_with_its_status() -> None:
    api = GoodApi(faults={CHAT: lambda _: as_json({"error": "sick"}, 502)})
    golden = Eval("basics", prompts("blue"))
    with serving(api) as server:
        result = asked(subject(server.url, evals=(golden,)), "eval-basics")["eval-basics"]
    assert result.verdict is FAILED
    assert "502" in result.evidence


def test_a_threshold_of_nothing_still_asks_and_passes() -> None:
    result = eval_of(Eval("basics", prompts("green"), threshold=0), "blue")[0]["eval-basics"]
    assert result.verdict is PASSED
