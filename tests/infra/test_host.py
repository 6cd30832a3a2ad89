"""`llmops infra` for hosts: what is made is said first, and nothing else is touched."""

import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from llmops_cli.catalog import make_infrastructure
from llmops_cli.config.load import load
from llmops_cli.errors import PreflightError
from tests.hosts.host_project import HostProject
from tests.hosts.machine import Machine
from tests.hosts.machines import Fleet, machines, needs_bare_host, needs_hosts
from tests.waiting import eventually

SITE = "/etc/nginx/conf.d/demo.conf"
#: What a host is made of, but for what its system writes by itself.
_FILES = "find /etc /opt /usr/local /var/lib/demo /run/demo -xdev -type f -o -type l | sort"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Two servers; the project `demo` is made on the first of them."""
    with machines(tmp_path_factory.mktemp("fleet"), 2) as found:
        yield found


@pytest.fixture(scope="module")
def project(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> HostProject:
    """A project whose first server is made."""
    made = fleet.project(tmp_path_factory.mktemp("demo") / "project")
    edit(made, 'hosts = ["host1", "host2"]', 'hosts = ["host1"]')
    made.ok("infra", "apply", "--yes")
    return made


@pytest.fixture
def host(fleet: Fleet) -> Machine:
    return fleet.machines[0]


@pytest.fixture
def other(fleet: Fleet, tmp_path: Path) -> HostProject:
    """Another project on the same servers, of which nothing is made."""
    return fleet.project(tmp_path / "other", target='app = "notes"\nport = 8443')


def edit(project: HostProject, old: str, new: str) -> None:
    text = (project.root / "llmops.toml").read_text()
    assert old in text
    project.write("llmops.toml", text.replace(old, new, 1))


def refused(project: HostProject, *words: str, status: int) -> str:
    run = project.llmops("infra", *words)
    assert run.status == status, run.said
    return run.err


@needs_bare_host
def test_a_bare_host_is_made_by_one_command_and_is_left_as_it_was(tmp_path: Path) -> None:
    with machines(tmp_path / "bare", bare=True) as fleet:
        project, [host] = fleet.project(tmp_path / "project"), fleet.machines
        plan = project.ok("infra", "plan").out
        assert "+ create   host1: package nginx" in plan
        assert "+ create   secret LLMOPS_API_KEY  (a random value)" in plan
        assert "no firewall" in plan
        assert host.run("ls", "/opt").strip() == ""
        run = project.ok("infra", "apply", "--yes")
        assert "next: llmops deploy" in run.out
        key = host.run("sh", "-c", "cat /opt/demo/secrets/LLMOPS_API_KEY/*")
        assert len(key) > 40
        assert key not in run.said
        # There is no release yet, and nginx says so, over TLS that is trusted.
        with project.client() as client:
            answer = client.get("/v1/models")
        assert (answer.status_code, answer.json()["error"]["code"]) == (502, "bad_gateway")
        again = project.ok("infra", "plan", "--detailed-exitcode").out
        assert "there is nothing to do" in again
        lines = project.llmops("doctor").out
        assert "site, certificate, units and folders are as the project wants them" in lines
        host.reboot()
        project.ok("infra", "plan", "--detailed-exitcode")
        run = project.ok("infra", "destroy", "--yes")
        assert "packages stay" in run.out
        left = host.run("sh", "-c", _FILES, check=False)
        assert "demo" not in left
        assert host.run("id", "demo", check=False) == ""
        # Others may use it by now.
        assert host.run("systemctl", "is-active", "nginx").strip() == "active"


@needs_hosts
@pytest.mark.parametrize("path", [SITE.replace("demo", "notes"), "/opt/notes/mine.txt"])
def test_what_somebody_else_put_there_is_refused_by_its_path(
    fleet: Fleet, other: HostProject, path: str
) -> None:
    second = fleet.machines[1]
    second.run("install", "-D", "/dev/null", path)
    try:
        said = refused(other, "apply", "--yes", status=4)
        assert f"host2: {path} is there and llmops did not make it" in said
        # All or nothing: the first host is fine, and yet nothing is made there.
        assert "notes" not in fleet.machines[0].run("ls", "/opt")
    finally:
        second.run("rm", "-r", str(Path(path).parent) if "/opt/" in path else path)


@needs_hosts
def test_a_port_that_another_program_has_is_told_before_anything_is_made(
    fleet: Fleet, other: HostProject
) -> None:
    words = ("-p", "RemainAfterExit=no", "--unit=taken", "python3", "-m", "http.server", "8443")
    fleet.machines[1].run("systemd-run", "--quiet", *words)
    try:

        def said() -> str:
            return other.llmops("infra", "plan").err

        assert "Port 8443 is taken by python3" in _eventually_in(said, "taken by")
    finally:
        fleet.machines[1].run("systemctl", "stop", "taken")


@needs_hosts
def test_nginx_that_was_broken_by_hand_is_told_and_goes_on_serving(
    project: HostProject, other: HostProject, host: Machine
) -> None:
    host.run("sh", "-c", 'echo "nonsense;" > /etc/nginx/conf.d/zz.conf')
    try:
        said = refused(other, "apply", "--yes", status=4)
        assert "broken already" in said
        assert "/etc/nginx/conf.d/zz.conf:1" in said
    finally:
        host.run("rm", "/etc/nginx/conf.d/zz.conf")
    with project.client() as client:
        assert client.get("/version").status_code == 502


@needs_hosts
def test_a_site_that_nginx_refuses_is_taken_back_and_the_next_apply_goes_on(
    project: HostProject, other: HostProject, host: Machine
) -> None:
    # It is fine alone; beside ours nginx refuses both.
    host.run("sh", "-c", "echo \"log_format notes '';\" > /etc/nginx/conf.d/zz.conf")
    edit(other, 'hosts = ["host1", "host2"]', 'hosts = ["host1"]')
    try:
        said = refused(other, "apply", "--yes", status=8)
        assert 'duplicate "log_format" name "notes"' in said
        assert "what was there before is back" in said
        assert "notes.conf" not in host.run("ls", "/etc/nginx/conf.d")
        host.run("nginx", "-t", "-q")
        with project.client() as client:
            assert client.get("/version").status_code == 502
    finally:
        host.run("rm", "/etc/nginx/conf.d/zz.conf")
    plan = other.ok("infra", "plan").out
    assert "user notes" not in plan
    other.ok("infra", "apply", "--yes")
    assert "there is nothing to do" in other.ok("infra", "plan").out
    other.ok("infra", "destroy", "--yes")
    assert "notes" not in host.run("sh", "-c", _FILES, check=False)


@needs_hosts
def test_what_was_edited_or_went_missing_is_told_and_mended(
    project: HostProject, host: Machine
) -> None:
    host.run("sh", "-c", f'echo "nonsense;" >> {SITE}')
    host.run("systemctl", "disable", "--quiet", "demo.service")
    host.run("chmod", "0777", "/opt/demo/secrets")
    plan = project.ok("infra", "plan").out
    assert f"~ update   host1: {SITE}  (edited by hand)" in plan
    assert "~ update   host1: demo.service  (not enabled)" in plan
    assert "~ update   host1: /opt/demo/secrets/  (rights)" in plan
    run = project.llmops("doctor")
    assert run.status == 4
    assert f"not as the project wants it: /opt/demo/secrets/, {SITE}, demo.service" in run.out
    project.ok("infra", "apply", "--yes")
    project.ok("infra", "plan", "--detailed-exitcode")
    host.run("nginx", "-t", "-q")
    assert host.run("stat", "-c", "%a", "/opt/demo/secrets").strip() == "700"


@needs_hosts
def test_a_setting_of_the_api_becomes_one_of_nginx(project: HostProject, host: Machine) -> None:
    edit(project, "[checks]", "[api.limits]\nmax_body_bytes = 1234\n[checks]")
    assert f"~ update   host1: {SITE}\n" in project.ok("infra", "plan").out
    project.ok("infra", "apply", "--yes")
    with project.client() as client:
        assert client.post("/v1/x", content=b"x" * 1235).status_code == 413
    assert "client_max_body_size 1234;" in host.run("cat", SITE)


@needs_hosts
def test_a_certificate_near_its_end_is_made_anew(project: HostProject, host: Machine) -> None:
    words = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 5 -subj /CN=localhost"
    name = "-addext subjectAltName=DNS:localhost"
    files = "-keyout /opt/demo/tls/key.pem -out /opt/demo/tls/certificate.pem"
    host.run("sh", "-c", f"openssl req -x509 {words} {name} {files} 2>/dev/null")
    assert "certificate.pem  (ends on 20" in project.ok("infra", "plan").out
    assert "the certificate ends on 20" in project.llmops("doctor").out
    project.ok("infra", "apply", "--yes")
    # nginx presents the new one, or this would not trust it.
    with project.client() as client:
        assert client.get("/version").status_code == 502
    assert "5 days" not in project.llmops("doctor").out


@needs_hosts
def test_a_certificate_may_be_a_secret(project: HostProject, host: Machine, tmp_path: Path) -> None:
    edit(project, "server_name =", 'certificate_secret = "TLS_PEM"\nserver_name =')
    plan = project.ok("infra", "plan").out
    assert "TLS_PEM has no value: a generated certificate stands in for it" in plan
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    made = ["-addext", "subjectAltName=DNS:localhost", "-keyout", "key", "-out", "chain"]
    subprocess.run([*command, *made], cwd=tmp_path, check=True, capture_output=True)
    chain, key = (tmp_path / "chain").read_text(), (tmp_path / "key").read_text()
    project.ok("secrets", "set", "TLS_PEM", input=chain + "not a key\n")
    assert "does not hold a PEM file" in refused(project, "plan", status=4)
    project.ok("secrets", "set", "TLS_PEM", input=key + chain)
    run = project.ok("infra", "apply", "--yes")
    assert "certificate.pem  (the secret TLS_PEM)" in run.err
    assert key not in run.said
    context = ssl.create_default_context(cadata=chain)
    assert httpx2.get(f"{project.url}/version", verify=context).status_code == 502
    assert host.run("stat", "-c", "%a", "/opt/demo/tls/key.pem").strip() == "600"
    project.ok("infra", "plan", "--detailed-exitcode")
    edit(project, 'certificate_secret = "TLS_PEM"\n', "")
    project.ok("infra", "apply", "--yes")


@needs_hosts
def test_a_certificate_authority_is_answered_and_its_certificate_used(
    project: HostProject, host: Machine
) -> None:
    # A program in the place of certbot, which asks nginx as an authority would.
    host.run("tee", "/usr/local/bin/certbot", input=_CERTBOT)
    host.run("chmod", "755", "/usr/local/bin/certbot")
    try:
        edit(project, "server_name =", 'certificate = "acme"\nserver_name =')
        run = project.ok("infra", "apply", "--yes")
        assert "certificate.pem  (from the certificate authority)" in run.err
        live = host.run("cat", "/etc/letsencrypt/live/demo/fullchain.pem")
        context = ssl.create_default_context(cadata=live)
        assert httpx2.get(f"{project.url}/version", verify=context).status_code == 502
        project.ok("infra", "plan", "--detailed-exitcode")
        edit(project, 'certificate = "acme"\n', "")
        project.ok("infra", "apply", "--yes")
        # What the authority gave is left as it is, not overwritten through a link.
        assert live == host.run("cat", "/etc/letsencrypt/live/demo/fullchain.pem")
    finally:
        host.run("rm", "-rf", "/usr/local/bin/certbot", "/etc/letsencrypt")


@needs_hosts
def test_who_changes_the_host_meanwhile_is_told(
    project: HostProject, host: Machine, tmp_path: Path
) -> None:
    config = load(project.root)
    made = make_infrastructure(config, "host", project.root)
    assert made is not None
    host.run("systemctl", "disable", "--quiet", "demo.service")
    proposal = made.plan(tmp_path, print)
    host.run("chmod", "0777", "/opt/demo/secrets")
    with pytest.raises(PreflightError, match="no longer the one") as error:
        made.apply(proposal, print)
    assert error.value.state == "Nothing was changed."
    assert host.run("systemctl", "is-enabled", "demo", check=False).strip() == "disabled"
    hold = "flock /opt/demo/lock sh -c 'echo held; exec sleep 60'"
    host.run("systemd-run", "--quiet", "--unit=holder", "sh", "-c", hold)
    try:
        run = project.llmops("infra", "apply", "--yes")
        assert run.status == 6, run.said
    finally:
        host.run("systemctl", "stop", "holder")
    project.ok("infra", "apply", "--yes")


@needs_hosts
def test_a_host_that_is_added_gets_the_secrets_that_the_others_have(
    fleet: Fleet, project: HostProject
) -> None:
    project.ok("secrets", "set", "OPENAI_API_KEY", input="sk-real-0123456789abcdef")
    edit(project, 'hosts = ["host1"]', 'hosts = ["host1", "host2"]')
    plan = project.ok("infra", "plan").out
    assert "host2: secret OPENAI_API_KEY  (version" in plan
    assert "a random value" not in plan
    run = project.ok("infra", "apply", "--yes")
    assert "sk-real" not in run.said
    listing = "cd /opt/demo/secrets && sha256sum */* && stat -c '%n %a %U' . * */*"
    first, second = (machine.run("sh", "-c", listing) for machine in fleet.machines)
    assert first == second
    project.ok("infra", "plan", "--detailed-exitcode")
    fleet.machines[1].stop()
    try:
        said = refused(project, "apply", "--yes", status=4)
        assert "host2" in said
    finally:
        fleet.machines[1].start()


def _eventually_in(ask: Callable[[], str], words: str) -> str:
    def look() -> str:
        said = ask()
        return said if words in said else ""

    return eventually(look)


_CERTBOT = """#!/bin/sh
set -e
case " $* " in
*" --deploy-hook systemctl reload nginx.service --domain localhost "*) ;;
*" delete "*) exit 0 ;;
*) echo "unexpected: $*" >&2; exit 2 ;; esac
mkdir -p /opt/demo/acme/.well-known/acme-challenge
echo proof > /opt/demo/acme/.well-known/acme-challenge/token
python3 -c 'import urllib.request as u
q = u.Request("http://127.0.0.1/.well-known/acme-challenge/token", headers={"Host": "localhost"})
assert u.urlopen(q).read() == b"proof\\n"'
mkdir -p /etc/letsencrypt/live/demo
cd /etc/letsencrypt/live/demo
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 90 \
  -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout privkey.pem \
  -out fullchain.pem 2>/dev/null
"""
