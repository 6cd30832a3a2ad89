"""Certificates that this machine trusts where it asks the API, besides the system's."""

from llmops_cli.errors import ConfigError
from llmops_cli.targets.host.place import Place


def certificates_of(place: Place) -> str:
    """Return them as PEM: those of the project's file, and the hosts' own where they made them.

    A generated certificate comes over ssh, from hosts whose keys are known.

    Raises:
        ConfigError: the file cannot be read.
        LlmopsError: no host is reached.
    """
    texts = [_of_file(place)]
    if place.settings.certificate == "generated" and not place.settings.certificate_secret:
        unreached = place.hosts.reached()
        hosts = [host for host in place.hosts.names if host not in unreached]
        answers = place.hosts.each(lambda _host, session: session.ask("certificate"), hosts)
        texts += [answer.get("pem") or "" for answer in answers.values()]
    return "\n".join(dict.fromkeys(text.strip() for text in texts if text.strip()))


def _of_file(place: Place) -> str:
    path = place.settings.ca_file
    if path is None:
        return ""
    try:
        return (place.directory / path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path}, which `ca_file` of [targets.{place.target}] names, cannot be read.",
            evidence=str(error),
            next_step="Put the authorities' certificates there, or mend the name.",
        ) from error
