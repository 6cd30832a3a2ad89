"""The certificate of the site: generated here, out of a secret, or from a certificate authority."""

import re
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from llmops_cli.hosts.agent import durable
from llmops_cli.hosts.agent.bootstrap_made import Made
from llmops_cli.hosts.agent.bootstrap_programs import ask, run
from llmops_cli.hosts.agent.bootstrap_wanted import ACME, PATH, SECRET, Certificate
from llmops_cli.hosts.agent.places import Places
from llmops_cli.hosts.agent.trouble import RefusedError

_DAY = 86400
#: Most clients take no certificate that is valid for longer.
_VALID_DAYS = 825
#: Days before its end in which a generated one is made anew.
_NEAR_DAYS = 30
_BASE64 = r"-----[A-Za-z0-9+/=\s]+-----END "
_CHAIN = re.compile(rf"-----BEGIN CERTIFICATE{_BASE64}CERTIFICATE-----")
_KEY = re.compile(rf"-----BEGIN ((?:RSA |EC )?PRIVATE KEY){_BASE64}\1-----")
_BAD = "The certificate or its key cannot be read."
_LIVE = Path("/etc/letsencrypt/live")


@dataclass(frozen=True)
class Seen:
    """A certificate: its names, and when it ends, in seconds since 1970."""

    names: frozenset[str]
    ends: float


def files(places: Places) -> tuple[Path, Path]:
    """Return where the certificate with its chain is that the bootstrap puts there, and its key."""
    folder = places.root / "tls"
    return folder / "certificate.pem", folder / "key.pem"


def look(path: Path) -> Seen | None:
    """Return what a certificate says of itself, or None where there is none that can be read."""
    fields = ["-noout", "-enddate", "-ext", "subjectAltName"]
    status, output = ask(["openssl", "x509", "-in", str(path), *fields])
    ends = re.search(r"notAfter=(.+)", output)
    if status or not ends:
        return None
    names = re.findall(r"(DNS|IP Address):([^,\s]+)", output)
    found = frozenset(f"{kind.split()[0]}:{name}" for kind, name in names)
    return Seen(found, ssl.cert_time_to_seconds(ends[1].strip()))


def reasons(places: Places, wanted: Certificate) -> list[str]:
    """Return why the certificate has to be made or made anew; none where it is well."""
    if wanted.origin == PATH:
        return []
    path, key = files(places)
    live = _LIVE / places.app / "fullchain.pem"
    if wanted.origin == ACME and path.resolve() != live.resolve():
        return ["from the certificate authority"]
    content = _of_secret(places, wanted)
    if content is not None:
        is_there = path.exists() and key.exists() and path.read_text() + key.read_text() == content
        return [] if is_there else [f"the secret {wanted.secret}"]
    seen = look(path) if key.exists() else None
    # A link leads to what certbot keeps, which is no longer wanted.
    if seen is None or (wanted.origin != ACME and path.is_symlink()):
        return ["generated"]
    found = [] if seen.names == set(wanted.names) else ["names"]
    if wanted.origin != ACME and seen.ends - time.time() < _NEAR_DAYS * _DAY:
        found.append(f"ends on {time.strftime('%Y-%m-%d', time.gmtime(seen.ends))}")
    return found


def advice(places: Places, wanted: Certificate) -> list[str]:
    """Return what the operator should know of the certificate."""
    if wanted.origin == SECRET and _of_secret(places, wanted) is None:
        return [
            f"The secret {wanted.secret} has no value: a generated certificate stands in for it. "
            f"llmops secrets set {wanted.secret}, then llmops infra apply."
        ]
    seen = look(Path(wanted.path)) if wanted.origin == PATH else None
    days = (seen.ends - time.time()) / _DAY if seen else _NEAR_DAYS
    return [f"{wanted.path} ends in {max(0, int(days))} days."] if days < _NEAR_DAYS else []


def obstacles(places: Places, wanted: Certificate) -> list[str]:
    """Return why there can be no certificate."""
    if wanted.origin == PATH:
        paths = [Path(wanted.path), Path(wanted.key_path)]
        return [f"There is no {path} on the host." for path in paths if not path.is_file()]
    content = _of_secret(places, wanted)
    if content == "":
        return [f"The secret {wanted.secret} does not hold a PEM file with a chain and its key."]
    return []


def prepare(places: Places, wanted: Certificate) -> None:
    """Make sure that there is a certificate that nginx starts with.

    Raises:
        RefusedError: it cannot be made; the one that was there still is.
    """
    if wanted.origin == PATH:
        return
    path, key = files(places)
    content = _of_secret(places, wanted)
    if content is not None:
        _put(places, content)
    elif wanted.origin != ACME or look(path) is None:
        generate(path, key, wanted.names)


