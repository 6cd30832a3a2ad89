"""`llmops infra` for hosts: what is made is said first, and nothing else is touched."""

import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmops_cli.catalog.infrastructure import make_infrastructure
from llmops_cli.config.load import load
from llmops_cli.errors import PreflightError
from tests.hosts.host_project import HostProject, make_host_project
from tests.hosts.machine import Machine
from tests.hosts.machines import Fleet, machines, needs_hosts
from tests.waiting import eventually

pytestmark = [needs_hosts, pytest.mark.timeout(300)]

SITE = "/etc/nginx/conf.d/demo.conf"
SHOP = "/etc/nginx/conf.d/shop.conf"
NOTHING = "there is nothing to do"
#: What somebody put onto a host for itself, and what ours would be named like.
_FILES = "find /etc /opt /var/lib /run /var/log/nginx -xdev -name '*{}*'"
_NEW = (
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days {} "
    "-subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout {} -out {} 2>/dev/null"
)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Two servers that serve a release."""
    with machines(tmp_path_factory.mktemp("fleet"), 2, bootstrapped=True) as found:
        yield found


@pytest.fixture(scope="module")
def project(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> HostProject:
    """The project whose release they serve; here it is about the first of them."""
    made = fleet.project(tmp_path_factory.mktemp("demo") / "project")
    edit(made, 'hosts = ["host1", "host2"]', 'hosts = ["host1"]')
    return made


@pytest.fixture
def host(fleet: Fleet) -> Machine:
    return fleet.machines[0]


@pytest.fixture
def notes(fleet: Fleet, tmp_path: Path) -> HostProject:
    """Another project for the same servers, of which nothing is made."""
    target = 'app = "notes"\nport = 8443'
    root, reached = tmp_path / "notes", fleet.ssh_config
    return make_host_project(root, fleet.machines, reached, target=target, api="", top="")


def edit(project: HostProject, old: str, new: str) -> None:
    text = (project.root / "llmops.toml").read_text()
    assert old in text
    project.write("llmops.toml", text.replace(old, new, 1))


def said_of(project: HostProject, *words: str, status: int) -> str:
    run = project.llmops("infra", *words)
    assert run.status == status, run.said
    return run.err


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("touch {site}", "{site} is there and llmops did not make it"),
        ("mkdir /opt/notes; touch /opt/notes/mine", "/opt/notes/mine is there and llmops did not"),
        ("useradd notes", "There is a user notes, whom llmops did not make"),
        ("echo 'nonsense;' > /etc/nginx/conf.d/zz.conf", "broken already"),
    ],
    ids=["file", "folder", "user", "nginx"],
)
def test_what_is_in_the_way_is_told_before_anything_is_made(
    fleet: Fleet, notes: HostProject, command: str, told: str
) -> None:
    first, second = fleet.machines
    site = SITE.replace("demo", "notes")
    second.run("sh", "-c", command.format(site=site))
    try:
        said = said_of(notes, "apply", "--yes", status=4)
        assert f"host2: {told.format(site=site)}" in said.replace("nginx's configuration is ", "")
        # The first host is fine, and yet nothing is made there.
        assert first.run("sh", "-c", _FILES.format("notes")) == ""
    finally:
        undo = f"rm -rf /opt/notes {site} /etc/nginx/conf.d/zz.conf; userdel notes"
        second.run("sh", "-c", undo, check=False)


def test_a_port_that_another_program_has_is_told(fleet: Fleet, notes: HostProject) -> None:
    second = fleet.machines[1]
    second.run("systemd-run", "--quiet", "--unit=taken", "python3", "-m", "http.server", "8443")
    try:
        eventually(lambda: second.run("curl", "-s", "127.0.0.1:8443", check=False))
        assert "host2: Port 8443 is taken by python3" in said_of(notes, "plan", status=4)
    finally:
        second.run("systemctl", "stop", "taken")


def test_what_to_look_at_by_hand_is_told_and_left_alone(fleet: Fleet, notes: HostProject) -> None:
    second = fleet.machines[1]
    second.run("sh", "-c", _OTHERS)
    try:
        eventually(lambda: second.run("curl", "-s", "127.0.0.1:9000", check=False))
        told = notes.ok("infra", "plan").out
    finally:
        second.run("systemctl", "stop", "web")
        second.run("rm", "/usr/local/bin/ufw", "/usr/local/bin/docker", SHOP)
    assert "host2: ufw lets nobody reach nginx: ufw allow 8443/tcp." in told
    assert "host2: The container litellm publishes port 4000 to everybody" in told
    assert "tei" not in told
    assert "host2: python3 listens at port 9000 of every address" in told
    assert "no longer to /etc/nginx/conf.d/shop.conf, unless" in told


def test_a_site_that_nginx_refuses_is_taken_back_and_the_next_apply_goes_on(
    project: HostProject, notes: HostProject, host: Machine
) -> None:
    edit(notes, 'hosts = ["host1", "host2"]', 'hosts = ["host1"]')
    serving = project.serving()
    # It is fine alone; beside ours nginx refuses both.
    host.run("sh", "-c", "echo \"log_format notes '';\" > /etc/nginx/conf.d/zz.conf")
    try:
        said = said_of(notes, "apply", "--yes", status=8)
        assert 'duplicate "log_format" name "notes"' in said
        assert "what was there before is back" in said
        assert "notes" not in host.run("ls", "/etc/nginx/conf.d")
        host.run("nginx", "-t", "-q")
    finally:
        host.run("rm", "/etc/nginx/conf.d/zz.conf")
    run = notes.ok("infra", "apply", "--yes")
    assert "user notes" not in run.said
    assert "+ create   secret LLMOPS_API_KEY  (a random value)" in run.err
    key = host.run("sh", "-c", "cat /opt/notes/secrets/LLMOPS_API_KEY/*")
    assert len(key) > 40
    assert key not in run.said
    # There is no release of it yet; that of the other project serves on, with its own rights.
    answer = host.run("curl", "-sk", "https://localhost:8443/v1/models")
    assert '"code": "bad_gateway"' in answer
    assert NOTHING in notes.ok("infra", "plan").out
    notes.ok("infra", "destroy", "--yes")
    assert host.run("sh", "-c", _FILES.format("notes")) == ""
    assert project.serving() == serving


def test_what_was_edited_or_went_missing_is_told_and_mended(
    project: HostProject, host: Machine
) -> None:
    serving = project.serving()
    host.run("sh", "-c", f"echo 'nonsense;' >> {SITE}")
    host.run("chmod", "0777", "/opt/demo/secrets")
    tls = "/opt/demo/tls/key.pem", "/opt/demo/tls/certificate.pem"
    host.run("sh", "-c", _NEW.format(5, *tls))
    plan = project.ok("infra", "plan").out
    assert f"~ update   host1: {SITE}  (edited by hand)" in plan
    assert "~ update   host1: /opt/demo/secrets/  (rights)" in plan
    assert f"~ update   host1: {tls[1]}  (ends on 20" in plan
    doctor = project.llmops("doctor")
    assert doctor.status == 4, doctor.said
    listed = ", ".join(("/opt/demo/secrets/", tls[1], SITE))
    assert f"not as the project wants it: {listed} → llmops infra apply -t host" in doctor.out
    assert "the certificate ends on 20" in doctor.out
    project.ok("infra", "apply", "--yes")
    assert NOTHING in project.ok("infra", "plan").out
    assert host.run("stat", "-c", "%a", "/opt/demo/secrets").strip() == "700"
    # By the certificate that is there now: nginx presents it.
    assert project.serving() == serving


def test_a_certificate_may_be_a_secret(project: HostProject, host: Machine, tmp_path: Path) -> None:
    edit(project, "server_name =", 'certificate_secret = "TLS_PEM"\nserver_name =')
    words = "TLS_PEM has no value: a generated certificate stands in for it"
    assert words in project.ok("infra", "plan").out
    command = _NEW.format(90, tmp_path / "key", tmp_path / "chain")
    subprocess.run(["sh", "-c", command], check=True)
    chain, key = (tmp_path / "chain").read_text(), (tmp_path / "key").read_text()
    project.ok("secrets", "set", "TLS_PEM", input=chain + "not a key\n")
    assert "TLS_PEM does not hold a PEM file" in said_of(project, "plan", status=4)
    project.ok("secrets", "set", "TLS_PEM", input=key + chain)
    run = project.ok("infra", "apply", "--yes")
    assert "certificate.pem  (the secret TLS_PEM)" in run.err
    assert key not in run.said
    assert presents(project, chain)
    assert host.run("stat", "-c", "%a", "/opt/demo/tls/key.pem").strip() == "600"
    edit(project, 'certificate_secret = "TLS_PEM"\n', "")


def test_a_certificate_authority_is_answered_and_its_certificate_used(
    project: HostProject, host: Machine
) -> None:
    # A program in the place of certbot, which asks nginx as an authority would.
    host.run("tee", "/usr/local/bin/certbot", input=_CERTBOT)
    host.run("chmod", "755", "/usr/local/bin/certbot")
    edit(project, "server_name =", 'certificate = "acme"\nserver_name =')
    run = project.ok("infra", "apply", "--yes")
    assert "certificate.pem  (from the certificate authority)" in run.err
    live = host.run("cat", "/etc/letsencrypt/live/demo/fullchain.pem")
    assert presents(project, live)
    edit(project, 'certificate = "acme"\n', "")
    project.ok("infra", "apply", "--yes")
    # Where one is generated again, what the authority gave is not written over.
    assert not presents(project, live)
    assert host.run("cat", "/etc/letsencrypt/live/demo/fullchain.pem") == live


def presents(project: HostProject, pem: str) -> bool:
    """Whether nginx presents a certificate."""
    context = ssl.create_default_context(cadata=pem)
    with socket.create_connection(("127.0.0.1", project.port), timeout=20) as bare:
        try:
            with context.wrap_socket(bare, server_hostname="localhost"):
                return True
        except ssl.SSLCertVerificationError:
            return False


def test_a_host_that_changed_since_the_plan_or_is_locked_is_left_alone(
    project: HostProject, host: Machine, tmp_path: Path
) -> None:
    made = make_infrastructure(load(project.root), "host", project.root)
    assert made is not None
    host.run("chmod", "0777", "/opt/demo/tls")
    proposal = made.plan(tmp_path, lambda _: None)
    host.run("chmod", "0777", "/opt/demo/secrets")
    with pytest.raises(PreflightError, match="no longer the one") as error:
        made.apply(proposal, lambda _: None)
    assert error.value.state == "Nothing was changed."
    assert host.run("stat", "-c", "%a", "/opt/demo/tls").strip() == "777"
    hold = ("flock", "/opt/demo/lock", "sh", "-c", "touch /run/held; exec sleep 600")
    host.run("systemd-run", "--quiet", "--unit=holder", *hold)
    eventually(lambda: host.run("sh", "-c", "ls /run/held; :"))
    try:
        assert "Somebody else is changing host1" in said_of(project, "apply", "--yes", status=6)
        assert host.run("stat", "-c", "%a", "/opt/demo/secrets").strip() == "777"
    finally:
        host.run("systemctl", "stop", "holder")


def test_what_was_made_is_removed_and_a_host_that_is_added_gets_the_secrets_of_the_others(
    fleet: Fleet, project: HostProject
) -> None:
    first, second = fleet.machines
    first.run("sh", "-c", "cd /opt/demo/secrets; umask 77; mkdir X; echo 1 > X/1")
    edit(project, 'hosts = ["host1"]', 'hosts = ["host2"]')
    said = project.ok("infra", "destroy", "--yes").said
    assert "- destroy  host2: /opt/demo/  (with all releases and secrets: " in said
    assert second.run("sh", "-c", _FILES.format("demo")) == ""
    assert second.run("systemctl", "list-units", "--all", "--no-legend", "demo*") == ""
    assert second.run("systemctl", "is-active", "nginx").strip() == "active"
    edit(project, 'hosts = ["host2"]', 'hosts = ["host1", "host2"]')
    run = project.ok("infra", "apply", "--yes")
    assert "host2: secret X  (version 1, copied from host1)" in run.err
    assert "a random value" not in run.err
    listing = "cd /opt/demo/secrets && sha256sum */* && stat -c '%n %a %U' . * */*"
    assert first.run("sh", "-c", listing) == second.run("sh", "-c", listing)
    second.stop()
    first.run("systemctl", "disable", "--quiet", "demo.service")
    assert "host2" in said_of(project, "apply", "--yes", status=4)
    assert first.run("systemctl", "is-enabled", "demo", check=False).strip() == "disabled"


_OTHERS = r"""
systemd-run --quiet --unit=web python3 -m http.server 9000
tell() { printf '#!/bin/sh\nprintf "%s"\n' "$2" > /usr/local/bin/$1; chmod 755 /usr/local/bin/$1; }
tell ufw 'Status: active\\n22/tcp  ALLOW  Anywhere\\n80/tcp  ALLOW  Anywhere\\n'
tell docker 'litellm 0.0.0.0:4000->4000/tcp\\ntei 127.0.0.1:8080->80/tcp\\n'
printf 'server {\n  # listen 8443 ssl default_server;\n  listen 8443;\n}\n' \
  > /etc/nginx/conf.d/shop.conf
nginx -t -q
"""
_CERTBOT = f"""#!/bin/sh
set -e
case " $* " in
*" --deploy-hook systemctl reload nginx.service --domain localhost "*) ;;
*" delete "*) exit 0 ;;
*) echo "unexpected: $*" >&2; exit 2 ;; esac
mkdir -p /opt/demo/acme/.well-known/acme-challenge /etc/letsencrypt/live/demo
echo proof > /opt/demo/acme/.well-known/acme-challenge/token
curl -sf -H 'Host: localhost' http://127.0.0.1/.well-known/acme-challenge/token | grep -q proof
cd /etc/letsencrypt/live/demo
{_NEW.format(90, "privkey.pem", "fullchain.pem")}
"""
