"""A git repository with a commit, for tests of what git is asked."""

import subprocess
from pathlib import Path


class Repository:
    """A git repository with a commit, and its folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "Tester")
        self.git("config", "user.email", "tester@example.invalid")
        self.write("a.txt", "one\n")
        self.commit("First")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def write(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def commit(self, message: str) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def files(self, tree: str) -> list[str]:
        listing = self.git("ls-tree", "-r", "-z", "--name-only", tree)
        return sorted(path for path in listing.split("\0") if path)
