"""One process of ssh: lines and bytes to what it runs on a host, and lines from it."""

import contextlib
import os
import subprocess
import threading
import weakref
from collections import deque
from collections.abc import Sequence

from llmops_cli.hosts.ssh import no_program

#: Lines of what ssh says that are kept, and seconds that it gets to end by itself.
_SAID_LINES = 50
_END_SECONDS = 10.0
_KILL_SECONDS = 5.0


class Connection:
    """A process with pipes; closed from any thread, which wakes whoever reads from it.

    ``sent`` counts the bytes that were written to it, before ssh compresses them.
    """

    def __init__(self, argv: Sequence[str]) -> None:
        """Start the process.

        Raises:
            PreflightError: there is no such program.
        """
        try:
            # In a session of its own: Ctrl-C is for us, and the host is told by us.
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, "LC_ALL": "C"},
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise no_program(argv[0]) from error
        self.sent = 0
        self._writing = threading.Lock()
        self._ending = threading.Lock()
        self._said: deque[str] = deque(maxlen=_SAID_LINES)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        weakref.finalize(self, _abandon, self._process)

    def write(self, *parts: bytes) -> None:
        """Write all parts, with nothing of anybody else's between them.

        Raises:
            OSError: the process has ended.
        """
        stdin = self._process.stdin
        assert stdin is not None
        with self._writing:
            try:
                for part in parts:
                    stdin.write(part)
                    self.sent += len(part)
                stdin.flush()
            except ValueError as error:
                raise BrokenPipeError("it was closed") from error

    def line(self) -> bytes:
        """Wait for the next line; nothing where there comes none any more."""
        assert self._process.stdout is not None
        try:
            return self._process.stdout.readline()
        except ValueError:
            return b""

    def ended(self) -> tuple[int, str]:
        """Wait until the process has ended; return its status and what it said last."""
        status = self._await(_END_SECONDS)
        self._listener.join(_KILL_SECONDS)
        return status, "\n".join(self._said)

    def close(self, seconds: float = _END_SECONDS) -> None:
        """Tell the process that nothing more comes, and give it ``seconds`` to end."""
        with self._ending:
            self._hang_up()
            self._await(seconds)
            if self._process.stdout is not None and not self._process.stdout.closed:
                # Who reads from it reads its end now; only then may it be closed.
                self._listener.join(_KILL_SECONDS)

    def _hang_up(self) -> None:
        stdin = self._process.stdin
        if stdin is None or stdin.closed:
            return
        # A writer that waits for a host which takes nothing is not waited for.
        is_ours = self._writing.acquire(timeout=0.5)
        try:
            if not is_ours:
                self._process.terminate()
                return
            with contextlib.suppress(OSError):
                stdin.close()
        finally:
            if is_ours:
                self._writing.release()

    def _await(self, seconds: float) -> int:
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.terminate()
        try:
            return self._process.wait(_KILL_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _listen(self) -> None:
        stderr = self._process.stderr
        assert stderr is not None
        with stderr:
            for line in stderr:
                self._said.append(line.decode(errors="replace").rstrip())


def _abandon(process: "subprocess.Popen[bytes]") -> None:
    """End a process that nobody closed; what it runs on the host ends with its input."""
    for stream in (process.stdin, process.stdout):
        with contextlib.suppress(OSError, ValueError):
            if stream is not None:
                stream.close()
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_KILL_SECONDS)
