"""Which certificates a registry may show: those of the system, and those that Docker was given."""

import ssl
from pathlib import Path

#: Where Docker's engine has the certificates of private registries, in folders named by their host.
DOCKER_CERTIFICATES = Path("/etc/docker/certs.d")


def context_for(host: str, certificates: Path = DOCKER_CERTIFICATES) -> ssl.SSLContext:
    """Return a context that verifies the registry ``host:port``, and shows our own certificate.

    A file ``*.crt`` is one more authority; ``NAME.cert`` with ``NAME.key`` identifies us.
    """
    from httpx2 import create_ssl_context

    context = create_ssl_context()
    for authority in sorted((certificates / host).glob("*.crt")):
        context.load_verify_locations(authority)
    for certificate in sorted((certificates / host).glob("*.cert")):
        context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    return context
