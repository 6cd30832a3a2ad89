"""Which files are the project's own, by their paths in an image or a build context."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

#: Folders of packages and of the operating system. What is in them is public already, but for the
#: values of the project's own secrets, which are looked for everywhere.
_INSTALLED = re.compile(
    r"(^|/)(site-packages|dist-packages|node_modules|__pycache__)/"
    r"|^/?packages/"
    r"|\.(whl|jar|egg|deb|rpm|apk)!"
    r"|^/?(usr/(lib|lib32|lib64|libexec|share|include|bin|sbin)|lib|lib32|lib64|bin|sbin"
    r"|usr/local/(lib/python3\.\d+|include|share)|var/lib/(dpkg|apt|rpm)|etc/(ssl|pki|apt))/"
)


def is_installed(path: str) -> bool:
    """Whether a file belongs to a package or to the operating system."""
    return _INSTALLED.search(path) is not None


def matches(path: str, patterns: Sequence[str]) -> bool:
    """Whether the end of a path is what one of the patterns names; ``*`` stands for any text."""
    outer = path.partition("!")[0]
    return any(fnmatchcase(f"/{outer.lstrip('/')}", f"*/{each.lstrip('/')}") for each in patterns)
