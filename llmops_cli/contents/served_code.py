"""The code of the embedded API, and no more of this package."""

from collections.abc import Iterator
from pathlib import Path

import llmops_cli

_PACKAGE = Path(llmops_cli.__file__).parent


def put_served_code(folder: Path) -> None:
    """Write the code of the embedded API into a new folder, which Python can import it from."""
    for name, content in served_code():
        path = folder / _PACKAGE.name / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def served_code() -> Iterator[tuple[str, bytes]]:
    """Yield the path inside the package and the content of each such file, in order."""
    served = sorted((_PACKAGE / "serve").rglob("*"))
    for path in (_PACKAGE / "__init__.py", _PACKAGE / "py.typed", *served):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(_PACKAGE).as_posix(), path.read_bytes()
