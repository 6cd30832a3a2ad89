"""A program ``docker-credential-NAME``, which keeps logins for Docker, asked for one of them."""

import json
import re
import subprocess

from llmops_cli.core.secret import Secret
from llmops_cli.errors import AccessError, PreflightError
from llmops_cli.registries.login import Login

_SECONDS = 60
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_NOT_FOUND = "credentials not found"
#: The user that helpers name when the secret is an identity token.
_NO_USER = "<token>"


def ask(helper: str, server: str) -> Login | None:
    """Return what a helper keeps for a server, or None where it keeps nothing.

    Raises:
        PreflightError: the helper is not installed.
        AccessError: it failed.
    """
    program = f"docker-credential-{helper}"
    if not _NAME.fullmatch(helper):
        raise AccessError(f"Docker's config.json names a credential helper {helper!r}.")
    try:
        done = subprocess.run(
            [program, "get"],
            input=server.encode(),
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except OSError as error:
        raise PreflightError(
            f"Docker's config.json names {program}, which cannot be run.",
            evidence=str(error),
            next_step=f"Install it, or log in without it: docker login {server}",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise AccessError(f"{program} did not answer within {_SECONDS} s.") from error
    if not done.returncode:
        return _login(program, server, done.stdout)
    # By its protocol it says errors on standard output; no secret is in them.
    said = (done.stdout + done.stderr).decode(errors="replace").strip()
    if _NOT_FOUND in said.lower():
        return None
    raise AccessError(
        f"{program} did not give the login of {server}.",
        evidence=said,
        next_step=f"docker login {server}",
    )


def _login(program: str, server: str, said: bytes) -> Login:
    try:
        document = json.loads(said)
        username, password = str(document["Username"]), Secret(str(document["Secret"]))
    except (ValueError, KeyError, TypeError) as error:
        raise AccessError(
            f"{program} answered something that is no login of {server}.",
            next_step=f"docker login {server}",
        ) from error
    return Login(username, password, is_token=username == _NO_USER, origin=program)
