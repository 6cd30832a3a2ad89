"""A client for one registry: which certificates it may show, and whether it speaks TLS at all."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx2

from llmops_cli.registries.reference import Repository, host_of
from llmops_cli.registries.trust import DOCKER_CERTIFICATES, context_for

_HTTPS = 443
#: Seconds for a server of this machine to begin a handshake, or to refuse it.
_SECONDS = 5.0


@contextmanager
def open_client(
    repository: Repository, certificates: Path = DOCKER_CERTIFICATES
) -> Iterator[tuple[httpx2.Client, Repository]]:
    """Yield a client, and the repository with what is now known of its registry.

    A registry of this machine may speak plain HTTP or TLS, as Docker's engine has it; where it
    speaks TLS, it is verified as one elsewhere is.

    Raises:
        PreflightError: a certificate of the operator's cannot be used.
    """
    is_near = repository.is_loopback
    if is_near:
        repository = replace(repository, is_secured=speaks_tls(repository.host))
    # A context without certificates for plain HTTP: loading them takes longer than a request.
    verify = (
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if is_near and not repository.is_secured
        else context_for(repository.host, certificates)
    )
    with httpx2.Client(
        headers={"user-agent": "llmops"},
        verify=verify,
        # A proxy from the environment does not reach the registry of this machine.
        transport=httpx2.HTTPTransport(verify=verify) if is_near else None,
    ) as client:
        yield client, repository


def speaks_tls(authority: str) -> bool:
    """Whether a server ``host:port`` takes part in a handshake. No request is sent."""
    port = authority.rpartition(":")[2]
    address = (host_of(authority), int(port) if port.isdecimal() else _HTTPS)
    # Verified when it is used: here only the protocol is looked at.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection(address, _SECONDS) as plain, context.wrap_socket(plain):
            return True
    except ssl.SSLError as error:
        # An alert is said by who speaks TLS; what speaks HTTP answers something else.
        return "ALERT" in (error.reason or "")
    except OSError:
        return False
