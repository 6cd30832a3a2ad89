"""Keys of providers are found by their shape, and what only looks like one is not."""

import base64
import json
import secrets
import subprocess
import uuid
from pathlib import Path

import pytest

from llmops_cli.config.secret_shapes import holds_a_secret
from tests.images.scan.planted import HEX, drawn, in_base64, leaks_in, search_for, told

ROOT = Path(__file__).parents[3]
LOWER = "abcdefghijkmnpqrstuvwxyz23456789"
UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

KEYS = {
    "OpenAI": f"sk-proj-{drawn(74)}T3BlbkFJ{drawn(74)}",
    "OpenAI, older": f"sk-{drawn(20)}T3BlbkFJ{drawn(20)}",
    "a server like OpenAI's": f"sk-{drawn(32, HEX)}",
    "Anthropic": f"sk-ant-api03-{drawn(93)}AA",
    "OpenRouter": f"sk-or-v1-{drawn(64, HEX)}",
    "Groq": f"gsk_{drawn(52)}",
    "Hugging Face": f"hf_{drawn(34)}",
    "Replicate": f"r8_{drawn(37)}",
    "Perplexity": f"pplx-{drawn(48)}",
    "xAI": f"xai-{drawn(80)}",
    "NVIDIA": f"nvapi-{drawn(64)}",
    "Cerebras": f"csk-{drawn(48, LOWER)}",
    "Tavily": f"tvly-{drawn(32)}",
    "LangSmith": f"lsv2_pt_{drawn(32, HEX)}_{drawn(10, HEX)}",
    "Langfuse": f"sk-lf-{uuid.uuid4()}",
    "Pinecone": f"pcsk_{drawn(5)}_{drawn(63)}",
    "Databricks": f"dapi{drawn(32, HEX)}",
    "AWS": f"AKIA{drawn(16, UPPER)}",
    "AWS, its secret": f"aws_secret_access_key = {drawn(40)}",
    "AWS Bedrock": f"ABSK{in_base64(drawn(90))}",
    "Google": f"AIza{drawn(35)}",
    "Google OAuth": f"GOCSPX-{drawn(28)}",
    "Azure storage": f"AccountKey={base64.b64encode(secrets.token_bytes(64)).decode()}",
    "Azure OpenAI": f"AZURE_OPENAI_API_KEY={drawn(32, HEX)}",
    "Azure OpenAI, newer": f"{drawn(52)}JQQJ99{drawn(26)}",
    "Azure, a client's": f"{drawn(3)}8Q~{drawn(34)}",
    "GitHub": f"ghp_{drawn(36)}",
    "GitHub, newer": f"github_pat_{drawn(22)}_{drawn(59)}",
    "GitLab": f"glpat-{drawn(20)}",
    "Slack": f"xoxb-{drawn(12, HEX[:10])}-{drawn(12, HEX[:10])}-{drawn(24)}",
    "Stripe": f"sk_live_{drawn(24)}",
    "Twilio": f"twilio = SK{drawn(32, HEX)}",
    "SendGrid": f"SG.{drawn(22)}.{drawn(43)}",
    "npm": f"npm_{drawn(36)}",
    "PyPI": f"pypi-AgEIcHlwaS5vcmc{drawn(150)}",
    "Docker Hub": f"dckr_pat_{drawn(27)}",
    "a database": f"postgresql://app:{drawn(20)}@db.internal:5432/app",
    "a JSON web token": f"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ{drawn(20)}.{drawn(43)}",
    "llmops": f"llmops_{drawn(43)}",
    "a variable": f"SESSION_SECRET={drawn(32)}",
    "a line of YAML": f"  api_token: {drawn(32)}",
    "a line of Python": f'DB_PASSWORD = "{drawn(18)}"',
    "JSON": json.dumps({"client_secret": drawn(40)}),
    "JSON in JSON": json.dumps(json.dumps({"x": f"ghp_{drawn(36)}"})),
    "an argument": f"curl -H 'x: 1' https://x.internal/?a=1&key=AIza{drawn(35)}",
}
FILES = {
    "root/.npmrc": f"//npm.acme.io/:_authToken={uuid.uuid4()}",
    "root/.pypirc": "[pypi]\nusername = bob\npassword = correct horse",
    "root/.netrc": "machine api.acme.io login bob password letmein-please",
    "root/.docker/config.json": json.dumps(
        {"auths": {"r.io": {"auth": in_base64("bob:letmein8")}}}
    ),
    "root/.git-credentials": "https://bob:plainword@github.com",
    "root/.pgpass": "db.internal:5432:app:app:plainword",
    "app/.env": "DB_PASSWORD=plainword8\n",
}
HARMLESS = """
OPENAI_API_KEY=sk-...
OPENAI_API_KEY=sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
OPENAI_API_KEY=sk-your-key-here-0123456789
OPENAI_API_KEY=${OPENAI_API_KEY}
api_key: "{{ secrets.API_KEY }}"
api_key = os.environ["SERVICE_API_KEY_2024_A1"]
password = changeme
password: ${DB_PASSWORD:-change-me-2024-please}
token=<your token here>
secret_name = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf"
AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE
AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
DATABASE_URL=postgresql://user:password@localhost:5432/db
DATABASE_URL=postgresql://postgres:postgres@db:5432/app
redis://default:changeme@redis:6379
model = "gpt-4o-mini-2024-07-18"
max_tokens = 128000
tokenizer_revision = "a3f5c1d2e4b60718293a4b5c6d7e8f9012345678"
"integrity": "sha512-{sri}"
fastapi==0.115 --hash=sha256:{sha256}
FROM python:3.13-slim@sha256:{sha256}
commit {sha1}
GPG_KEY={upper}
PYTHON_SHA256={sha256}
api_key_sha256 = "{sha256}"
keys = [{{ name = "mobile", sha256 = "{sha256}" }}]
token_id: {uuid}
class="sk-toggleable__label-arrow sk-estimator-doc-link"
-----BEGIN PRIVATE KEY-----
if text.startswith("-----BEGIN RSA PRIVATE KEY-----"):
"""


