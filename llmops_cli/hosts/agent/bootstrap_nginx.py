"""nginx on the host: tested before it reads anything anew, and the old site back if it refuses."""

import re
import socket
import ssl
import time
from pathlib import Path

from llmops_cli.hosts.agent import durable
from llmops_cli.hosts.agent.bootstrap_programs import ask, found, last_lines
from llmops_cli.hosts.agent.trouble import RefusedError

_UNIT = "nginx.service"
_SECONDS = 15.0
_PAUSE = 0.05


def version() -> tuple[int, ...]:
    """Return the version of nginx, such as (1, 22, 1), or () where there is none."""
    match = re.search(r"nginx/(\d+)\.(\d+)\.(\d+)", ask(["nginx", "-v"])[1])
    return tuple(map(int, match.groups())) if match else ()


def mistake() -> str:
    """Return what nginx says is wrong with its configuration as a whole; nothing if it is well."""
    status, output = ask(["nginx", "-t", "-q"])
    return last_lines(output) if status else ""


def put_site(path: Path, text: str) -> None:
    """Write the site and have nginx follow it; if it does not, put back what was there.

    Raises:
        RefusedError: nginx refuses the configuration; it serves as before.
    """
    before = path.read_bytes() if path.exists() else None
    durable.write_bytes(path, text.encode())
    wrong = mistake()
    if not wrong:
        wrong = _follow()
    if wrong:
        _put_back(path, before)
        problem = f"nginx refuses {path}; what was there before is back, and it serves as before."
        raise RefusedError(problem, why="failed", evidence=wrong)


def remove_site(path: Path) -> None:
    """Remove the site; nginx follows unless others have broken its configuration."""
    durable.remove(path)
    if found("nginx") and not mistake():
        _follow()


def reload() -> None:
    """Have nginx read its configuration and certificates again.

    Raises:
        RefusedError: it refuses; it serves as before.
    """
    wrong = mistake() or _follow()
    if wrong:
        problem = "nginx refuses its configuration, and serves as before."
        raise RefusedError(problem, why="failed", evidence=wrong)


def is_enabled() -> bool:
    """Whether nginx runs now and after the next boot."""
    return ask(["systemctl", "is-enabled", "--quiet", _UNIT])[0] == 0 and _is_active()


def enable() -> None:
    """Have nginx start at boot."""
    ask(["systemctl", "enable", "--quiet", _UNIT])


def presented(port: int, name: str) -> str:
    """Return the certificate (PEM) that is presented at a port of this host.

    Raises:
        OSError: nothing answers there in TLS.
    """
    context = ssl.create_default_context()
    context.check_hostname = False
    # It is compared, not trusted: nothing is sent.
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as bare,
        context.wrap_socket(bare, server_hostname=name) as connection,
    ):
        return ssl.DER_cert_to_PEM_cert(connection.getpeercert(binary_form=True) or b"")


def wait_until_presented(port: int, name: str, pem: str) -> None:
    """Return as soon as nginx presents a certificate: it follows the site and reads its file.

    Raises:
        RefusedError: it does not.
    """
    deadline = time.monotonic() + _SECONDS
    seen = ""
    while time.monotonic() < deadline:
        try:
            if "".join(presented(port, name).split()) in "".join(pem.split()):
                return
            seen = "It presents another certificate: perhaps another site has the same name."
        except OSError as error:
            seen = str(error)
        time.sleep(_PAUSE)
    problem = f"nginx does not serve {name} at port {port} with the certificate of the site."
    raise RefusedError(problem, why="failed", evidence=seen)


def _follow() -> str:
    """Have nginx follow its configuration; return what is wrong, or nothing."""
    action = "reload" if _is_active() else "start"
    status, output = ask(["systemctl", action, _UNIT])
    if status == 0:
        return ""
    journal = ask(["journalctl", "-q", "--no-pager", "-o", "cat", "-n", "6", "-u", _UNIT])[1]
    return last_lines(f"{output}\n{journal}")


def _put_back(path: Path, before: bytes | None) -> None:
    if before is None:
        durable.remove(path)
    else:
        durable.write_bytes(path, before)
    # A reload that was refused has changed nothing; one that half worked is taken back.
    if not mistake() and _is_active():
        ask(["systemctl", "reload", _UNIT])


def _is_active() -> bool:
    return ask(["systemctl", "is-active", "--quiet", _UNIT])[0] == 0
