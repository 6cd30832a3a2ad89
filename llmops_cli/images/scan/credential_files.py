"""Files in which tools keep passwords: there even a plain word is one."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping

from llmops_cli.images.scan.finding import Finding
from llmops_cli.images.scan.judging import is_sample

#: How a path ends, and where in such a file a password stands.
_FILES: Mapping[str, re.Pattern[str]] = {
    ".npmrc": re.compile(r"^[^#;\n]*_(?:authToken|auth|password)[ \t]*=[ \t]*(\S+)", re.M),
    ".yarnrc.yml": re.compile(r"^[ \t]*npmAuth(?:Token|Ident):[ \t]*[\"']?([^\s\"']+)", re.M),
    ".pypirc": re.compile(r"^[ \t]*password[ \t]*[=:][ \t]*(\S+)", re.M),
    ".netrc": re.compile(r"\bpassword\s+(\S+)"),
    "_netrc": re.compile(r"\bpassword\s+(\S+)"),
    ".pgpass": re.compile(r"^[^#\n:]*:[^\n:]*:[^\n:]*:[^\n:]*:(\S+)", re.M),
    ".my.cnf": re.compile(r"^[ \t]*password[ \t]*=[ \t]*(\S+)", re.M),
    ".git-credentials": re.compile(r"://[^/\s:]*:([^@\s]+)@"),
    ".dockercfg": re.compile(r'"auth"\s*:\s*"([^"]+)"'),
    ".dockerconfigjson": re.compile(r'"auth"\s*:\s*"([^"]+)"'),
    "docker/config.json": re.compile(r'"(?:auth|identitytoken|registrytoken)"\s*:\s*"([^"]+)"'),
    "containers/auth.json": re.compile(r'"auth"\s*:\s*"([^"]+)"'),
}


def credentials(text: str, path: str) -> Iterator[Finding]:
    """Yield the passwords in a file that tools read passwords from."""
    for ending, pattern in _FILES.items():
        if not path.endswith(ending):
            continue
        for found in pattern.finditer(text):
            if not is_sample(_password(found.group(1))):
                yield Finding(f"a password in {ending}", found.start(1))


def _password(value: str) -> str:
    """What an `auth` holds is base64 of a user and a password."""
    try:
        user, colon, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return value
    return password if colon and user else value
