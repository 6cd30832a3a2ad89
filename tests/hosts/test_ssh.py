"""How ssh is called, and what an operator is told when it does not let us in."""

from pathlib import Path

import pytest

from llmops_cli.errors import AccessError, ConfigError, LlmopsError, PreflightError
from llmops_cli.hosts.ssh import NO_PYTHON, NO_SUDO, Ssh, failure
from llmops_cli.hosts.trouble import RefusedError, UnreachableError, gathered

_CHANGED = """\
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
Offending ED25519 key in /root/.ssh/known_hosts:1
Host key verification failed.
"""
_UNKNOWN = """\
No ED25519 host key is known for api.example.com and you have requested strict checking.
Host key verification failed.
"""


@pytest.mark.parametrize(
    ("status", "said", "kind", "what", "then"),
    [
        (255, _CHANGED, AccessError, "is not the one that is known", "ssh-keygen -R web"),
        (255, _UNKNOWN, AccessError, "The key of web is not known", "compare the fingerprint"),
        (255, "u@web: Permission denied (publickey).", AccessError, "refuses", "ssh-add"),
        (255, "Too many authentication failures", AccessError, "refuses", "ssh web true"),
        (1, "sudo: a password is required", AccessError, "without a password", "NOPASSWD"),
        (1, "u is not in the sudoers file.", AccessError, "without a password", "NOPASSWD"),
        (NO_SUDO, "", AccessError, "without a password", "Log in as root"),
        (NO_PYTHON, "", PreflightError, "no Python 3.11", "apt-get install -y python3"),
        (255, "x: line 1: Bad configuration option: y", ConfigError, "settings", "ssh -G web"),
        (255, "Bad owner or permissions on /c", ConfigError, "settings", "ssh -G web"),
        (255, "ssh: Could not resolve hostname web: x", UnreachableError, "no name", "`hosts`"),
        (255, "connect to host web: Connection refused", UnreachableError, "reached", "ssh web"),
        (255, "connect to host web: Connection timed out", UnreachableError, "reached", "ssh web"),
        (255, "connect to host web: No route to host", UnreachableError, "reached", "ssh web"),
        (255, "Timeout, server web not responding.", UnreachableError, "broke", "ssh web"),
        (255, "", UnreachableError, "broke", "ssh web"),
    ],
)
def test_what_ssh_says_last_becomes_what_an_operator_can_act_on(
    status: int, said: str, kind: type[LlmopsError], what: str, then: str
) -> None:
    error = failure("web", status, said)
    assert type(error) is kind
    assert what in error.message
    assert then in error.next_step
    assert said.strip().splitlines()[-1:] == error.evidence.splitlines()[-1:] or not said


def test_no_host_is_believed_whose_key_is_not_known(tmp_path: Path) -> None:
    argv = Ssh(tmp_path / "config", tmp_path / "known hosts").command("web", "echo", "a b; $c")
    assert argv[:3] == ["ssh", "-F", str(tmp_path / "config")]
    assert {"BatchMode=yes", "StrictHostKeyChecking=yes", "ForwardAgent=no"} < set(argv)
    assert f'GlobalKnownHostsFile="{tmp_path}/known hosts"' in " ".join(argv)
    # What a host is called is no option, and no word is read by its shell.
    assert argv[-3:] == ["--", "web", "echo 'a b; $c'"]


def test_of_several_failures_the_one_that_can_be_mended_tells_for_all() -> None:
    lost, denied = UnreachableError("b is down."), AccessError("no", next_step="do")
    error = gathered({"b": lost, "c": denied}, ["a", "b", "c"])
    assert isinstance(error, AccessError)
    assert (error.message, error.next_step) == ("2 of 3 hosts failed: b, c.", "do")
    assert error.evidence == "b is down.\nc: no"


def test_what_the_only_host_refuses_is_told_as_it_is() -> None:
    refused = RefusedError("full", why="full")
    assert gathered({"a": refused}, ["a"]) is refused
    told = gathered({"a": refused}, ["a", "b"])
    assert isinstance(told, RefusedError)
    assert (told.message, told.why) == ("a: full", "full")
