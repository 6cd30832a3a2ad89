"""Which processes of the host listen at which ports, from the kernel's own tables."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_LISTENING = "0A"
_EVERYWHERE = frozenset({"00000000", "0" * 32})


@dataclass(frozen=True)
class Listener:
    """A port that is listened at; ``program`` is empty where the kernel does not tell whose."""

    port: int
    program: str
    is_everywhere: bool


def listeners(proc: Path = Path("/proc")) -> list[Listener]:
    """Return the ports that are listened at, in order."""
    programs = _programs_by_inode(proc)
    found = {
        Listener(port, programs.get(inode, ""), address in _EVERYWHERE)
        for address, port, inode in _sockets(proc)
    }
    return sorted(found, key=lambda listener: (listener.port, listener.program))


def _sockets(proc: Path) -> Iterator[tuple[str, int, str]]:
    for name in ("tcp", "tcp6"):
        table = proc / "net" / name
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            fields = line.split()
            if fields[3] == _LISTENING:
                address, _, port = fields[1].partition(":")
                yield address, int(port, 16), fields[9]


def _programs_by_inode(proc: Path) -> dict[str, str]:
    found = {}
    for folder in proc.iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            name = (folder / "comm").read_text().strip()
            links = [str(file.readlink()) for file in (folder / "fd").iterdir()]
        except OSError:
            continue  # It has ended meanwhile.
        for link in links:
            if link.startswith("socket:["):
                found[link.removeprefix("socket:[").removesuffix("]")] = name
    return found
