"""The units of a release really run: locked in, with the local engine, and never given up."""

import json
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts import placing, trial
from tests.hosts.machines import machines, needs_hosts
from tests.hosts.placing import Placed
from tests.tiny_gguf import write_tiny_gguf
from tests.waiting import eventually

pytestmark = needs_hosts

KEY = "test-key-9e107d9d372bb682"
AUTHORIZED = ("--header", f"Authorization: Bearer {KEY}")
HARD = "100% of \"$HOME\" %d %%h \\n C:\\path 'a' `b` ; # é end\\\n\tof it"
UPSTREAMS = [
    {"name": "local", "gguf": "tiny.gguf", "models": ["tiny"]},
    {
        "name": "afar",
        "base_url": "https://models.test:8443/v1",
        "secret": "FAR_KEY",
        "models": ["far"],
    },
]
#: The self-signed certificate of a server that the API asks.
_CERTIFY = """
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \\
  -subj /CN=models.test -addext subjectAltName=DNS:models.test \\
  -keyout /srv/key.pem -out /srv/models.pem 2>/dev/null
cat /srv/key.pem >> /srv/models.pem; chmod 644 /srv/models.pem
echo '127.0.0.1 models.test' >> /etc/hosts
systemd-run --quiet --unit=models python3 /srv/far_model.py /srv/models.pem
"""


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Placed]:
    folder = tmp_path_factory.mktemp("host")
    files = folder / "files"
    files.mkdir()
    write_tiny_gguf(files / "tiny.gguf")
    shutil.copy(trial.__file__, files / "trial.py")
    settings = {
        "LLMOPS_UPSTREAMS": json.dumps(UPSTREAMS),
        "LLMOPS_MODEL": "tiny",
        "LLMOPS_ROUTERS": "trial:router",
        "LLMOPS_DRAIN_SECONDS": "20",
        "LLMOPS_DRAIN_IDLE_SECONDS": "0.1",
        "SSL_CERT_FILE": "/srv/models.pem",
        "HARD": HARD,
    }
    with machines(folder / "machines") as fleet:
        machine = fleet.machines[0]
        placing.prepare(machine, ("serve", "engine"))
        far_model = Path(__file__).with_name("far_model.py").read_text()
        machine.run("tee", "/srv/far_model.py", input=far_model)
        machine.run("sh", "-c", _CERTIFY)
        secrets = {"LLMOPS_API_KEY": KEY, "FAR_KEY": "far-key-5d41402abc4b2a76"}
        made = placing.place(
            machine,
            "0123456789ab-dirty-01234567.2",
            files,
            settings=settings,
            secrets=secrets,
            target={"memory": "256m", "cpus": 1.5},
        )
        made.override("WatchdogSec=5", "RestartSec=1")
        made.begin()
        yield made


def chat(placed: Placed, model: str) -> str:
    body = {"model": model, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 8}
    words = (*AUTHORIZED, "--json", json.dumps(body))
    answer = json.loads(placed.ask("/v1/chat/completions", *words))
    return answer["choices"][0]["message"]["content"]


def test_the_local_engine_a_model_afar_and_sessions_work_under_all_restrictions(
    placed: Placed,
) -> None:
    # It was ready when its start had ended, with the model loaded.
    assert placed.shows("StatusText") == "Ready"
    assert chat(placed, "tiny")
    assert chat(placed, "far") == "From afar"
    session = json.loads(placed.ask("/sessions", "--request", "POST", *AUTHORIZED))["session_id"]
    said = ("--json", json.dumps({"message": "Hello"}), *AUTHORIZED)
    placed.ask(f"/sessions/{session}/message", *said)
    listing = placed.machine.run("ls", "-ld", "/var/lib/placed", "/var/lib/placed/sessions.db")
    assert listing.count(" placed placed ") == 2
    assert placed.machine.run("systemd-analyze", "verify", "--man=no", placed.service) == ""


def test_what_is_forbidden_fails_and_what_was_configured_arrives_as_it_was(
    placed: Placed,
) -> None:
    found = json.loads(placed.ask("/trial/achieved", *AUTHORIZED))
    assert found["achieved"] == []
    assert found["hard"] == HARD
    assert found["uid"] != 0
    # The attempts are real ones: without the unit they are all possible.
    file = f"{placing.LAYOUT.current}/app/trial.py"
    free = json.loads(placed.machine.run("python3", file))
    assert free == list(trial.ATTEMPTS)


def test_a_restart_refuses_nobody_and_cuts_no_stream(placed: Placed) -> None:
    first = placed.shows("MainPID")
    go_on = "/var/lib/placed/go-on"
    streams: list[str] = []
    reading = threading.Thread(
        target=lambda: streams.append(placed.ask("/trial/wait", *AUTHORIZED))
    )
    reading.start()
    eventually(lambda: placed.connections() == 1)
    placed.systemctl("reload", "--no-block", placing.LAYOUT.boot_unit)
    eventually(lambda: placed.shows("StatusText").startswith("Finishing"))
    # Who comes now waits for the next process, which begins when the stream has ended.
    answers: list[str] = []
    waiting = [
        threading.Thread(target=lambda: answers.append(placed.ask("/version"))) for _ in range(3)
    ]
    for thread in waiting:
        thread.start()
    assert placed.shows("MainPID") == first
    placed.machine.run("touch", go_on)
    for thread in (reading, *waiting):
        thread.join(60)
    assert streams == ["begin\nend\n"]
    assert len(answers) == 3
    assert placed.shows("MainPID") not in (first, "0")


def test_one_that_eats_its_memory_is_ended_and_comes_back(placed: Placed) -> None:
    placed.ask("/trial/eat", *AUTHORIZED, check=False)
    assert json.loads(placed.ask("/version"))["release"] == placed.release.id
    # Of cgroups of the first version systemd does not learn what killed a process.
    assert re.search(r"oom-kill|status=9/KILL", placed.journal())
    assert placed.shows("ActiveState") == "active"


def test_one_that_hangs_is_ended_by_the_watchdog_and_the_journal_tells_where(
    placed: Placed,
) -> None:
    placed.ask("/trial/hang", *AUTHORIZED, check=False)
    assert json.loads(placed.ask("/version"))["release"] == placed.release.id
    assert "watchdog" in placed.journal().lower()
    assert 'app/trial.py", line' in placed.journal()
