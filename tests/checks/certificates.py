"""Certificates for tests, made with openssl: an authority, and servers that it vouches for."""

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Authority:
    """A certificate authority in a folder; ``file`` is what a client has to trust."""

    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "authority.pem"

    def serve(self, days: int, name: str = "IP:127.0.0.1") -> ssl.SSLContext:
        """Return what a server needs to present a certificate that ends in ``days``."""
        stem = f"{days}-{name.replace(':', '-')}"
        self._run("req", "-new", *_KEY, "-keyout", f"{stem}.key", "-out", f"{stem}.csr", *_NAME)
        (self.folder / f"{stem}.ext").write_text(f"subjectAltName={name}\n")
        self._run(
            *("x509", "-req", "-in", f"{stem}.csr", "-CA", self.file.name),
            *("-CAkey", "authority.key", "-set_serial", str(days + 100), "-days", str(days)),
            *("-extfile", f"{stem}.ext", "-out", f"{stem}.pem"),
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{stem}.pem", self.folder / f"{stem}.key")
        return context

    def _run(self, *arguments: str) -> None:
        subprocess.run(
            ["openssl", *arguments], cwd=self.folder, check=True, capture_output=True, timeout=30
        )


_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
_NAME = ("-subj", "/CN=llmops test")


def make_authority(folder: Path) -> Authority:
    """Make an authority that no machine trusts unless it is told to."""
    authority = Authority(folder)
    authority._run(
        *("req", "-x509", *_KEY, *_NAME, "-days", "30"),
        *("-keyout", "authority.key", "-out", "authority.pem"),
    )
    return authority
