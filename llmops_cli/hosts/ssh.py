"""The system's own ssh: how it is called, and what its last words mean."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from llmops_cli.errors import AccessError, ConfigError, LlmopsError, PreflightError
from llmops_cli.hosts.trouble import UnreachableError

#: Seconds to be let in, and between two signs of life, of which three may be missed.
CONNECT_SECONDS, ALIVE_SECONDS, ALIVE_COUNT = 10, 5, 3
#: What the remote command ends with where it finds no Python, or no sudo.
NO_PYTHON, NO_SUDO = 90, 91
_AS_ROOT = """\
python=$(command -v "$1") || exit 90
shift
if [ "$(id -u)" = 0 ]; then exec "$python" -I -c "$@"; fi
command -v sudo >/dev/null || exit 91
exec sudo -n "$python" -I -c "$@"
"""
_LAST_LINES = 6


@dataclass(frozen=True)
class Ssh:
    """How hosts are reached: by the user's own settings, but where the project names others."""

    config: Path | None = None
    known_hosts: Path | None = None
    program: str = "ssh"

    def command(self, host: str, *words: str, options: Sequence[str] = ()) -> list[str]:
        """Return the argv that runs ``words`` on a host, in whatever shell its login has.

        Of ``options`` that are set already, these count.
        """
        return [self.program, *options, *self._base(), "--", host, shlex.join(words)]

    def _base(self) -> list[str]:
        files = ["-F", str(self.config)] if self.config else []
        settings = {
            "BatchMode": "yes",
            "StrictHostKeyChecking": "yes",
            "ConnectTimeout": str(CONNECT_SECONDS),
            "ServerAliveInterval": str(ALIVE_SECONDS),
            "ServerAliveCountMax": str(ALIVE_COUNT),
            "ForwardAgent": "no",
            "ForwardX11": "no",
            "Compression": "yes",
            # A connection that others share may be used, but what serves as one does not end.
            "ControlMaster": "no",
            "LogLevel": "ERROR",
            "RequestTTY": "no",
            "RemoteCommand": "none",
        }
        if self.known_hosts:
            # The user's own files are left as they are.
            system = "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2"
            settings["GlobalKnownHostsFile"] = f'"{self.known_hosts}" {system}'
        words = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
        return [*files, *words]


def as_root(python: str, code: str, *arguments: str) -> list[str]:
    """Return the words that run a text of Python on a host as root."""
    return ["sh", "-c", _AS_ROOT, "sh", python, code, *arguments]


def failure(host: str, status: int, said: str) -> LlmopsError:
    """Return what it means that ssh, or what it was to run, ended with these words.

    ``said`` is what came on the standard error.
    """
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    evidence = "\n".join(lines[-_LAST_LINES:])
    if status == NO_PYTHON:
        return no_python(host, evidence)
    if status == NO_SUDO or re.search(r"^(sudo: |.* is not in the sudoers)", said, re.MULTILINE):
        return _no_sudo(host, evidence)
    for pattern, make in _MEANINGS:
        if re.search(pattern, said, re.IGNORECASE):
            return make(host, evidence)
    return UnreachableError(
        f"The connection to {host} broke.",
        evidence=evidence or f"ssh ended with status {status}.",
        next_step=f"ssh {host} true must work; then run the same command again.",
    )


def no_python(host: str, evidence: str) -> PreflightError:
    """Say that a host has no Python, or too old a one."""
    return PreflightError(
        f"{host} has no Python 3.11 or newer by the name that the project gives.",
        evidence=evidence,
        state="Nothing was changed.",
        next_step=f"ssh {host} sudo apt-get install -y python3 python3-venv, or name another "
        "with `python` in [targets.…] of llmops.toml.",
    )


def no_program(program: str) -> PreflightError:
    """Say that this machine has no ssh."""
    return PreflightError(
        f"The program {program} is not installed here.",
        state="Nothing was changed.",
        next_step="Install OpenSSH's client, for instance with: apt-get install openssh-client",
    )


def forbidden(host: str, evidence: str) -> AccessError:
    """Say that a host lets ssh in, but forwards nothing."""
    return AccessError(
        f"{host} forbids to forward connections, and so the release cannot be checked there.",
        evidence=evidence,
        next_step=f"Set AllowStreamLocalForwarding yes in /etc/ssh/sshd_config of {host}, and no "
        "DisableForwarding, then: systemctl reload ssh",
    )


def _no_sudo(host: str, evidence: str) -> AccessError:
    return AccessError(
        f"The login on {host} is not root and may not become it without a password.",
        evidence=evidence or "There is no sudo.",
        state="Nothing was changed.",
        next_step="Log in as root, or allow it on the host: "
        'echo "USER ALL=(ALL) NOPASSWD:ALL" > /etc/sudoers.d/llmops',
    )


def _changed_key(host: str, evidence: str) -> AccessError:
    return AccessError(
        f"The key of {host} is not the one that is known: it is another host, or was made anew.",
        evidence=evidence,
        state="Nothing was sent to it.",
        next_step=f"Find out which of the two it is; if it was made anew: ssh-keygen -R {host}, "
        f"then ssh {host} and compare the fingerprint.",
    )


def _unknown_key(host: str, evidence: str) -> AccessError:
    return AccessError(
        f"The key of {host} is not known here.",
        evidence=evidence,
        state="Nothing was sent to it.",
        next_step=f"ssh {host}, compare the fingerprint, and say yes; or name a file with its "
        "key as known_hosts in llmops.toml.",
    )


def _refused_login(host: str, evidence: str) -> AccessError:
    return AccessError(
        f"{host} refuses the login.",
        evidence=evidence,
        state="Nothing was changed.",
        next_step=f"ssh {host} true must work without a question: ssh-add your key, or "
        f"ssh-copy-id {host}",
    )


def _bad_settings(host: str, evidence: str) -> ConfigError:
    return ConfigError(
        "ssh cannot use its settings.",
        evidence=evidence,
        state="Nothing was changed.",
        next_step=f"Mend the file that it names, until this prints settings: ssh -G {host}",
    )


def _no_such_host(host: str, evidence: str) -> UnreachableError:
    return UnreachableError(
        f"{host} is no name that leads to a host.",
        evidence=evidence,
        next_step="Mend `hosts` in llmops.toml, or give ~/.ssh/config a HostName for it.",
    )


def _not_answering(host: str, evidence: str) -> UnreachableError:
    return UnreachableError(
        f"{host} cannot be reached.",
        evidence=evidence,
        next_step=f"Find out whether it runs and lets this machine in: ssh {host} true",
    )


_MEANINGS = (
    (r"host identification has changed|offending .* key in", _changed_key),
    (r"host key verification failed|no .* host key is known", _unknown_key),
    (r"permission denied \(|too many authentication failures", _refused_login),
    (r"account .*(expired|locked)|account is currently not available", _refused_login),
    (r"bad configuration option|bad owner or permissions", _bad_settings),
    (r"can't open user config|garbage at end of line|unsupported option", _bad_settings),
    (r"could not resolve hostname|name or service not known", _no_such_host),
    (r"connection refused|timed out|no route to host|network is unreachable", _not_answering),
    (r"kex_exchange_identification|banner exchange|closed by unknown port", _not_answering),
)