@pytest.mark.parametrize("issuer", KEYS)
def test_a_key_is_found_by_its_shape(issuer: str) -> None:
    text = f"You are a helper.\n{KEYS[issuer]}\nBe brief.\n"
    leaks = leaks_in(text.encode(), path="app/prompts/system.md")
    assert {leak.place for leak in leaks} == {"app/prompts/system.md, line 2"}
    assert KEYS[issuer][-12:] not in told(leaks)
    encoded = leaks_in(f"data: {in_base64(text)}\n".encode())
    assert encoded, "not found in base64"


@pytest.mark.parametrize("kind", ["RSA", "ED25519"])
@pytest.mark.parametrize("in_json", [False, True])
def test_a_private_key_is_found(kind: str, in_json: bool) -> None:
    command = ["openssl", "genpkey", "-algorithm", kind]
    key = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert leaks_in((json.dumps({"private_key": key}) if in_json else key).encode())


@pytest.mark.parametrize("path", FILES)
def test_a_plain_password_is_found_where_tools_keep_passwords(path: str) -> None:
    assert leaks_in(FILES[path].encode(), path=path)


def test_samples_placeholders_and_digests_are_no_keys() -> None:
    values = {
        "{sri}": base64.b64encode(secrets.token_bytes(64)).decode(),
        "{sha256}": secrets.token_hex(32),
        "{sha1}": secrets.token_hex(20),
        "{upper}": secrets.token_hex(20).upper(),
        "{uuid}": str(uuid.uuid4()),
    }
    text = HARMLESS
    for name, value in values.items():
        text = text.replace(name, value)
    lines = text.splitlines()
    found = leaks_in(text.encode(), path="app/notes.txt")
    assert [lines[int(leak.place.rpartition(" ")[2]) - 1] for leak in found] == []


@pytest.mark.parametrize("folder", ["examples", "templates", "docs", "llmops_cli", "bench", ".ci"])
def test_nothing_is_found_in_what_this_project_publishes(folder: str) -> None:
    search = search_for()
    for path in sorted((ROOT / folder).rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            search.file(path.relative_to(ROOT).as_posix(), iter([path.read_bytes()]))
    assert search.leaks.all() == []


def test_the_project_file_is_held_to_the_same_shapes() -> None:
    shaped = ("OpenAI", "Anthropic", "Stripe", "npm", "xAI", "NVIDIA", "Azure storage", "llmops")
    assert all(holds_a_secret(KEYS[issuer]) for issuer in shaped)
