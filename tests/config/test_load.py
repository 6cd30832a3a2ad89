"""What a project file may say, and what the operator hears when it says something else."""

from pathlib import Path

import pytest

from llmops_cli.config.load import FILE_NAME, load, parse, target_name
from llmops_cli.errors import ConfigError

UPSTREAM = """
[[api.upstreams]]
name = "engine"
base_url = "https://example.com/v1"
secret = "OPENAI_API_KEY"
models = ["gpt-4o-mini"]
"""


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(text, FILE_NAME)
    assert caught.value.next_step
    return f"{caught.value.message}\n{caught.value.evidence}"


def test_a_name_is_all_that_a_project_file_needs() -> None:
    config = parse('name = "chat"', FILE_NAME)
    assert (config.api.model, config.api.auth, config.api.upstreams) == ("demo", "api-key", ())
    assert (config.checks.confirmations, config.secrets.required) == (5, ())
    assert config.targets["local"].port == 8000


def test_every_key_is_read() -> None:
    config = parse(
        'name = "chat"\ndefault_target = "local"\n[api]\napp = "pack.main:app"\n'
        'model = "gpt-4o-mini"\nsystem_prompt = "prompts/system.md"\nauth = "none"\n'
        'status_word = "fine"\nrequest_seconds = 1.5\n'
        + UPSTREAM
        + "[api.sessions]\nhistory_rows = 3\ndays = 7\n"
        + '[secrets]\nrequired = ["A"]\n[checks]\nevals = "golden"\ntimeout_seconds = 2\n'
        'confirmations = 7\n[targets.local]\nhost = "0.0.0.0"\nport = 9000\nkeep = 2\n'
        "ready_seconds = 4\ndrain_seconds = 0\n",
        FILE_NAME,
    )
    assert config.api.app == "pack.main:app"
    assert config.api.request_seconds == 1.5
    assert (config.api.sessions.history_rows, config.api.sessions.days) == (3, 7)
    assert config.api.upstreams[0].models == ("gpt-4o-mini",)
    assert config.secrets.required == ("A",)
    assert (config.checks.evals, config.checks.timeout_seconds) == ("golden", 2)
    local = config.targets["local"]
    assert (local.host, local.port, local.keep) == ("0.0.0.0", 9000, 2)
    assert (local.ready_seconds, local.drain_seconds) == (4, 0)


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b'\xef\xbb\xbfname = "chat"\r\n[api]\r\nmodle = 1\r\n')
    with pytest.raises(ConfigError, match=r"line 3: api\.modle"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[api]\nmodle = "x"', "line 3: api.modle is not a known key; did you mean api.model?"),
        ("port = 1", "line 2: port is not a known key; it belongs in [targets.NAME]"),
        ('[api]\nrequired = ["A"]', "line 3: api.required is not a known key; it belongs in [sec"),
        ('[api]\napi_key = "hunter2"', "llmops secrets set NAME"),
        ("[api]\nzzz = 1", "known here: auth, keys"),
        ("[api.sessions]\nhistory_rows = true", "line 3: api.sessions.history_rows must be a"),
        ("[api.sessions]\ndays = -1", "api.sessions.days must be greater than or equal to 0"),
        ('[api.sessions]\ndatabase_secret = "a://b"', "must be the name of a secret"),
        ('[api]\nrequest_seconds = "3"', "api.request_seconds must be a number"),
        ("[api]\nrequest_seconds = nan", "api.request_seconds must be"),
        ('[api]\nauth = "apikey"', 'api.auth must be "api-key", "jwt" or "none"'),
        ('[api]\nstatus_word = "a b"', "api.status_word must be one word"),
        ('[api]\nsystem_prompt = "../up.md"', "api.system_prompt must be a path inside"),
        ('[api]\nsystem_prompt = "/etc/passwd"', "api.system_prompt must be a path inside"),
        ('[api]\nmodel = "gpt"', "api has a `model` but no upstream that serves it"),
        ('[api]\nstatus_word = "${WORD}"', "holds ${…}, which is not replaced here"),
        ('[api]\nmodel = "a\\u0000b"', "api.model must be one line"),
        ("[[api.upstreams]]", "api.upstreams[0].name is missing"),
        ("api = 3", "api must be a table"),
        ('[secrets]\nrequired = ["A\\n"]', "secrets.required[0] must be the name of a secret"),
        ('[secrets]\nrequired = ["lower"]', "secrets.required[0] must be the name of a secret"),
        ('[secrets]\nrequired = ["LLMOPS_MODEL"]', "secrets.required[0] must be the name"),
        ("[checks]\nconfirmations = 0", "checks.confirmations must be greater than or equal to 1"),
        ("[targets.local]\nport = 65536", "targets.local.port must be less than or equal to 65535"),
        ('[targets.local]\nhost = "a b"', "targets.local.host must be an address"),
        ('default_target = "locl"', "default_target names a target that is not there; did you m"),
        (UPSTREAM, "needs `model`, one of those in `models` of its upstreams"),
    ],
)
def test_what_is_wrong_is_told_by_its_key(text: str, told: str) -> None:
    assert told in refusal(f'name = "chat"\n{text}')


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ("", "needs exactly one of base_url and gguf"),
        ('base_url = "https://x/v1"\ngguf = "m.gguf"', "needs exactly one of base_url and gguf"),
        ('base_url = "https://x/v1"', "needs `secret`, the name of its key"),
        ('base_url = "https://x/v1"\nauth = "none"\nsecret = "A"', "remove one of them"),
        ('gguf = "m.gguf"\nsecret = "A"', "takes neither a secret nor auth"),
        ('gguf = "m.gguf"\nauth = "api-key"', "takes neither a secret nor auth"),
        ('base_url = "ftp://x/v1"', "base_url must be an address"),
        ('base_url = "https://x:99999/v1"', "base_url must be an address"),
        ('base_url = "https://me:hunter2@x/v1"', "must not hold a user or a password"),
        ('base_url = "https://x/v1?key=hunter2"', "base_url must end before any ? or #"),
    ],
)
def test_an_upstream_that_contradicts_itself_is_refused(keys: str, told: str) -> None:
    text = f'name = "chat"\n[[api.upstreams]]\nname = "engine"\nmodels = ["m"]\n{keys}'
    said = refusal(text)
    assert told in said
    assert "api.upstreams[0]" in said
    assert "hunter2" not in said


