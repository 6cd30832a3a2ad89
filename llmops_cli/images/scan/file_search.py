"""Searches one file as it streams by, and what is inside it where it is compressed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from llmops_cli.images.scan.encoded import decoded_runs, is_text, is_wide
from llmops_cli.images.scan.exact import Values
from llmops_cli.images.scan.finding import Finding
from llmops_cli.images.scan.inflating import LARGEST_ZIP, Inflating, is_zip, kind_of, zip_members
from llmops_cli.images.scan.leaks import Leaks
from llmops_cli.images.scan.places import is_installed, matches
from llmops_cli.images.scan.rules import Rules

#: Bytes that are looked at together with the next chunk: a key with all its lines fits in.
_SEEN_AGAIN = 16 * 1024
_START = 8192
_DEEPEST = 3


@dataclass(frozen=True)
class Search:
    """What is looked for, and where it is noted. ``ignored`` are paths that rules pass over."""

    values: Values
    rules: Rules
    ignored: tuple[str, ...] = ()
    leaks: Leaks = field(default_factory=Leaks)

    def file(self, path: str, chunks: Iterator[bytes], layer: str = "") -> str:
        """Search a file, its name and its content; return its name as it may be shown."""
        shown = self.name(path, layer)
        search = FileSearch(self, shown, layer)
        for chunk in chunks:
            search.feed(chunk)
        search.finish()
        return shown

    def name(self, path: str, layer: str = "") -> str:
        """Search the name of a file; return it as it may be shown."""
        found, shaped = self._found_in(path)
        if not (found or shaped):
            return path
        shown = self._without(path)
        for name in found:
            self.leaks.add(name, f"{shown} (its name)", 0, layer)
        for what in shaped:
            self.leaks.add_finding(Finding(what, 0), f"{shown} (its name)", 0, layer)
        return shown

    def text(self, place: str, text: str, layer: str = "", *, with_rules: bool = True) -> None:
        """Search a setting of an image, such as a variable; ``place`` is its name."""
        if any(self._found_in(place)):
            place = f"{place.partition(' ')[0]} [secret]"
        content = text.encode(errors="surrogateescape")
        self.look(content, lambda named, start: self.leaks.add(named, place, 0, layer))
        if with_rules:
            for finding in self.shapes(content, place):
                self.leaks.add_finding(finding, place, 0, layer)

    def look(
        self, window: bytes, note: Callable[[str, int], None], *, public: bool = False
    ) -> None:
        """Note every value in a window; in public files, those that nobody else would write."""
        for needle, start in self.values.find(window):
            if not (public and needle.is_common):
                note(needle.name, start)

    def shapes(self, window: bytes, path: str) -> Iterator[Finding]:
        """Yield what rules find in a text, also in the base64 that is in it."""
        yield from self.rules.find(window, path)
        for start, decoded in decoded_runs(window):
            for needle, _ in self.values.find(decoded):
                yield Finding(needle.name, start, is_value=True)
            for finding in self.rules.find(decoded, ""):
                yield Finding(f"{finding.what}, in base64", start)

    def _without(self, path: str) -> str:
        """Return the folders of a path that are before the first secret in it."""
        content = path.encode(errors="surrogateescape")
        starts = [start for _, start in self.values.find(content)]
        starts = starts or [finding.start for finding in self.rules.find(content, "")]
        folders = content[: min(starts)].rpartition(b"/")[0].decode(errors="replace")
        return f"{folders}/[secret]" if folders else "[secret]"

    def _found_in(self, text: str) -> tuple[list[str], list[str]]:
        """Return the values in a name, and what rules find in it."""
        content = text.encode(errors="surrogateescape")
        found = [needle.name for needle, _ in self.values.find(content)]
        shaped = [] if found or is_installed(text) else self.rules.find(content, "")
        return found, [finding.what for finding in shaped]


class FileSearch:
    """The search of one file. ``feed`` takes its bytes in order, ``finish`` comes at the end."""

    def __init__(self, search: Search, path: str, layer: str, depth: int = 0) -> None:
        self._search = search
        self._path, self._layer, self._depth = path, layer, depth
        self._is_public = is_installed(path)
        self._has_rules = not self._is_public and not matches(path, search.ignored)
        self._kept = b""
        self._lines = 0
        self._is_begun = self._is_text = self._is_wide = False
        self._inner: FileSearch | None = None
        self._inflating: Inflating | None = None
        self._zip: bytearray | None = None

    def feed(self, chunk: bytes) -> None:
        """Search the next bytes."""
        if not self._is_begun:
            self._begin(chunk)
        window = self._kept + chunk
        self._look_for_values(window)
        if self._is_text and self._has_rules:
            self._look_for_shapes(window)
        seen_again = max(_SEEN_AGAIN if self._is_text else 0, self._search.values.longest)
        self._kept = window[-seen_again:]
        if self._is_text:
            self._lines += window.count(b"\n", 0, len(window) - len(self._kept))
        self._look_inside(chunk)

    def finish(self) -> None:
        """Search what could only be searched as a whole."""
        if self._inner is not None:
            self._inner.finish()
        if self._zip is None:
            return
        for name, chunks in zip_members(bytes(self._zip)):
            inner = self._below(self._search.name(name, self._layer))
            for chunk in chunks:
                inner.feed(chunk)
            inner.finish()

    def _begin(self, chunk: bytes) -> None:
        start = chunk[:_START]
        self._is_begun, self._is_text, self._is_wide = True, is_text(start), is_wide(start)
        if self._depth >= _DEEPEST:
            return
        if kind := kind_of(start):
            self._inflating, self._inner = Inflating(kind), self._below("")
        elif is_zip(start):
            self._zip = bytearray()

    def _look_inside(self, chunk: bytes) -> None:
        if self._inflating is not None and self._inner is not None:
            for made in self._inflating.feed(chunk):
                self._inner.feed(made)
        if self._zip is not None:
            self._zip += chunk
            if len(self._zip) > LARGEST_ZIP:
                self._zip = None

    def _look_for_values(self, window: bytes) -> None:
        def note(name: str, start: int) -> None:
            line = self._line(window, start) if self._is_text else 0
            self._search.leaks.add(name, self._path, line, self._layer)

        self._search.look(window, note, public=self._is_public)

    def _look_for_shapes(self, window: bytes) -> None:
        # Two bytes a letter become one, so that positions are no longer those of the file.
        text = window.replace(b"\0", b"") if self._is_wide else window
        for finding in self._search.shapes(text, self._path):
            line = self._line(text, finding.start)
            self._search.leaks.add_finding(finding, self._path, line, self._layer)

    def _line(self, window: bytes, start: int) -> int:
        return self._lines + window.count(b"\n", 0, start) + 1

    def _below(self, name: str) -> "FileSearch":
        path = f"{self._path}!{name}" if name else self._path
        return FileSearch(self._search, path, self._layer, self._depth + 1)
