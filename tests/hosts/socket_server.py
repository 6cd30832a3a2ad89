"""A server at a Unix socket, as a release on a host is one."""

import contextlib
import http.server
import os
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def serving(path: Path, text: str = "from the socket") -> Iterator[str]:
    """Answer every GET at a Unix socket with a text, for as long as the context lasts."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

        def address_string(self) -> str:
            return "socket"

    with socketserver.ThreadingUnixStreamServer(str(path), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield os.fspath(path)
        finally:
            server.shutdown()
            thread.join()
