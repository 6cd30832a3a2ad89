"""20 deploys and rollbacks in a row under steady load: is anything refused, cut or lost?

32 kept-alive connections from wrk and 20 open streams, each longer than a deploy. Goal: no answer
but 200, no socket error, no truncated stream.
"""

import tempfile
import time
from pathlib import Path

from tests.load import is_possible, loaded
from tests.project import make_project

OPERATIONS = 20
CONNECTIONS = 32
STREAMS = 20
TOKENS = 400


def main() -> None:
    """Measure and print."""
    if not is_possible():
        print("skipped: wrk is not installed (apt-get install wrk)")
        return
    with tempfile.TemporaryDirectory() as folder:
        project = make_project(Path(folder) / "chat")
        try:
            project.ok("deploy")
            started = time.monotonic()
            with loaded(project, connections=CONNECTIONS, streams=STREAMS, tokens=TOKENS) as load:
                for number in range(OPERATIONS // 2):
                    project.change(f"Prompt {number}.")
                    project.ok("deploy")
                    project.ok("rollback")
            seconds = time.monotonic() - started
        finally:
            project.close()
    print(f"{OPERATIONS} deploys and rollbacks in {seconds:.0f} s")
    print(f"requests         {load.requests}")
    print(f"not 200          {load.bad}")
    print(f"socket errors    {load.socket_errors}")
    print(f"streams          {load.streams}")
    print(f"truncated        {len(load.truncated)} {load.truncated[:3] or ''}")


if __name__ == "__main__":
    main()
