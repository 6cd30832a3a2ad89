"""Where things are on a host, for what is rendered here; the agent keeps to the same places.

| path | what |
|---|---|
| ``/opt/APP/releases/ID/`` | one immutable release: ``app/``, ``code/``, ``venv/``, ``units/``, |
| | ``release.json``, ``manifest.json``, ``socket`` (a link to its socket), and |
| | ``deployed.json`` once it was live |
| ``/opt/APP/current`` | link to the release that serves: the one switch, and the one truth |
| ``/opt/APP/pending.json`` | a promotion that is not settled: candidate, what served before |
| ``/opt/APP/objects/`` | files of releases by what they hold, hard-linked into them |
| ``/opt/APP/environments/`` | packages by what they were installed from, hard-linked too |
| ``/opt/APP/secrets/NAME/VERSION`` | a secret's value; only root may look |
| ``/opt/APP/tls/`` | certificate and key, where they were generated or are a secret |
| ``/opt/APP/names.json`` | names given to releases |
| ``/opt/APP/history.jsonl`` | what was done, one line an event |
| ``/opt/APP/lock`` | held while something is being deployed |
| ``/opt/APP/agent.pyz`` | the agent that brings the release up after a boot |
| ``/opt/APP/made.json`` | what the bootstrap made, and so may change and remove |
| ``/var/lib/APP`` | the API's own data, shared by all releases; belongs to the user APP |
| ``/run/APP/ID.sock`` | the socket of a release, held by systemd |
| ``/etc/systemd/system/APP@ID.service``, ``.socket`` | the units of a release |
| ``…/ID:2.sock``, ``…/APP@ID:2.service`` | of its second run, where one goes back to a release |
| | whose first run still ends requests; ``releases/ID/socket`` says which run counts |
| ``/etc/systemd/system/APP.service`` | starts what is current, after a boot too |
| ``/etc/nginx/conf.d/APP.conf`` | the site |
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class HostLayout:
    """The paths of one service, by its name."""

    app: str

    @property
    def root(self) -> str:
        """The folder of releases and records."""
        return f"/opt/{self.app}"

    @property
    def current(self) -> str:
        """The link to the release that serves."""
        return f"{self.root}/current"

    @property
    def current_socket(self) -> str:
        """The socket of the release that serves, whichever it is when one connects."""
        return f"{self.current}/socket"

    @property
    def data(self) -> str:
        """The folder of the API's own data."""
        return f"/var/lib/{self.app}"

    @property
    def challenges(self) -> str:
        """The folder in which an ACME client answers the certificate authority."""
        return f"{self.root}/acme"

    @property
    def certificate(self) -> str:
        """The certificate that was generated or is a secret: chain and key in one folder."""
        return f"{self.root}/tls/certificate.pem"

    @property
    def certificate_key(self) -> str:
        """Its key; only root may look."""
        return f"{self.root}/tls/key.pem"

    @property
    def agent(self) -> str:
        """The agent that is kept on the host."""
        return f"{self.root}/agent.pyz"

    @property
    def site(self) -> str:
        """The site of nginx."""
        return f"/etc/nginx/conf.d/{self.app}.conf"

    def release(self, release: str) -> str:
        """The folder of a release."""
        return f"{self.root}/releases/{release}"

    def socket(self, release: str) -> str:
        """The socket of a release."""
        return f"/run/{self.app}/{release}.sock"

    def secret(self, name: str, version: str) -> str:
        """The file of a version of a secret."""
        return f"{self.root}/secrets/{name}/{version}"

    def unit(self, release: str, kind: str = "service") -> str:
        """The name of a unit of a release."""
        return f"{self.app}@{release}.{kind}"

    @property
    def boot_unit(self) -> str:
        """The name of the unit that starts what is current."""
        return f"{self.app}.service"
