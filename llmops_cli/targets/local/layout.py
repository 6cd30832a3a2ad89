"""Where the local target keeps things: one folder, made for its owner only."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Layout:
    """The folders and files below ``root``.

    | path | what |
    |---|---|
    | ``releases/ID/`` | one immutable release: ``release.json``, ``source/`` |
    | ``live.json`` | the release that should serve, since when |
    | ``names.json`` | names given to releases; a named release is kept |
    | ``history.jsonl`` | what was done, one line an event, appended |
    | ``logs/ID.log`` | what the processes of a release wrote |
    | ``secrets/NAME/N`` | version N of a secret's value, mode 0600 |
    | ``data/`` | sessions, shared by all releases |
    | ``run/`` | sockets, and the supervisor's lock and log |
    | ``lock`` | held while something is being deployed |
    """

    root: Path

    @property
    def releases(self) -> Path:
        """The folder of the release folders."""
        return self.root / "releases"

    @property
    def live(self) -> Path:
        """The file that names the release that should serve."""
        return self.root / "live.json"

    @property
    def names(self) -> Path:
        """The file of the releases' names."""
        return self.root / "names.json"

    @property
    def history(self) -> Path:
        """The file of events."""
        return self.root / "history.jsonl"

    @property
    def logs(self) -> Path:
        """The folder of the releases' logs."""
        return self.root / "logs"

    @property
    def secrets(self) -> Path:
        """The folder of secret values."""
        return self.root / "secrets"

    @property
    def data(self) -> Path:
        """The folder of the API's own data."""
        return self.root / "data"

    @property
    def run(self) -> Path:
        """The folder of sockets."""
        return self.root / "run"

    @property
    def lock(self) -> Path:
        """The file that a deploy locks."""
        return self.root / "lock"

    @property
    def supervisor_socket(self) -> Path:
        """Where the supervisor answers."""
        return self.run / "supervisor.sock"

    @property
    def supervisor_lock(self) -> Path:
        """The file that the one supervisor keeps locked."""
        return self.run / "supervisor.lock"

    @property
    def supervisor_log(self) -> Path:
        """What the supervisor writes."""
        return self.run / "supervisor.log"

    def instance_socket(self, instance: str) -> Path:
        """Where a release process answers its supervisor."""
        return self.run / f"{instance}.instance"

    def instance_pid(self, instance: str) -> Path:
        """The process id of a release process."""
        return self.run / f"{instance}.pid"

    def forget_instance(self, instance: str) -> None:
        """Remove the files of a release process that has ended."""
        self.instance_socket(instance).unlink(missing_ok=True)
        self.instance_pid(instance).unlink(missing_ok=True)

    def log(self, release: str) -> Path:
        """What the processes of a release write."""
        return self.logs / f"{release}.log"

    def prepare(self) -> None:
        """Make the folders that are missing, and keep all of them out of git."""
        self.root.mkdir(parents=True, exist_ok=True)
        for folder in (self.root, self.releases, self.logs, self.data, self.run):
            folder.mkdir(mode=0o700, exist_ok=True)
            folder.chmod(0o700)
        (self.root / ".gitignore").write_text("*\n", encoding="utf-8")