def test_a_file_upstream_is_asked_without_a_credential() -> None:
    text = 'name = "chat"\n[api]\nmodel = "tiny"\n[[api.upstreams]]\nname = "engine"\n'
    [upstream] = parse(f'{text}gguf = "models/t.gguf"\nmodels = ["tiny"]', "").api.upstreams
    assert upstream.credential == "none"


def two_upstreams(second: str) -> str:
    return f'name = "chat"\n[api]\nmodel = "gpt-4o-mini"\n{UPSTREAM}{second}'


def test_two_upstreams_share_no_name() -> None:
    assert "api has" in refusal(two_upstreams(UPSTREAM))


def test_two_upstreams_may_serve_one_model_the_second_for_the_first() -> None:
    config = parse(two_upstreams(UPSTREAM.replace("engine", "second")), "")
    assert [upstream.name for upstream in config.api.upstreams] == ["engine", "second"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('models = ["a", "a"]', "twice"),
        ('models = ["a"]\naliases = { b = "c" }', "aliases"),
        ('models = ["a"]\nauth = "entra"', "has a secret"),
        ('models = ["a"]\nheader = "a b"', "header"),
        ('models = ["a"]\ntimeout_seconds = 0', "timeout_seconds"),
    ],
)
def test_the_models_and_the_header_of_an_upstream_fit_together(line: str, words: str) -> None:
    second = UPSTREAM.replace("engine", "second").replace('models = ["gpt-4o-mini"]', line)
    assert words in refusal(two_upstreams(second))


def test_a_model_that_stands_in_has_to_be_served() -> None:
    text = 'name = "chat"\n[api]\nmodel = "gpt-4o-mini"\n[api.fallbacks]\ngpt-4o-mini = ["x"]\n'
    assert "'x', which no upstream serves" in refusal(text + UPSTREAM)


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    said = refusal('name = "Chat"\n[api]\nmodle = 1\n[targets.local]\nport = 0\nzeal = 1\n')
    assert "4 problems" in said
    places = ["line 1: name", "line 3: api.modle", "line 5: targets.local", "line 6: targets.local"]
    found = [said.index(place) for place in places]
    assert found == sorted(found)


def test_a_syntax_error_is_told_with_its_line() -> None:
    assert "line 2" in refusal('name = "chat"\n[api\n')


@pytest.mark.parametrize(
    "text", ["x = " + "[" * 5000, "x = " + "9" * 5000, "x = {a." + "a." * 5000 + "a = 1}"]
)
def test_extreme_toml_is_refused_in_words(text: str) -> None:
    assert refusal(f'name = "chat"\n{text}')


