"""Files behind signed addresses of Azure's storage: whoever has the address needs nothing else.

So an address is shown to nobody: errors name the host.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from llmops_cli.errors import BuildError

_SECONDS = 60.0
_CHUNK = 1024 * 1024
#: There is nothing after that place in the file yet.
_NOTHING_THERE = (404, 416)
_ATTEMPTS = 3


def send_file(address: str, file: Path) -> None:
    """Send a file to a signed address.

    Raises:
        BuildError: it could not be sent.
    """
    headers = {"x-ms-blob-type": "BlockBlob", "content-length": str(file.stat().st_size)}
    for attempt in range(1, _ATTEMPTS + 1):
        with _explained(address, "take the sources", is_last=attempt == _ATTEMPTS) as failed:
            with _client() as client:
                answer = client.put(address, content=_chunks(file), headers=headers)
            answer.raise_for_status()
        if not failed:
            return


def read_after(address: str, position: int) -> bytes:
    """Return what a file behind a signed address holds after so many bytes; perhaps nothing yet.

    Raises:
        BuildError: it cannot be read.
    """
    found = b""
    with _explained(address, "give the log", is_last=True), _client() as client:
        answer = client.get(address, headers={"range": f"bytes={position}-"})
        if answer.status_code not in _NOTHING_THERE:
            answer.raise_for_status()
            whole = answer.content
            # Who does not know of ranges sends everything.
            found = (
                whole if answer.status_code == httpx2.codes.PARTIAL_CONTENT else whole[position:]
            )
    return found


def _client() -> httpx2.Client:
    return httpx2.Client(verify=httpx2.create_ssl_context(), timeout=_SECONDS)


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while chunk := opened.read(_CHUNK):
            yield chunk


@contextmanager
def _explained(address: str, doing: str, *, is_last: bool) -> Iterator[list[str]]:
    failed: list[str] = []
    try:
        yield failed
    except httpx2.HTTPError as error:
        # Not the error's own words: they repeat the address.
        answer = getattr(error, "response", None)
        failed.append(f"it answered {answer.status_code}" if answer else type(error).__name__)
        if not is_last:
            return
        raise BuildError(
            f"The storage at {httpx2.URL(address).host} did not {doing}.",
            evidence=failed[0],
            state="What was serving is serving still.",
            next_step="Run the same command again.",
        ) from None