def generate(path: Path, key: Path, names: Sequence[str]) -> None:
    """Make a certificate that signs itself, and its key.

    Raises:
        RefusedError: it cannot be made; the one that was there still is.
    """
    new_path, new_key = durable.partial_of(path), durable.partial_of(key)
    extensions = (
        f"subjectAltName={','.join(names)}",
        "basicConstraints=critical,CA:FALSE",
        "keyUsage=critical,digitalSignature",
        "extendedKeyUsage=serverAuth",
    )
    added = [word for text in extensions for word in ("-addext", text)]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subject = ["-subj", f"/CN={names[0].partition(':')[2][:64]}", "-days", str(_VALID_DAYS)]
    places = ["-keyout", str(new_key), "-out", str(new_path)]
    # Nothing of the host's own configuration of openssl gets in.
    command = ["openssl", "req", "-x509", "-config", "/dev/null", *kind, *subject, *added, *places]
    try:
        run(command, "The certificate cannot be generated.")
        _install(new_path, new_key, path, key)
    finally:
        new_path.unlink(missing_ok=True)
        new_key.unlink(missing_ok=True)


def obtain(places: Places, wanted: Certificate, made: Made, tell: Callable[[str], None]) -> None:
    """Get a certificate from the authority, by certbot, which renews it by itself from then on.

    Raises:
        RefusedError: the authority gives none; the one that stands in for it stays.
    """
    tell("asking the certificate authority")
    names = [name.partition(":")[2] for name in wanted.names if name.startswith("DNS:")]
    address = ["--email", wanted.email] if wanted.email else ["--register-unsafely-without-email"]
    command = ["certbot", "certonly", "--non-interactive", "--agree-tos", *address]
    command += ["--webroot", "--webroot-path", str(places.root / "acme"), "--expand"]
    command += ["--cert-name", places.app, "--keep-until-expiring"]
    command += ["--deploy-hook", "systemctl reload nginx.service"]
    command += [word for name in names for word in ("--domain", name)]
    problem = (
        f"The certificate authority gives no certificate for {', '.join(names)}; nginx serves "
        "with a generated one. The name must lead to this host, and port 80 be open."
    )
    run(command, problem, seconds=600)
    made.acme = places.app
    made.write(places)
    path, key = files(places)
    durable.point(key, str(_LIVE / places.app / "privkey.pem"))
    durable.point(path, str(_LIVE / places.app / "fullchain.pem"))


def forget(made: Made) -> None:
    """Remove what certbot keeps of a certificate that it was asked for."""
    if made.acme:
        ask(["certbot", "delete", "--non-interactive", "--cert-name", made.acme])


def uses_stand_in(places: Places, wanted: Certificate) -> bool:
    """Whether the certificate is still to be got from the authority."""
    live = _LIVE / places.app / "fullchain.pem"
    return wanted.origin == ACME and (
        files(places)[0].resolve() != live.resolve() or bool(reasons(places, wanted))
    )


def _put(places: Places, content: str) -> None:
    path, key = files(places)
    new_path, new_key = durable.partial_of(path), durable.partial_of(key)
    chain = "".join(f"{block}\n" for block in _CHAIN.findall(content))
    try:
        durable.write_bytes(new_path, chain.encode(), 0o600)
        durable.write_bytes(new_key, content.removeprefix(chain).encode(), 0o600)
        _install(new_path, new_key, path, key)
    finally:
        new_path.unlink(missing_ok=True)
        new_key.unlink(missing_ok=True)


def _install(new_path: Path, new_key: Path, path: Path, key: Path) -> None:
    """Put both in place, if they belong together: nginx would start with neither else."""
    public = run(["openssl", "x509", "-in", str(new_path), "-noout", "-pubkey"], _BAD)
    if run(["openssl", "pkey", "-in", str(new_key), "-pubout"], _BAD).strip() != public.strip():
        raise RefusedError("The certificate is not of the key beside it.", why="failed")
    new_path.chmod(0o644)
    new_key.chmod(0o600)
    new_key.replace(key)
    new_path.replace(path)
    durable.sync_folder(path.parent)


def _of_secret(places: Places, wanted: Certificate) -> str | None:
    """Return chain and key as the secret's newest version has them; "" where it has not both."""
    if wanted.origin != SECRET:
        return None
    folder = places.secret_folder(wanted.secret)
    versions = _versions(folder)
    if not versions:
        return None
    content = (folder / str(max(versions))).read_text(encoding="utf-8", errors="replace")
    chain = "".join(f"{block}\n" for block in _CHAIN.findall(content))
    key = _KEY.search(content)
    return f"{chain}{key[0]}\n" if chain and key else ""


def _versions(folder: Path) -> list[int]:
    """Return the versions that are not merely proposed."""
    names = {file.name for file in folder.iterdir()} if folder.is_dir() else set()
    return [int(name) for name in names if name.isdecimal() and f"{name}.proposed" not in names]
