"""The packages of an image: those that its settings need, at locked versions with hashes."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from llmops_cli.config.model import Config
from llmops_cli.errors import PreflightError

_LOCKS = Path(__file__).parent / "locks"
_REQUIREMENT = re.compile(r"(?P<pin>[A-Za-z0-9][A-Za-z0-9._-]*==[^\s;]+)\s*(?:;\s*(?P<when>.*))?")
_HASH = re.compile(r"--hash=(\S+)")


@dataclass(frozen=True)
class Requirement:
    """A package at one version: ``pin`` is ``name==version``, ``when`` a marker or nothing."""

    pin: str
    when: str
    hashes: tuple[str, ...]

    @property
    def text(self) -> str:
        """How pip reads it."""
        marker = f" ; {self.when}" if self.when else ""
        return " \\\n    ".join([self.pin + marker, *(f"--hash={one}" for one in self.hashes)])


def extras(config: Config) -> tuple[str, ...]:
    """Return the extras of llmops that the API of a project needs, in order."""
    upstreams = config.api.upstreams
    credentials = {upstream.credential for upstream in upstreams}
    wanted = {
        "serve": True,
        "postgres": bool(config.api.sessions.database_secret),
        "otel": bool(config.api.telemetry.collector),
        "entra": "entra" in credentials,
        "google": "google" in credentials,
        "engine": any(upstream.gguf for upstream in upstreams),
    }
    return tuple(name for name, is_wanted in wanted.items() if is_wanted)


def locked(names: Iterable[str]) -> str:
    """Return the requirements of these extras together, each package once."""
    found: dict[str, Requirement] = {}
    for name in names:
        for requirement in parse((_LOCKS / f"{name}.txt").read_text(encoding="utf-8")):
            known = found.get(requirement.pin)
            found[requirement.pin] = _either(known, requirement) if known else requirement
    return "".join(f"{found[pin].text}\n" for pin in sorted(found))


def parse(text: str) -> list[Requirement]:
    """Read a file of requirements with versions and hashes.

    Raises:
        ValueError: a line is something else; the argument is that line.
    """
    found = []
    lines = re.sub(r"(^|\s)#.*$", "", text.replace("\\\n", " "), flags=re.MULTILINE).splitlines()
    for line in filter(None, map(str.strip, lines)):
        hashes = tuple(_HASH.findall(line))
        match = _REQUIREMENT.fullmatch(_HASH.sub("", line).strip())
        if match is None or not hashes:
            raise ValueError(line.split(" --hash=")[0])
        found.append(Requirement(match["pin"], (match["when"] or "").strip(), hashes))
    return found


def checked(path: str, text: str | None) -> str:
    """Return a project's own requirements, which can be installed as they are written.

    Raises:
        PreflightError: the commit lacks the file, or it has a package without version or hash.
    """
    if text is None:
        raise _unusable(path, f"The commit has no {path}, which [image] requirements names.")
    try:
        parse(text)
    except ValueError as error:
        message = f"{path} has a package without an exact version or without a hash."
        raise _unusable(path, message, str(error)) from error
    return text


def _either(one: Requirement, other: Requirement) -> Requirement:
    """Return a requirement that holds wherever one of the two does."""
    if one.when == other.when or not (one.when and other.when):
        return one if not one.when else other
    return Requirement(one.pin, f"({one.when}) or ({other.when})", one.hashes)


def _unusable(path: str, message: str, line: str = "") -> PreflightError:
    source = path.removesuffix(".txt") + ".in"
    return PreflightError(
        message,
        evidence=line,
        state="Nothing was built.",
        next_step=f"uv pip compile --universal --generate-hashes {source} -o {path}, then commit.",
    )