@pytest.mark.parametrize("line", ["# {}", 'name = "{}"', "name = {}", "{} = 1", '[api]\nx = "{}"'])
def test_the_value_of_a_secret_is_refused_and_not_repeated(line: str) -> None:
    value = "sk-" + "Ab1" * 12
    with pytest.raises(ConfigError) as caught:
        parse(line.format(value), FILE_NAME)
    assert "llmops secrets set NAME" in caught.value.next_step
    assert value not in str(caught.value.as_dict())


def test_a_secret_that_is_written_as_a_key_with_escapes_is_not_repeated() -> None:
    value = "sk-" + "Ab1" * 12
    escaped = value.replace("-", "\\u002d")
    said = refusal(f'name = "chat"\n"{escaped}" = 1')
    assert "line 2" in said
    assert value not in said


def test_a_variable_is_explained_instead_of_what_else_is_wrong_with_it() -> None:
    said = refusal(f'name = "chat"{UPSTREAM}'.replace("https://example.com/v1", "${URL}"))
    assert "base_url holds ${…}" in said
    assert "base_url must be" not in said


def test_a_missing_file_leads_to_init(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no llmops") as caught:
        load(tmp_path)
    assert caught.value.next_step == "llmops init"


def test_what_is_not_a_readable_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path)
    with pytest.raises(ConfigError, match="cannot be read"):
        load(Path(__file__))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'name = "chat"\n\xff', "line 2: the file is not UTF-8"),
        ('name = "chat"'.encode("utf-16"), "is not UTF-8"),
        (b'name = "ch\x00at"', "not valid TOML"),
        (b"#" * (1024 * 1024 + 1), "longer than 1 MiB"),
    ],
)
def test_bytes_that_are_no_project_file_are_refused(
    tmp_path: Path, content: bytes, told: str
) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(ConfigError, match=told):
        load(tmp_path)


def test_the_system_prompt_must_be_there(tmp_path: Path) -> None:
    text = 'name = "chat"\n[api]\nsystem_prompt = "prompts/system.md"\n'
    (tmp_path / FILE_NAME).write_text(text)
    with pytest.raises(ConfigError, match=r"api\.system_prompt names prompts/system\.md"):
        load(tmp_path)
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts/system.md").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path)
    (tmp_path / "prompts/system.md").write_text("Be brief.")
    assert load(tmp_path).api.system_prompt == "prompts/system.md"


@pytest.mark.parametrize(
    ("targets", "wanted", "name"),
    [
        ("", None, "local"),
        ("[targets.local]", "local", "local"),
        ('[targets.one]\nkind = "local"', None, "one"),
        ('[targets.one]\nkind = "local"\n[targets.local]', None, "local"),
        ('[targets.one]\nkind = "local"\n[targets.local]', "one", "one"),
    ],
)
def test_a_command_is_about_one_target(targets: str, wanted: str | None, name: str) -> None:
    assert target_name(parse(f'name = "chat"\n{targets}', ""), wanted) == name


def test_the_default_target_is_taken_before_local() -> None:
    text = 'name = "chat"\ndefault_target = "one"\n[targets.local]\n[targets.one]\nkind = "local"'
    assert target_name(parse(text, ""), None) == "one"


def test_without_a_default_among_several_the_operator_is_asked() -> None:
    text = 'name = "chat"\n[targets.a]\nkind = "local"\n[targets.b]\nkind = "local"'
    with pytest.raises(ConfigError, match="Which target") as caught:
        target_name(parse(text, ""), None)
    assert "-t" in caught.value.next_step


def test_a_mistyped_target_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError) as caught:
        target_name(parse('name = "chat"', ""), "locale")
    assert "-t local" in caught.value.next_step


def test_a_federation_that_is_not_there_is_told_with_its_upstream(tmp_path: Path) -> None:
    (tmp_path / "llmops.toml").write_text(
        'name = "chat"\n[api]\nmodel = "m"\n[[api.upstreams]]\nname = "vertex"\nbase_url = "https://example.com/v1"\n'
        'auth = "google"\nfederation = "google.json"\nmodels = ["m"]\n'
    )
    with pytest.raises(ConfigError, match=r"federation of upstream vertex names google\.json"):
        load(tmp_path)


def test_a_federation_goes_with_google_only() -> None:
    with pytest.raises(ConfigError, match='goes with auth = "google" only'):
        parse(
            'name = "chat"\n[[api.upstreams]]\nname = "v"\nbase_url = "https://example.com/v1"\n'
            'auth = "entra"\nfederation = "google.json"\nmodels = ["m"]\n',
            "llmops.toml",
        )
