"""Which certificates a registry may show: those of the system, and those that Docker was given."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from llmops_cli.errors import PreflightError

#: Where Docker's engine has the certificates of private registries, in folders named by their host.
DOCKER_CERTIFICATES = Path("/etc/docker/certs.d")


def context_for(host: str, certificates: Path = DOCKER_CERTIFICATES) -> ssl.SSLContext:
    """Return a context that verifies the registry ``host:port``, and shows our own certificate.

    A file ``*.crt`` is one more authority; ``NAME.cert`` with ``NAME.key`` identifies us.

    Raises:
        PreflightError: one of these files cannot be used.
    """
    from httpx2 import create_ssl_context

    context = create_ssl_context()
    for authority in sorted((certificates / host).glob("*.crt")):
        with _named(authority):
            context.load_verify_locations(authority)
    for certificate in sorted((certificates / host).glob("*.cert")):
        with _named(certificate):
            context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    return context


@contextmanager
def _named(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:  # What OpenSSL says is one of these.
        raise PreflightError(
            f"The certificate {file} cannot be used.",
            evidence=str(error),
            next_step="Put a certificate in PEM form there that you may read, or remove the file.",
        ) from error
