"""From the options of `smoke-test` to what it is about: an address, a credential, expectations."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from llmops_cli.checks.evals import Eval, load_evals
from llmops_cli.checks.subject import Subject
from llmops_cli.cli.session import Session
from llmops_cli.core.secret import Secret, first_key
from llmops_cli.errors import AccessError, CheckError, UsageError

_KEY = "LLMOPS_API_KEY"
_SHORTEST_SHA = 4


@dataclass(frozen=True)
class Asked:
    """The options, as they were given."""

    target: str | None
    url: str | None
    expect: str | None
    key_file: Path | None
    evals: bool | None
    ca_file: Path | None = None


def subject_of(session: Session, asked: Asked, defaults: Subject) -> Subject:
    """Return the subject that the options describe; ``defaults`` holds what they say outright.

    Raises:
        UsageError: the options contradict each other or cannot be used.
        AccessError: the key file, or that of certificates, cannot be read or holds none.
        ConfigError: the project file or a golden prompt is invalid.
        CheckError: nothing was ever deployed to the target.
    """
    if asked.url is not None and asked.target is not None:
        raise UsageError("--url and --target exclude each other.")
    trusted = _certificates(asked.ca_file) if asked.ca_file else ""
    subject = replace(defaults, expected_commit=_commit(asked.expect), trusted=trusted)
    if asked.url is not None:
        return _of_url(session, asked, subject, asked.url)
    return _of_target(session, asked, subject)


def _of_url(session: Session, asked: Asked, subject: Subject, url: str) -> Subject:
    evals = _evals(session) if asked.evals else ()
    return replace(subject, url=_checked(url), credential=_given_key(asked), evals=evals)


def _of_target(session: Session, asked: Asked, subject: Subject) -> Subject:
    from llmops_cli.cli.project import open_config
    from llmops_cli.config.environment import credential_secret, model_asked
    from llmops_cli.core.target import carrier_for, trusted_for
    from llmops_cli.flows.project import credential

    config, target = open_config(session, asked.target)
    state = target.inspect()
    release = state.recorded or state.live
    if release is None:
        raise CheckError(
            f"Nothing has been deployed to {target.name} yet.", next_step="llmops deploy"
        )
    name = credential_secret(config)
    kept = credential(target, name, release.secret_versions.get(name))
    key = _key_in_file(asked.key_file) if asked.key_file else kept or _given_key(asked)
    return replace(
        subject,
        url=state.address,
        credential=key,
        expected_release=None if subject.expected_commit else release.id,
        model=subject.model or model_asked(config, release.settings),
        has_own_application=bool(release.settings.get("LLMOPS_APP")),
        requires_recall=subject.requires_recall and config.checks.recall,
        evals=() if asked.evals is False else _evals(session),
        trusted=f"{trusted_for(target)}\n{subject.trusted}".strip(),
        carrier=carrier_for(target),
    )


def _evals(session: Session) -> tuple[Eval, ...]:
    from llmops_cli.config.load import load

    return load_evals(session.directory / load(session.directory).checks.evals)


def _checked(url: str) -> str:
    """Return an address that can be asked. The error does not repeat it: it may hold a password."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError("--url must be an address such as https://chat.example.com.")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise UsageError(
            "--url must hold no user, password, query or fragment.",
            next_step=f"Put the key into the variable {_KEY}, or into a file for --key-file.",
        )
    return url.rstrip("/")


def _commit(expect: str | None) -> str | None:
    if expect is None:
        return None
    # An unset variable of a CI job must not turn the question off.
    if len(expect.strip()) < _SHORTEST_SHA:
        raise UsageError(f"--expect needs at least {_SHORTEST_SHA} characters of a commit sha.")
    return expect.strip()


def _given_key(asked: Asked) -> Secret | None:
    if asked.key_file:
        return _key_in_file(asked.key_file)
    return first_key(Secret(os.environ.get(_KEY, "")))


def _certificates(file: Path) -> str:
    from llmops_cli.checks.http import trusting

    text = _text_of("--ca-file", file)
    try:
        trusting(text or " ")
    except CheckError as error:
        raise AccessError(f"--ca-file {file} holds no certificate in PEM format.") from error
    return text


def _text_of(option: str, file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise AccessError(f"{option} {file} cannot be read: {reason}.") from error


def _key_in_file(file: Path) -> Secret:
    key = first_key(Secret(_text_of("--key-file", file)))
    if key is None:
        raise AccessError(f"--key-file {file} holds no key.")
    return key
