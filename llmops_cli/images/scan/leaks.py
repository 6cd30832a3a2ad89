"""The leaks that were found so far: each told once, and where it is best known what it is."""

from dataclasses import dataclass, field

from llmops_cli.core.image import Leak
from llmops_cli.images.scan.finding import Finding


@dataclass
class Leaks:
    """Collects leaks, by layer and place. A value that is known by name hides a rule's guess."""

    _named: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    _shaped: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)

    def add(self, what: str, path: str, line: int, layer: str) -> None:
        """Note the value of a secret with the name ``what``; line 0 stands for no line."""
        self._named.setdefault((layer, path), {}).setdefault(what, _place(path, line))

    def add_finding(self, finding: Finding, path: str, line: int, layer: str) -> None:
        """Note what was found in a text; of several rules on a line the first is told."""
        if finding.is_value:
            self.add(finding.what, path, line, layer)
        else:
            places = self._shaped.setdefault((layer, path), {})
            places.setdefault(_place(path, line), finding.what)

    def all(self) -> list[Leak]:
        """Return what was found, values first, in the order of the places."""
        leaks = [
            Leak(what, place, layer)
            for (layer, _), found in self._named.items()
            for what, place in found.items()
        ]
        known = {(leak.place, leak.layer) for leak in leaks}
        for (layer, _), places in self._shaped.items():
            leaks += [
                Leak(what, place, layer)
                for place, what in places.items()
                if (place, layer) not in known
            ]
        return leaks


def _place(path: str, line: int) -> str:
    return f"{path}, line {line}" if line else path
